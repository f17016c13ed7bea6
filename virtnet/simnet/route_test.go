package simnet_test

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/virtnet/simnet"
)

func latency(d time.Duration) simnet.Link { return simnet.Link{Latency: d} }

// chain is a - lan - r - s - wan - b, and a second way that is longer: over t.
func chain() simnet.Topology {
	return simnet.Topology{
		Subnets: []simnet.Subnet{
			{Name: "lan", Link: latency(ms), Hosts: []simnet.Place{{Name: "a"}, {Name: "c"}}},
			{Name: "wan", Link: latency(2 * ms), Hosts: []simnet.Place{{Name: "b"}}},
			{Name: "far", Hosts: []simnet.Place{{Name: "z"}}},
		},
		Routers: []simnet.Router{
			{Name: "r", Subnets: []string{"lan"}},
			{Name: "s", Subnets: []string{"wan"}},
			{Name: "t"},
		},
		Links: []simnet.Connection{
			{From: "r", To: "s", Link: latency(10 * ms), Back: &simnet.Link{Latency: 20 * ms}},
			{From: "r", To: "t", Link: latency(100 * ms)},
			{From: "t", To: "s", Link: latency(100 * ms)},
		},
	}
}

// clock tells times that are so far apart that packets do not meet.
func clock() func() time.Duration {
	now := time.Duration(0)
	return func() time.Duration {
		now += time.Second
		return now
	}
}

// took sends a datagram and says how long it takes; 0 if it is lost.
func took(l *simnet.Lab, now time.Duration, from, to string) time.Duration {
	if p := labUDP(l, now, from+":1", to+":1"); len(p.Arrived) > 0 {
		return p.Arrived[0] - now
	}
	return 0
}

func TestRoutes(t *testing.T) {
	l, now := lab(t, chain()), clock()
	assert.Equal(t, 13*ms, took(l, now(), "a", "b"))
	assert.Equal(t, 23*ms, took(l, now(), "b", "a"))
	assert.Equal(t, ms, took(l, now(), "a", "c"))
	assert.Equal(t, []time.Duration{5}, labUDP(l, 5, "a:1", "a:2").Arrived)
	assert.Equal(t, simnet.ReasonUnreachable, labUDP(l, 0, "a:1", "z:1").Drop, "no way")
	assert.Equal(t, simnet.ReasonUnreachable, labUDP(l, 0, "a:1", "192.0.2.1:1").Drop, "nobody")
}

// A link that is down is avoided, while there is another way.
func TestRouteAround(t *testing.T) {
	l, now := lab(t, chain()), clock()
	lost := func() (simnet.Reason, time.Duration) {
		at := now()
		p := labUDP(l, at, "a:1", "b:1")
		return p.Drop, p.DroppedAt - at
	}
	require.NoError(t, l.Apply(simnet.LinkDown("r", "s")))
	assert.Equal(t, 203*ms, took(l, now(), "a", "b"))
	require.NoError(t, l.Apply(simnet.LinkDown("t", "s")))
	reason, after := lost()
	assert.Equal(t, simnet.ReasonLink, reason)
	assert.Equal(t, ms, after, "it is lost where the link is down")
	require.NoError(t, l.Apply(simnet.LinkUp("r", "s")))
	assert.Equal(t, 13*ms, took(l, now(), "a", "b"))
	// The router is taken out of its subnet.
	require.NoError(t, l.Apply(simnet.LinkDown("lan", "r")))
	reason, _ = lost()
	assert.Equal(t, simnet.ReasonLink, reason)
	assert.Equal(t, ms, took(l, now(), "a", "c"))
	require.NoError(t, l.Apply(simnet.LinkUp("r", "lan")))
	assert.Equal(t, 13*ms, took(l, now(), "a", "b"))
	// The whole subnet.
	require.NoError(t, l.Apply(simnet.LinkDown("wan", "wan")))
	reason, after = lost()
	assert.Equal(t, simnet.ReasonLink, reason)
	assert.Equal(t, 11*ms, after)
}

// What is on its way when a link goes down is lost there.
func TestLinkDownMeanwhile(t *testing.T) {
	l := lab(t, chain())
	p := l.Send(&simnet.Packet{From: "a", Src: "a:1", Dst: "b:1", Proto: simnet.UDP})
	require.True(t, l.Step(), "it enters the subnet")
	require.NoError(t, l.Apply(simnet.LinkDown("r", "s")))
	l.Run()
	assert.Equal(t, simnet.ReasonLink, p.Drop)
	assert.Equal(t, ms, p.DroppedAt)
}

// Each hop has a queue of its own, and packets reach it when they are there: one
// that comes by a short way is not held up by one that was sent earlier from afar.
func TestHops(t *testing.T) {
	top := simnet.Topology{
		Subnets: []simnet.Subnet{
			{Name: "near", Hosts: []simnet.Place{{Name: "a"}}},
			{Name: "distant", Link: latency(100 * ms), Hosts: []simnet.Place{{Name: "d"}}},
			{Name: "end", Hosts: []simnet.Place{{Name: "b"}}},
		},
		Routers: []simnet.Router{{Name: "r", Subnets: []string{"near", "distant"}}, {Name: "s", Subnets: []string{"end"}}},
		Links:   []simnet.Connection{{From: "r", To: "s", Link: simnet.Link{Bandwidth: 12e6}}},
	}
	l := lab(t, top)
	slow := l.Send(&simnet.Packet{From: "d", Src: "d:1", Dst: "b:1", Proto: simnet.UDP, Size: 1500})
	fast := l.Send(&simnet.Packet{From: "a", Src: "a:1", Dst: "b:1", Proto: simnet.UDP, Size: 1500, At: 1})
	l.Run()
	assert.Equal(t, []time.Duration{1 + ms}, fast.Arrived)
	assert.Equal(t, []time.Duration{101 * ms}, slow.Arrived)
}

// Subnets that are linked without a router, as the document has them.
func TestLinkedSubnets(t *testing.T) {
	top := simnet.Topology{
		Subnets: []simnet.Subnet{
			{Name: "a", Link: latency(ms), Hosts: []simnet.Place{{Name: "a1"}, {Name: "a2"}}},
			{Name: "b", Link: latency(2 * ms), Hosts: []simnet.Place{{Name: "b1"}}},
			{Name: "c", Link: latency(4 * ms), Hosts: []simnet.Place{{Name: "c1"}}},
		},
		Links: []simnet.Connection{
			{From: "a", To: "b", Profile: "lan", Link: simnet.Link{Latency: 10 * ms, Jitter: 1, Bandwidth: simnet.MaxBandwidth}},
			{From: "b", To: "c", Link: latency(20 * ms)},
			{From: "a1", To: "c1", Link: latency(7 * ms)},
			{From: "a1", To: "a2", Link: latency(8 * ms)},
		},
	}
	l, now := lab(t, top), clock()
	assert.InDelta(t, ms+10*ms+2*ms+20*ms+4*ms, took(l, now(), "a2", "c1"), 2, "1 ns of jitter, and one on the wire")
	assert.Equal(t, 7*ms, took(l, now(), "c1", "a1"), "a link of their own")
	assert.Equal(t, 8*ms, took(l, now(), "a2", "a1"))
	assert.Equal(t, simnet.ReasonMTU, l.Pass(&simnet.Packet{From: "a1", Src: "a1:1", Dst: "b1:1", Proto: simnet.UDP, Size: 1501}).Drop)
}

// Of two ways of the same length it is always the one that is described first.
func TestEqualWays(t *testing.T) {
	for _, first := range []string{"r", "s"} {
		top := simnet.Topology{
			Subnets: []simnet.Subnet{{Name: "x", Hosts: []simnet.Place{{Name: "a"}}}, {Name: "y", Hosts: []simnet.Place{{Name: "b"}}}},
			Routers: []simnet.Router{{Name: "r"}, {Name: "s"}},
		}
		for _, r := range []string{first, map[string]string{"r": "s", "s": "r"}[first]} {
			d := map[string]time.Duration{"r": ms, "s": 3 * ms}[r]
			top.Links = append(top.Links, simnet.Connection{From: "x", To: r, Link: latency(d)}, simnet.Connection{From: r, To: "y"})
		}
		want := map[string]time.Duration{"r": ms, "s": 3 * ms}[first]
		for range 20 {
			assert.Equal(t, []time.Duration{want}, labUDP(lab(t, top), 0, "a:1", "b:1").Arrived)
		}
	}
}

// Routes and lanes that are remembered are bounded, and found again.
func TestRemembered(t *testing.T) {
	l := simnet.NewLab(1, latency(ms))
	for i := range 260 {
		require.NoError(t, l.Add(fmt.Sprint("h", i), netip.AddrFrom4([4]byte{10, 1, byte(i >> 8), byte(i)})))
	}
	for i := range 260 {
		for j := range 260 {
			if i != j {
				p := labUDP(l, 0, fmt.Sprintf("h%d:1", i), fmt.Sprintf("h%d:1", j))
				require.Len(t, p.Arrived, 1)
			}
		}
	}
	routes, lanes, nodes := l.Remembered()
	assert.LessOrEqual(t, routes, simnet.MaxRemembered)
	assert.LessOrEqual(t, lanes, simnet.MaxRemembered)
	assert.Equal(t, 261, nodes)
	for i := range 260 {
		l.Remove(fmt.Sprint("h", i))
	}
	_, _, nodes = l.Remembered()
	assert.Equal(t, 1, nodes)
}

func TestDirect(t *testing.T) {
	l := simnet.NewLab(1, simnet.Link{}, "a", "b", "c")
	require.True(t, l.Direct("a", "b"))
	for _, tt := range []struct {
		fault, undo simnet.Fault
	}{
		{simnet.Partition([]string{"a"}), simnet.Heal()},
		{simnet.Cut([]string{"a"}, []string{"b"}), simnet.Heal()},
		{simnet.Cut([]string{"b"}, []string{"a"}), simnet.Heal()},
		{simnet.SetLink("b", "a", latency(1)), simnet.SetLink("b", "a", simnet.Link{})},
		{simnet.LinkDown("a", "b"), simnet.LinkUp("b", "a")},
		{simnet.LinkDown("a", ""), simnet.LinkUp("", "a")},
		{simnet.LinkDown("", ""), simnet.LinkUp("", "")},
	} {
		gen := l.Gen()
		require.NoError(t, l.Apply(tt.fault))
		assert.False(t, l.Direct("a", "b"), tt.fault)
		assert.Greater(t, l.Gen(), gen)
		gen = l.Gen()
		require.NoError(t, l.Apply(tt.undo))
		assert.True(t, l.Direct("a", "b"), tt.undo)
		assert.Greater(t, l.Gen(), gen)
	}
	require.NoError(t, l.Apply(simnet.SetLink("a", "b", latency(1))))
	assert.True(t, l.Direct("a", "c"))
	assert.True(t, l.Direct("c", "b"))
	l.Remove("c")
	assert.False(t, l.Direct("c", "b"))
	top := chain()
	assert.False(t, lab(t, top).Direct("a", "b"))
	top.Subnets[0].Link, top.Subnets[1].Link = simnet.Link{}, simnet.Link{}
	top.Links[0] = simnet.Connection{From: "r", To: "s"}
	assert.True(t, lab(t, top).Direct("a", "b"))
	assert.False(t, lab(t, top).Direct("a", "z"))
	assert.False(t, lab(t, home(simnet.NAT{})).Direct("phone", "x"))
	assert.True(t, lab(t, home(simnet.NAT{})).Direct("phone", "tv"))
}

// A packet that is doubled on each of many hops does not become too many.
func TestTwins(t *testing.T) {
	top := simnet.Topology{Subnets: []simnet.Subnet{{Name: "n0", Hosts: []simnet.Place{{Name: "a"}}}, {Name: "n9", Hosts: []simnet.Place{{Name: "b"}}}}}
	for i := range 8 {
		top.Routers = append(top.Routers, simnet.Router{Name: fmt.Sprint("n", i+1)})
	}
	for i := range 9 {
		top.Links = append(top.Links, simnet.Connection{
			From: fmt.Sprint("n", i), To: fmt.Sprint("n", i+1),
			Link: simnet.Link{Latency: ms, Jitter: ms, Duplicate: 1, Corrupt: 0.5},
		})
	}
	p := labUDP(lab(t, top), 0, "a:1", "b:1")
	assert.Len(t, p.Arrived, 8)
	different := map[time.Duration]bool{}
	for _, at := range p.Arrived {
		different[at] = true
	}
	assert.Greater(t, len(different), 1, "each twin has its own fate")
	assert.NotEmpty(t, p.Corrupt)
}
