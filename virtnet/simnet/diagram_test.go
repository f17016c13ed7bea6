package simnet_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/virtnet/simnet"
)

func text(t *testing.T, d simnet.Diagram, events []simnet.Event) string {
	t.Helper()
	var b strings.Builder
	require.NoError(t, d.WriteText(&b, slices.Values(events)))
	return b.String()
}

func mermaid(t *testing.T, d simnet.Diagram, events []simnet.Event) string {
	t.Helper()
	var b strings.Builder
	require.NoError(t, d.WriteMermaid(&b, slices.Values(events)))
	return b.String()
}

// scene has an arrow of each shape.
func scene() []simnet.Event {
	events := exchange("10.0.0.1:49152", "10.0.0.2:80").events[:10]
	events = append(events, simnet.Event{Time: time.Second, Kind: simnet.KindFault, Text: "partition: a | b, c"})
	deliver := simnet.Event{Kind: simnet.KindDeliver, Protocol: simnet.UDP, Step: simnet.StepDatagram, Size: 3}
	add := func(from, to string, reason simnet.Reason) {
		e := deliver
		e.Time, e.Source, e.Destination, e.Reason = events[len(events)-1].Time+time.Second, from, to, reason
		if reason != 0 {
			e.Kind = simnet.KindDrop
		}
		events = append(events, e)
	}
	add("c", "a", 0)
	add("c", "a", simnet.ReasonPartition)
	add("b", "b", 0)
	add("b", "", simnet.ReasonUnreachable)
	add("c", "c", simnet.ReasonHost)
	add("a", "c", simnet.ReasonLoss)
	reset := deliver
	reset.Protocol, reset.Step, reset.Time, reset.Source, reset.Destination = simnet.TCP, simnet.StepRST, time.Minute, "a", "b"
	closed := reset
	closed.Step = simnet.StepFIN
	ack := reset
	ack.Step = simnet.StepACK
	return append(events, reset, closed, ack)
}

func TestDiagramText(t *testing.T) {
	assert.Equal(t, strings.TrimPrefix(`
      a                                 b                                 c
  2ms |----------- dial :80 ----------->|                                 |
  4ms |<----------- accept -------------|                                 |
  8ms |------- data 10 B (loss) -------x|                                 |
210ms |-------- data 10 B again ------->|                                 |
   1s === partition: a | b, c =============================================
   2s |<------------------------- datagram 3 B ---------------------------|
   3s |x------------------- datagram 3 B (partition) ---------------------|
   4s |                                 |- datagram 3 B -<                |
   5s |                                 |- datagram 3 B (unreachable) -x  |
   6s |                                 |                                 |- datagram 3 B (host) -x
   7s |----------------------- datagram 3 B (loss) ----------------------x|
 1m0s |------------- reset ------------>|                                 |
 1m0s |------------- close ------------>|                                 |
`, "\n"), text(t, simnet.Diagram{}, scene()))
}

func TestDiagramMermaid(t *testing.T) {
	assert.Equal(t, strings.TrimPrefix(`
sequenceDiagram
    participant p0 as a
    participant p1 as b
    participant p2 as c
    p0->>p1: 2ms dial #58;80
    p1->>p0: 4ms accept
    p0-xp1: 8ms data 10 B (loss)
    p0->>p1: 210ms data 10 B again
    Note over p0,p2: 1s partition#58; a #124; b, c
    p2->>p0: 2s datagram 3 B
    p2-xp0: 3s datagram 3 B (partition)
    p1->>p1: 4s datagram 3 B
    p1-xp1: 5s datagram 3 B (unreachable)
    p2-xp2: 6s datagram 3 B (host)
    p0-xp2: 7s datagram 3 B (loss)
    p0->>p1: 1m0s reset
    p0->>p1: 1m0s close
`, "\n"), mermaid(t, simnet.Diagram{}, scene()))
}

func TestDiagramHosts(t *testing.T) {
	events := scene()
	heads, _, _ := strings.Cut(text(t, simnet.Diagram{Hosts: []string{"c", "a"}}, events), "\n")
	assert.Equal(t, []string{"c", "a"}, strings.Fields(heads))
	assert.NotContains(t, text(t, simnet.Diagram{Hosts: []string{"c", "a"}}, events), "dial")
	lines := mermaid(t, simnet.Diagram{Hosts: []string{"b"}}, events)
	assert.Contains(t, lines, "participant p0 as b\n    Note over p0: 1s partition#58; a #124; b, c\n")
	assert.Equal(t, 5, strings.Count(lines, "\n"), "and two arrows to itself: %s", lines)
}

func TestDiagramLimit(t *testing.T) {
	events := slices.Repeat(scene(), 100)
	shown := 100 * 13
	for _, tc := range []struct{ max, want int }{{0, 300}, {5, 5}, {-1, shown}, {shown + 1, shown}} {
		d := simnet.Diagram{MaxEvents: tc.max}
		drawn := text(t, d, events)
		more := fmt.Sprintf(" %d more events\n", shown-tc.want)
		assert.Equal(t, tc.want < shown, strings.HasSuffix(drawn, more), tc.max)
		assert.Equal(t, tc.want < shown, strings.HasSuffix(mermaid(t, d, events), more), tc.max)
		lines := tc.want + 1
		if tc.want < shown {
			lines++
		}
		assert.Equal(t, lines, strings.Count(drawn, "\n"), tc.max)
	}
}

// Mermaid refuses more than 50,000 characters.
func TestDiagramMermaidIsBounded(t *testing.T) {
	events := slices.Repeat(scene(), 1000)
	d := simnet.Diagram{MaxEvents: -1, Label: func(simnet.Event) string { return strings.Repeat("<é>", 1000) }}
	drawn := mermaid(t, d, events)
	assert.Less(t, len(drawn), 50_000)
	assert.Greater(t, len(drawn), 45_000)
	arrows := strings.Count(drawn, "\n") - 5 // sequenceDiagram, three participants, the note
	assert.True(t, strings.HasSuffix(drawn, fmt.Sprintf("Note over p0,p2: %d more events\n", 13_000-arrows)), drawn[len(drawn)-100:])
}

func TestDiagramOfNothing(t *testing.T) {
	assert.Equal(t, "sequenceDiagram\n", mermaid(t, simnet.Diagram{}, nil))
	assert.Equal(t, "\n", text(t, simnet.Diagram{}, nil))
	fault := []simnet.Event{{Time: 1500, Kind: simnet.KindFault, Text: "heal"}}
	assert.Equal(t, "sequenceDiagram\n", mermaid(t, simnet.Diagram{}, fault), "nobody is there to stand over")
	assert.Equal(t, "\n1µs === heal ===\n", text(t, simnet.Diagram{}, fault))
	assert.Contains(t, text(t, simnet.Diagram{MaxEvents: 1}, slices.Repeat(fault, 3)), " 2 more events\n")
}

func TestDiagramLabel(t *testing.T) {
	events := exchange("10.0.0.1:49152", "10.0.0.2:80").events
	d := simnet.Diagram{Label: func(e simnet.Event) string {
		line, _, _ := strings.Cut(string(e.Data), "\r\n")
		return line
	}}
	drawn := text(t, d, events)
	assert.Contains(t, drawn, " HTTP/1.1 200 OK ")
	assert.Contains(t, drawn, " dial :80 ", "the default where there is nothing to tell")
	assert.Contains(t, mermaid(t, d, events), "p1->>p0: 218ms HTTP/1.1 200 OK\n")
}

// Names that mean something to Mermaid, to HTML or to a terminal do no harm.
func TestDiagramEscapes(t *testing.T) {
	name := "a;b#c%%{init}\n\x1b[31m<b>:\"end\" é α" + strings.Repeat("x", 300)
	e := scene()[1]
	e.Source = name
	drawn := mermaid(t, simnet.Diagram{}, []simnet.Event{e})
	assert.Contains(t, drawn, "participant p0 as a#59;b#35;c#37;#37;#123;init#125;??#91;31m#60;b#62;#58;#34;end#34; é αxxx")
	assert.Equal(t, 4, strings.Count(drawn, "\n"))
	plain := text(t, simnet.Diagram{}, []simnet.Event{e})
	assert.NotContains(t, plain, "\x1b")
	assert.Equal(t, 2, strings.Count(plain, "\n"))
}
