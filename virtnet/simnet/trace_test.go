package simnet_test

import (
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/virtnet/simnet"
)

// ordered are events in the canonical order, each differing from the one before in
// another field, the most important first.
func ordered() []simnet.Event {
	e := simnet.Event{Kind: simnet.KindSend, Protocol: simnet.TCP}
	var events []simnet.Event
	next := func(change func(e *simnet.Event)) {
		events = append(events, e)
		change(&e)
	}
	next(func(e *simnet.Event) { e.Text = "x" })
	next(func(e *simnet.Event) { e.Text, e.Reason = "", 1 })
	next(func(e *simnet.Event) { e.Reason, e.Attempt = 0, 1 })
	next(func(e *simnet.Event) { e.Attempt, e.Ack = 0, 1 })
	next(func(e *simnet.Event) { e.Ack, e.Seq = 0, 1 })
	next(func(e *simnet.Event) { e.Seq, e.Step = 0, 1 })
	next(func(e *simnet.Event) { e.Step, e.To = 0, netip.MustParseAddrPort("10.0.0.1:1") })
	next(func(e *simnet.Event) { e.To, e.From = netip.AddrPort{}, netip.MustParseAddrPort("10.0.0.1:1") })
	next(func(e *simnet.Event) { e.From, e.Kind = netip.AddrPort{}, simnet.KindClose })
	next(func(e *simnet.Event) { e.Kind, e.Number = simnet.KindSend, 1 })
	next(func(e *simnet.Event) { e.Number, e.Flow = 0, 1 })
	next(func(e *simnet.Event) { e.Flow, e.Destination = 0, "a" })
	next(func(e *simnet.Event) { e.Destination, e.Source = "", "a" })
	next(func(e *simnet.Event) { e.Source, e.Time = "", 1 })
	return append(events, e)
}

func TestTraceOrder(t *testing.T) {
	events := ordered()
	for range 20 {
		trace := simnet.NewTrace(100)
		for _, i := range rand.Perm(len(events)) {
			trace.Add(events[i])
		}
		require.Equal(t, events, slices.Collect(trace.All()))
		for e := range trace.All() {
			require.Equal(t, events[0], e)
			break
		}
	}
}

func TestTraceIsSafe(t *testing.T) {
	trace := simnet.NewTrace(1000)
	var adding sync.WaitGroup
	for i := range 4 {
		adding.Go(func() {
			for n := range 250 {
				trace.Add(simnet.Event{Source: string(rune('a' + i)), Number: uint64(n)})
				if n%50 == 0 {
					assert.NotEmpty(t, slices.Collect(trace.All()))
				}
			}
		})
	}
	adding.Wait()
	assert.Len(t, slices.Collect(trace.All()), 1000)
	assert.Zero(t, trace.Dropped())
}

// What is at the time of an overwritten event is not shown: which of them was
// overwritten is a matter of the scheduler.
func TestTraceIsBounded(t *testing.T) {
	trace := simnet.NewTrace(10)
	for i := range 25 {
		trace.Add(simnet.Event{Time: time.Duration(i / 2), Number: uint64(i)})
	}
	var numbers []uint64
	for e := range trace.All() {
		numbers = append(numbers, e.Number)
	}
	assert.Equal(t, []uint64{16, 17, 18, 19, 20, 21, 22, 23, 24}, numbers, "15 is at the time of 14")
	assert.EqualValues(t, 16, trace.Dropped())
}

func TestTraceOff(t *testing.T) {
	trace := simnet.NewTrace(0)
	for range simnet.NewTrace(1).All() {
		t.Fatal("there are no events yet")
	}
	trace.Add(simnet.Event{})
	assert.Empty(t, slices.Collect(trace.All()))
	assert.Zero(t, trace.Dropped(), "none was asked for")
}

func TestFilter(t *testing.T) {
	events := scene()
	count := func(keep ...func(simnet.Event) bool) int {
		return len(slices.Collect(simnet.Filter(slices.Values(events), keep...)))
	}
	assert.Equal(t, len(events), count())
	assert.Equal(t, 5, count(simnet.OfKind(simnet.KindDrop)))
	assert.Equal(t, 6, count(simnet.OfKind(simnet.KindDrop, simnet.KindFault)))
	assert.Equal(t, 4, count(simnet.OfHost("c")))
	assert.Equal(t, 3, count(simnet.OfHost("c"), simnet.OfKind(simnet.KindDrop)))
	assert.Equal(t, 10, count(simnet.OfFlow(0x1f2e)))
	assert.Equal(t, 9, count(simnet.OfFlow(0)), "a fault has no flow")
	assert.Equal(t, 10, count(simnet.OfPort(80)))
	assert.Equal(t, 10, count(simnet.OfPort(49152)))
	assert.Equal(t, 9, count(simnet.OfPort(0)))
	assert.Equal(t, 2, count(simnet.Between(2*time.Second, 4*time.Second)))
	for range simnet.Filter(slices.Values(events)) {
		break
	}
}

func TestWriteText(t *testing.T) {
	events := slices.Concat(scene()[:12], ordered()[7:8], scene()[10:11])
	events[2].Source = "a host"
	events[12].Step = 0
	events[10].Text = "two\nlines"
	var b strings.Builder
	require.NoError(t, simnet.WriteText(&b, slices.Values(events)))
	assert.Equal(t, strings.TrimPrefix(`
0.001000000 dial a->b tcp syn 10.0.0.1:49152->10.0.0.2:80 flow=1f2e#0
0.002000000 deliver a->b tcp syn 10.0.0.1:49152->10.0.0.2:80 flow=1f2e#0
0.003000000 accept "a host"->a tcp syn-ack 10.0.0.2:80->10.0.0.1:49152 flow=1f2e#0 seq=0 ack=0
0.004000000 deliver b->a tcp syn-ack 10.0.0.2:80->10.0.0.1:49152 flow=1f2e#0 seq=0 ack=0
0.005000000 send a->b tcp ack 10.0.0.1:49152->10.0.0.2:80 flow=1f2e#1 seq=0 ack=0
0.006000000 deliver a->b tcp ack 10.0.0.1:49152->10.0.0.2:80 flow=1f2e#1 seq=0 ack=0
0.007000000 send a->b tcp data 10.0.0.1:49152->10.0.0.2:80 flow=1f2e#2 seq=0 ack=0 size=10 crc=a2aa51ba
0.008000000 drop a->b tcp data 10.0.0.1:49152->10.0.0.2:80 flow=1f2e#2 seq=0 ack=0 size=10 crc=a2aa51ba loss
0.209000000 retransmit a->b tcp data 10.0.0.1:49152->10.0.0.2:80 flow=1f2e#3 seq=0 ack=0 attempt=1 size=10 crc=a2aa51ba
0.210000000 deliver a->b tcp data 10.0.0.1:49152->10.0.0.2:80 flow=1f2e#3 seq=0 ack=0 attempt=1 size=10 crc=a2aa51ba
1.000000000 fault "two\nlines"
2.000000000 deliver c->a udp datagram ?->? flow=0#0 size=3
0.000000000 send tcp Step(0) ?->10.0.0.1:1 flow=0#0 seq=0 ack=0
1.000000000 fault partition: a | b, c
`, "\n"), b.String())
}

func TestWords(t *testing.T) {
	for k := simnet.KindDial; k <= simnet.KindFault; k++ {
		roundTrip(t, k)
	}
	for s := simnet.StepDatagram; s <= simnet.StepRST; s++ {
		roundTrip(t, s)
	}
	for r := simnet.Reason(0); r <= simnet.ReasonDamage; r++ {
		roundTrip(t, r)
	}
	roundTrip(t, simnet.TCP)
	roundTrip(t, simnet.UDP)
	roundTrip(t, simnet.Protocol(0))
	assert.Equal(t, "Kind(0)", simnet.Kind(0).String())
	assert.Equal(t, "Step(99)", simnet.Step(99).String())
	assert.Equal(t, "Reason(99)", simnet.Reason(99).String())
	assert.Equal(t, "Protocol(1)", simnet.Protocol(1).String())
}

func roundTrip[T interface {
	comparable
	MarshalText() ([]byte, error)
	String() string
}, P interface {
	*T
	UnmarshalText(text []byte) error
}](t *testing.T, value T,
) {
	t.Helper()
	text, err := value.MarshalText()
	require.NoError(t, err)
	assert.Equal(t, value.String(), string(text))
	var read T
	require.NoError(t, P(&read).UnmarshalText(text))
	assert.Equal(t, value, read)
}

func TestWordErrors(t *testing.T) {
	k, s, r, p := simnet.KindDrop, simnet.StepFIN, simnet.ReasonLoss, simnet.UDP
	assert.EqualError(t, k.UnmarshalText([]byte("no")), `simnet: kind "no": there are dial, accept, refuse, send, retransmit, deliver, drop, close, reset, fault`)
	assert.EqualError(t, k.UnmarshalText(nil), `simnet: kind: there are dial, accept, refuse, send, retransmit, deliver, drop, close, reset, fault`)
	assert.EqualError(t, s.UnmarshalText([]byte("SYN")), `simnet: step "SYN": there are datagram, syn, syn-ack, ack, data, fin, rst`)
	assert.EqualError(t, p.UnmarshalText([]byte("icmp")), `simnet: protocol "icmp": there are tcp, udp`)
	assert.ErrorContains(t, r.UnmarshalText([]byte("no")), `simnet: reason "no": there are loss, queue, `)
	assert.Equal(t, simnet.KindDrop, k, "unchanged")
	assert.Equal(t, simnet.StepFIN, s)
	assert.Equal(t, simnet.ReasonLoss, r)
	assert.Equal(t, simnet.UDP, p)
	for _, value := range []interface{ MarshalText() ([]byte, error) }{simnet.Kind(0), simnet.Step(200), simnet.Reason(200), simnet.Protocol(200)} {
		_, err := value.MarshalText()
		assert.ErrorContains(t, err, "there is none with this number")
	}
}
