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

// matrix says who reaches whom: one line a sender, one letter a receiver.
func matrix(l *simnet.Lab, hosts ...string) string {
	text := ""
	for _, from := range hosts {
		for _, to := range hosts {
			p := labUDP(l, 0, from+":1", to+":1")
			switch {
			case p.To == to:
				text += "+"
			case p.Drop == simnet.ReasonPartition:
				text += "-"
			default:
				text += "?"
			}
		}
		text += " "
	}
	return text[:len(text)-1]
}

func TestPartitions(t *testing.T) {
	for name, tt := range map[string]struct {
		faults []simnet.Fault
		want   string
	}{
		"none":       {nil, "++++ ++++ ++++ ++++"},
		"two groups": {[]simnet.Fault{simnet.Partition([]string{"a", "b"}, []string{"c", "d"})}, "++-- ++-- --++ --++"},
		"one group":  {[]simnet.Fault{simnet.Partition([]string{"a"})}, "+--- -+++ -+++ -+++"},
		"the others": {[]simnet.Fault{simnet.Partition([]string{"a"}, []string{"b"})}, "+--- -+-- --++ --++"},
		"cut":        {[]simnet.Fault{simnet.Cut([]string{"a", "b"}, []string{"c"})}, "++-+ ++-+ ++++ ++++"},
		"cut itself": {[]simnet.Fault{simnet.Cut([]string{"a", "b"}, []string{"a", "b"})}, "+-++ -+++ ++++ ++++"},
		"both": {
			[]simnet.Fault{simnet.Partition([]string{"a"}), simnet.Cut([]string{"d"}, []string{"b"})},
			"+--- -+++ -+++ --++",
		},
		"healed": {[]simnet.Fault{simnet.Partition([]string{"a"}), simnet.Cut([]string{"d"}, []string{"b"}), simnet.Heal()}, "++++ ++++ ++++ ++++"},
	} {
		t.Run(name, func(t *testing.T) {
			l := simnet.NewLab(1, simnet.Link{}, "a", "b", "c", "d")
			require.NoError(t, l.Apply(tt.faults...))
			assert.Equal(t, tt.want, matrix(l, "a", "b", "c", "d"))
		})
	}
}

// Who comes later belongs to the others, or to where the name was before.
func TestPartitionLater(t *testing.T) {
	l := simnet.NewLab(1, simnet.Link{}, "a", "b")
	require.NoError(t, l.Apply(simnet.Partition([]string{"a"})))
	require.NoError(t, l.Add("c", netip.MustParseAddr("10.0.9.9")))
	assert.Equal(t, "+-- -++ -++", matrix(l, "a", "b", "c"))
	l.Remove("a")
	require.NoError(t, l.Add("a", netip.MustParseAddr("10.0.9.1")))
	assert.Equal(t, "+-- -++ -++", matrix(l, "a", "b", "c"))
}

// What belonged to a host ends with it: its links, and what is on its way to it.
func TestRemoveHost(t *testing.T) {
	l := simnet.NewLab(1, latency(ms), "a", "b", "c")
	require.NoError(t, l.Apply(simnet.SetLink("a", "b", latency(2*ms)), simnet.LinkDown("b", ""), simnet.LinkDown("a", "c")))
	gen := l.Gen()
	b := l.Addrs("b")
	l.Remove("b")
	assert.Greater(t, l.Gen(), gen)
	require.NoError(t, l.Add("b", b...))
	assert.Equal(t, ms, took(l, 0, "a", "b"))
	assert.Equal(t, simnet.ReasonLink, labUDP(l, 0, "a:1", "c:1").Drop, "that of others stays")
	assert.Equal(t, simnet.ReasonHost, l.Pass(&simnet.Packet{From: "q", Src: "a:1", Dst: "b:1", Proto: simnet.UDP}).Drop)
	l = lab(t, simnet.Topology{
		Subnets: []simnet.Subnet{{Name: "x", Hosts: []simnet.Place{{Name: "a"}}}, {Name: "y", Hosts: []simnet.Place{{Name: "b"}}}},
		Routers: []simnet.Router{{Name: "r"}},
		Links:   []simnet.Connection{{From: "a", To: "r", Link: latency(ms)}, {From: "r", To: "b"}},
	})
	p := l.Send(&simnet.Packet{From: "a", Src: "a:1", Dst: "b:1", Proto: simnet.UDP})
	require.True(t, l.Step())
	b = l.Addrs("b")
	l.Remove("b")
	l.Run()
	assert.Equal(t, simnet.ReasonHost, p.Drop)
	require.NoError(t, l.Add("b", b...))
	assert.Equal(t, simnet.ReasonUnreachable, labUDP(l, 0, "a:1", "b:1").Drop, "its link is gone")
	// The sender is gone: what it has sent arrives.
	l = lab(t, chain())
	p = l.Send(&simnet.Packet{From: "a", Src: "a:1", Dst: "b:1", Proto: simnet.UDP})
	require.True(t, l.Step())
	require.NoError(t, l.Apply(simnet.Cut([]string{"c"}, []string{"b"})))
	l.Remove("a")
	l.Run()
	assert.Equal(t, "b", p.To)
}

// The name of a subnet stands for its hosts; what they send through a NAT is
// stopped as well.
func TestPartitionSubnets(t *testing.T) {
	l := lab(t, home(simnet.NAT{}))
	require.NoError(t, l.Apply(simnet.Partition([]string{"home", "y"}, []string{"x"})))
	assert.Equal(t, simnet.ReasonPartition, labUDP(l, 0, "phone:1", "x:1").Drop)
	p := labUDP(l, 0, "phone:1", "y:1")
	assert.Equal(t, "y", p.To)
	assert.Equal(t, simnet.ReasonPartition, labUDP(l, 0, "x:1", p.SeenFrom).Drop)
	assert.Equal(t, "phone", labUDP(l, 0, "y:1", p.SeenFrom).To)
	require.NoError(t, l.Apply(simnet.Heal(), simnet.Cut([]string{"home"}, []string{"world"})))
	assert.Equal(t, simnet.ReasonPartition, labUDP(l, 0, "phone:1", "y:1").Drop)
	assert.Equal(t, "phone", labUDP(l, 0, "y:1", p.SeenFrom).To)
}

func TestPartitionsAreBounded(t *testing.T) {
	l := simnet.NewLab(1, simnet.Link{})
	for i := range simnet.MaxCuts + 1 {
		require.NoError(t, l.Add(fmt.Sprint("h", i), netip.AddrFrom4([4]byte{10, 1, byte(i >> 8), byte(i)})))
	}
	for range 2 { // the same ones do not count twice
		for i := range simnet.MaxCuts {
			require.NoError(t, l.Apply(simnet.Partition([]string{fmt.Sprint("h", i)})))
		}
	}
	assert.EqualError(t, l.Apply(simnet.Partition([]string{fmt.Sprint("h", simnet.MaxCuts)})), "there are too many partitions: heal some first")
}

// SetLink and LinkDown on each thing that has a link.
func TestSetLink(t *testing.T) {
	l, now := lab(t, chain()), clock()
	took := func(from, to string) time.Duration { return took(l, now(), from, to) }
	require.NoError(t, l.Apply(simnet.SetLink("a", "c", latency(5*ms))))
	assert.Equal(t, 5*ms, took("a", "c"))
	assert.Equal(t, ms, took("c", "a"), "one way")
	require.NoError(t, l.Apply(simnet.SetLink("r", "a", latency(6*ms))))
	assert.Equal(t, 13*ms, took("a", "b"))
	assert.Equal(t, 28*ms, took("b", "a"), "a host and a router")
	require.NoError(t, l.Apply(simnet.SetLink("lan", "lan", latency(3*ms))))
	assert.Equal(t, 15*ms, took("a", "b"), "a subnet")
	assert.Equal(t, 3*ms, took("c", "a"))
	assert.Equal(t, 5*ms, took("a", "c"), "that of a pair goes before it")
	require.NoError(t, l.Apply(simnet.SetLink("a", "c", latency(3*ms))))
	require.NoError(t, l.Apply(simnet.SetLink("lan", "lan", latency(4*ms))))
	assert.Equal(t, 4*ms, took("a", "c"), "one that is that of the subnet is none of its own")
	require.NoError(t, l.Apply(simnet.SetLink("s", "r", latency(30*ms))))
	assert.Equal(t, 38*ms, took("b", "a"), "a link that is there")
	require.NoError(t, l.Apply(simnet.SetLink("wan", "far", latency(ms))))
	assert.Equal(t, 4*ms+10*ms+2*ms+ms, took("a", "z"), "a new one")
	assert.Equal(t, simnet.ReasonUnreachable, labUDP(l, now(), "z:1", "a:1").Drop)
	require.NoError(t, l.Apply(simnet.LinkDown("far", "wan")))
	assert.Equal(t, simnet.ReasonLink, labUDP(l, now(), "a:1", "z:1").Drop)
	require.NoError(t, l.Apply(simnet.LinkUp("far", "wan"), simnet.SetLink("a", "c", simnet.Link{Down: true})))
	assert.Equal(t, simnet.ReasonLink, labUDP(l, now(), "a:1", "c:1").Drop)
	assert.Equal(t, 4*ms, took("c", "a"))
}

// A link that was down for a while is the subnet's as before, also when that has changed
// meanwhile.
func TestLinkUp(t *testing.T) {
	l := simnet.NewLab(1, latency(ms), "a", "b")
	require.NoError(t, l.Apply(simnet.LinkDown("a", "b"), simnet.SetLink("", "", latency(4*ms))))
	assert.Equal(t, simnet.ReasonLink, labUDP(l, 0, "a:1", "b:1").Drop)
	require.NoError(t, l.Apply(simnet.LinkUp("b", "a")))
	assert.Equal(t, 4*ms, took(l, 0, "a", "b"))
	assert.Equal(t, 4*ms, took(l, 0, "b", "a"))
	require.NoError(t, l.Apply(simnet.LinkDown("a", "b"), simnet.SetLink("a", "b", latency(5*ms))))
	assert.Equal(t, 5*ms, took(l, 0, "a", "b"), "one that is made again is up")
	assert.Equal(t, simnet.ReasonLink, labUDP(l, 0, "b:1", "a:1").Drop)
}

// A partition is between hosts, whatever the address is that they send to: that of a NAT
// stands for all who are behind it.
func TestPartitionNAT(t *testing.T) {
	l := lab(t, simnet.Topology{
		Subnets: []simnet.Subnet{
			{Name: "home", Hosts: []simnet.Place{{Name: "phone"}}},
			{Name: "cafe", Hosts: []simnet.Place{{Name: "guest"}}},
			{Name: "world", Hosts: []simnet.Place{{Name: "x"}}},
		},
		Routers: []simnet.Router{{Name: "gate", Subnets: []string{"home", "cafe", "world"}, Inside: []string{"home", "cafe"}, NAT: &simnet.NAT{}}},
	})
	phone, guest := labUDP(l, 0, "phone:1", "x:1").SeenFrom, labUDP(l, 0, "guest:1", "x:1").SeenFrom
	require.NoError(t, l.Apply(simnet.Partition([]string{"home"})))
	assert.Equal(t, simnet.ReasonPartition, labUDP(l, 0, "x:1", phone).Drop)
	assert.Equal(t, "guest", labUDP(l, 0, "x:1", guest).To)

	// A router may be in no subnet at all.
	l = lab(t, simnet.Topology{
		Subnets: []simnet.Subnet{{Name: "home", Hosts: []simnet.Place{{Name: "phone"}}}, {Name: "world", Hosts: []simnet.Place{{Name: "x"}}}},
		Routers: []simnet.Router{{
			Name: "gate", Inside: []string{"home"}, NAT: &simnet.NAT{External: []netip.Addr{netip.MustParseAddr("192.0.2.1")}},
		}},
		Links: []simnet.Connection{{From: "gate", To: "home"}, {From: "gate", To: "world"}},
	})
	phone = labUDP(l, 0, "phone:1", "x:1").SeenFrom
	assert.Equal(t, "phone", labUDP(l, 0, "x:1", phone).To)
	require.NoError(t, l.Apply(simnet.Partition([]string{"home"}), simnet.Cut([]string{"x"}, []string{"phone"})))
	assert.Equal(t, simnet.ReasonPartition, labUDP(l, 0, "x:1", phone).Drop)
}

func TestFaultErrors(t *testing.T) {
	top := home(simnet.NAT{})
	top.Routers = append(top.Routers, simnet.Router{Name: "plain", Subnets: []string{"home"}})
	l := lab(t, top)
	for _, tt := range []struct {
		fault simnet.Fault
		text  string
		want  string
	}{
		{simnet.Fault{}, "none", "is none: make it with Partition, Crash and so on"},
		{simnet.Partition(), "partition ", "there is no group"},
		{simnet.Partition([]string{"x"}, nil), "partition [x] []", "group 1 is empty"},
		{simnet.Partition([]string{"x", "q"}, []string{"x", "gate", ""}), "partition [x q] [x gate ]", "no host or subnet has the name \"q\"\n" +
			"\"x\" is there twice\nno host or subnet has the name \"gate\"\nno host or subnet has the name \"\""},
		{simnet.Cut(nil, []string{"x"}), "cut [] to [x]", "group 0 is empty"},
		{simnet.Heal(), "heal", ""},
		{simnet.Crash("q"), "crash q", `no host has the name "q"`},
		{simnet.Restart("home"), "restart home", `no host has the name "home"`},
		{simnet.Pause("x"), "pause x", ""},
		{simnet.Resume("x"), "resume x", ""},
		{simnet.Skew("x", -time.Second), "skew x by -1s", ""},
		{simnet.RebindNAT("x"), "rebind NAT x", `no router has the name "x"`},
		{simnet.RebindNAT("plain"), "rebind NAT plain", `router "plain" has no NAT`},
		{simnet.SetLink("x", "q", simnet.Link{Loss: 2}), "link x to q: loss=2", "simnet: config: Loss=2: must be from 0 to 1\nnothing has the name \"q\""},
		{simnet.SetLink("q", "r", simnet.Link{}), "link q to r: ideal", "nothing has the name \"q\"\nnothing has the name \"r\""},
		{simnet.SetLink("x", "x", simnet.Link{}), "link x to x: ideal", `both are "x", which is no subnet`},
		{simnet.SetLink("home", "phone", simnet.Link{}), "link home to phone: ideal", `"phone" is in "home": its links are those to its neighbours there`},
		{simnet.LinkDown("x", "phone"), "link down x phone", `there is no link between "x" and "phone"`},
		{simnet.LinkUp("x", "y"), "link up x y", ""},
	} {
		assert.Equal(t, tt.text, tt.fault.String())
		err := simnet.FaultCheck(l, tt.fault)
		if tt.want == "" {
			require.NoError(t, err, tt.text)
			continue
		}
		require.EqualError(t, err, tt.want, tt.text)
		require.EqualError(t, l.Apply(tt.fault), tt.want)
	}
}

// A fault keeps its own copy of the names.
func TestFaultCopies(t *testing.T) {
	names := []string{"a"}
	f, g := simnet.Partition(names), simnet.Cut(names, names)
	names[0] = "b"
	assert.Equal(t, "partition [a]", f.String())
	assert.Equal(t, "cut [a] to [a]", g.String())
}
