package main

import (
	"bytes"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/virtnet/simnet"
)

// A chart has an arrow from where and when a message was sent to where and when it came; bare acknowledgements, what was
// sent before, and what is still on its way are not in it.
func TestChart(t *testing.T) {
	at := func(ms int) time.Duration { return time.Duration(ms) * time.Millisecond }
	packet := func(ms int, kind simnet.Kind, from, to string, number uint64) simnet.Event {
		return simnet.Event{Time: at(ms), Kind: kind, Step: simnet.StepData, Source: from, Destination: to, Flow: 1, Number: number, Data: []byte(`{"kind":"ask","term":2,"index":3}` + "\n")}
	}
	ack := packet(1020, simnet.KindSend, "a", "b", 7)
	ack.Step = simnet.StepACK
	lost, again := packet(1030, simnet.KindDrop, "a", "c", 1), packet(1120, simnet.KindDeliver, "a", "c", 2)
	lost.Reason, again.Attempt = simnet.ReasonLoss, 1
	events := []simnet.Event{
		packet(990, simnet.KindSend, "b", "a", 1), packet(1010, simnet.KindDeliver, "b", "a", 1),
		packet(1000, simnet.KindSend, "a", "b", 0), ack, packet(1025, simnet.KindDeliver, "a", "b", 0),
		packet(1010, simnet.KindSend, "a", "c", 1), lost, packet(1100, simnet.KindRetransmit, "a", "c", 2), again,
		packet(1130, simnet.KindSend, "c", "a", 3), packet(1140, simnet.KindSend, "b", "a", 2), packet(1150, simnet.KindDeliver, "b", "a", 2),
	}
	draw := func(most int) string {
		var b bytes.Buffer
		require.NoError(t, newChart([]string{"a", "b", "c"}, slices.Values(events), at(1000), most).write(&b))
		return b.String()
	}
	text := draw(10)
	for i, want := range []struct{ from, to, color, label string }{
		{"0.0,-0.0", "150.0,-67.5", "#57606a", "ask t2 log 3"},
		{"0.0,-27.0", "200.0,-63.0", "#cf222e", "ask t2 log 3 (loss)"},
		{"0.0,-270.0", "300.0,-324.0", "#9a6700", "ask t2 log 3 again"},
		{"150.0,-378.0", "0.0,-405.0", "#57606a", "ask t2 log 3"},
	} {
		found := regexp.MustCompile(`a` + string(rune('0'+i)) + ` \[pos="([^"]+)" label=""\]\n\tb\d \[pos="([^"]+)" label=""\]\n\ta\d -> b\d \[color="([^"]+)" .*\n\tm\d .* label="([^"]+)"`).FindStringSubmatch(text)
		require.NotNil(t, found, text)
		assert.Equal(t, []string{want.from, want.to, want.color, want.label}, found[1:])
	}
	assert.NotContains(t, text, "a4 ")
	assert.Equal(t, 4, strings.Count(text, " s\"]\n"), "1.000, 1.050, 1.100 and 1.150 s: %s", text)
	assert.Equal(t, text, draw(4))
	assert.Equal(t, 1, strings.Count(draw(1), " label=\"ask"))
	assert.Zero(t, strings.Count(draw(0), " label=\"ask"))
}

// TestChartOfRun draws what a diagram in text has.
func TestChartOfRun(t *testing.T) {
	result, err := simulated(t, Simulation{Seed: 7, Nodes: 3, For: 121 * time.Second})
	require.NoError(t, err)
	var b bytes.Buffer
	require.NoError(t, newChart(result.Hosts, result.Net.Trace(), 0, 20).write(&b))
	assert.Equal(t, 20, strings.Count(b.String(), "\n\tm"))
	for _, host := range result.Hosts {
		assert.Contains(t, b.String(), "label=\""+host+"\"]")
	}
}
