package simnet_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/virtnet/simnet"
)

// made makes the network of a topology, and closes it with the test.
func made(t *testing.T, top simnet.Topology) *simnet.Network {
	t.Helper()
	n, err := simnet.NewTopology(top)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, n.Close()) })
	return n
}

// two is a network of hosts a and b with a link between them.
func two(t *testing.T, seed uint64, l simnet.Link) (n *simnet.Network, a, b *simnet.Host) {
	t.Helper()
	n = network(t, simnet.Config{Seed: seed, Link: l})
	return n, host(t, n, "a"), host(t, n, "b")
}

// noise returns bytes that are none of a pattern.
func noise(size int) []byte {
	b := make([]byte, size)
	for i := range b {
		b[i] = byte(simnet.Chance(1).Of(uint64(i)))
	}
	return b
}

// carry sends bytes from a to b over a stream, and returns what came and how long
// it took.
func carry(t *testing.T, a, b *simnet.Host, sent []byte) ([]byte, time.Duration) {
	t.Helper()
	from, to := pair(t, a, b)
	defer from.Close()
	defer to.Close()
	begin := time.Now()
	failed := make(chan error, 1)
	go func() {
		_, err := from.Write(sent)
		failed <- errors.Join(err, from.CloseWrite())
	}()
	got, err := io.ReadAll(to)
	require.NoError(t, err)
	took := time.Since(begin)
	require.NoError(t, <-failed)
	return got, took
}

// A stream over a link that does everything wrong has all bytes, in order.
func TestStreamOverBadLink(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for seed := range uint64(5) {
			n, a, b := two(t, seed+1, simnet.Link{
				Latency: 10 * ms, Jitter: 5 * ms, Loss: 0.1, Reorder: 0.1, Duplicate: 0.1, Corrupt: 0.05,
				Bandwidth: 50e6, MTU: 1500,
			})
			sent := noise(256 << 10)
			got, _ := carry(t, a, b, sent)
			assert.True(t, bytes.Equal(sent, got))
			drops := map[simnet.Reason]int{}
			for e := range n.Trace() {
				if e.Kind == simnet.KindDrop {
					drops[e.Reason]++
				}
			}
			assert.Positive(t, drops[simnet.ReasonLoss])
			assert.Positive(t, drops[simnet.ReasonDamage])
		}
	})
}

// 1 MiB at 8 Mbit/s needs a second and the time of the headers: 40 bytes in 1500.
func TestStreamBandwidth(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, a, b := two(t, 1, simnet.Link{Bandwidth: 8e6, MTU: 1500})
		sent := noise(1 << 20)
		got, took := carry(t, a, b, sent)
		assert.True(t, bytes.Equal(sent, got))
		least := (1 << 20) * 8 * time.Second / 8e6 * 1500 / 1460
		assert.InDelta(t, least, took, float64(least)/20)
	})
}

// A stream through two routers takes the time of all links, and can be dialled by
// name.
func TestTopologyStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := made(t, chain())
		l, err := n.Host("b").Listen(":80")
		require.NoError(t, err)
		begin := time.Now()
		c, err := n.Host("a").Dialer().Dial("tcp", "b:80")
		require.NoError(t, err)
		assert.InDelta(t, 13*ms+23*ms, time.Since(begin), float64(ms/100))
		d, err := l.Accept()
		require.NoError(t, err)
		say(t, c, "hello")
		hear(t, d, "hello")
		assert.Equal(t, "10.0.1.1:80", c.RemoteAddr().String())
	})
}

func isErr(t *testing.T, err error, want error, timeout bool) {
	t.Helper()
	require.Error(t, err)
	var e *net.OpError
	require.ErrorAs(t, err, &e)
	assert.Equal(t, timeout, e.Timeout(), err)
	if want != nil {
		assert.ErrorIs(t, err, want)
	}
}

// Who is inside of a NAT reaches the world, and is not reached.
func TestNATConns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		top := home(simnet.NAT{Kind: simnet.PortRestricted})
		top.Config.DialTimeout = 10 * time.Second
		n := made(t, top)
		l, err := n.Host("x").Listen(":80")
		require.NoError(t, err)
		c, err := n.Host("phone").Dialer().Dial("tcp", "x:80")
		require.NoError(t, err)
		d, err := l.Accept()
		require.NoError(t, err)
		say(t, c, "ask")
		hear(t, d, "ask")
		say(t, d, "answer")
		hear(t, c, "answer")
		seen := d.RemoteAddr().(*net.TCPAddr)
		assert.Equal(t, "203.0.113.3", seen.IP.String())
		assert.NotEqual(t, c.LocalAddr().(*net.TCPAddr).Port, seen.Port)
		for _, to := range []string{"192.168.0.1:80", seen.String(), "203.0.113.3:9"} {
			_, err = n.Host("y").Dialer().Dial("tcp", to)
			isErr(t, err, nil, true)
		}
		// Other ports after a rebind: to the server that is a stranger.
		require.NoError(t, n.Apply(simnet.RebindNAT("gate")))
		say(t, c, "lost")
		_, err = io.ReadAll(c)
		isErr(t, err, simnet.ErrReset, false)
	})
}

// Two hosts behind NATs find each other through holes, unless the NATs are
// symmetric.
func TestHolePunching(t *testing.T) {
	for _, tt := range []struct {
		left, right simnet.NATKind
		want        bool
	}{
		{simnet.FullCone, simnet.FullCone, true},
		{simnet.Restricted, simnet.PortRestricted, true},
		{simnet.PortRestricted, simnet.PortRestricted, true},
		{simnet.Symmetric, simnet.FullCone, true},
		{simnet.Symmetric, simnet.Restricted, true},
		{simnet.Symmetric, simnet.PortRestricted, false},
		{simnet.Symmetric, simnet.Symmetric, false},
	} {
		t.Run(fmt.Sprint(tt.left, " ", tt.right), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := made(t, simnet.Topology{
					Config: simnet.Config{Seed: 3},
					Subnets: []simnet.Subnet{
						{Name: "l", Hosts: []simnet.Place{{Name: "left"}}}, {Name: "r", Hosts: []simnet.Place{{Name: "right"}}},
						{Name: "world", Profile: "wan", Hosts: []simnet.Place{{Name: "stun"}}},
					},
					Routers: []simnet.Router{
						{Name: "nl", Subnets: []string{"l", "world"}, Inside: []string{"l"}, NAT: &simnet.NAT{Kind: tt.left}},
						{Name: "nr", Subnets: []string{"r", "world"}, Inside: []string{"r"}, NAT: &simnet.NAT{Kind: tt.right}},
					},
				})
				stun, err := n.Host("stun").ListenPacket(":3478")
				require.NoError(t, err)
				sockets := map[string]net.PacketConn{}
				seen := map[string]net.Addr{}
				for _, name := range []string{"left", "right"} {
					s, err := n.Host(name).ListenPacket(":5000")
					require.NoError(t, err)
					_, err = s.WriteTo([]byte("who am I?"), stun.LocalAddr())
					require.NoError(t, err)
					_, from, err := stun.ReadFrom(make([]byte, 100))
					require.NoError(t, err)
					sockets[name], seen[name] = s, from
				}
				// Both send; the first one opens a hole and is dropped at the other's.
				for range 2 {
					for name, other := range map[string]string{"left": "right", "right": "left"} {
						_, err = sockets[name].WriteTo([]byte(name), seen[other])
						require.NoError(t, err)
						time.Sleep(time.Second)
					}
				}
				// What gets through is answered to where it came from.
				heard := false
				for _, name := range []string{"left", "right"} {
					require.NoError(t, sockets[name].SetReadDeadline(time.Now().Add(time.Second)))
					_, _, err := sockets[name].ReadFrom(make([]byte, 100))
					heard = heard || err == nil
					if err != nil {
						require.ErrorIs(t, err, os.ErrDeadlineExceeded)
					}
				}
				assert.Equal(t, tt.want, heard)
			})
		})
	}
}

func TestFirewallConns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		top := office(simnet.Firewall{Rules: []simnet.Rule{
			{Action: simnet.Reject, Direction: simnet.In, Protocol: simnet.TCP, Ports: simnet.PortRange{First: 22, Last: 22}},
			{Action: simnet.Reject, Direction: simnet.In, Protocol: simnet.UDP, Ports: simnet.PortRange{First: 22, Last: 22}},
			{Action: simnet.Deny, Direction: simnet.In},
		}})
		top.Config.DialTimeout = 5 * time.Second
		n := made(t, top)
		for _, port := range []string{":22", ":80"} {
			_, err := n.Host("a").Listen(port)
			require.NoError(t, err)
		}
		_, err := n.Host("x").Dialer().Dial("tcp", "a:22")
		isErr(t, err, simnet.ErrRefused, false)
		begin := time.Now()
		_, err = n.Host("x").Dialer().Dial("tcp", "a:80")
		isErr(t, err, nil, true)
		assert.InDelta(t, 5*time.Second, time.Since(begin), float64(ms))
		u, err := n.Host("x").Dialer().Dial("udp", "a:22")
		require.NoError(t, err)
		say(t, u, "?")
		_, err = u.Read(make([]byte, 1))
		isErr(t, err, simnet.ErrRefused, false)
		// From inside it works, in both directions of the stream.
		l, err := n.Host("x").Listen(":80")
		require.NoError(t, err)
		c, err := n.Host("a").Dialer().Dial("tcp", "x:80")
		require.NoError(t, err)
		d, err := l.Accept()
		require.NoError(t, err)
		say(t, d, "hello")
		hear(t, c, "hello")
	})
}

// A stream waits for the end of a partition, whichever direction is cut, and has all
// bytes then.
func TestPartitionConns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, fault := range []simnet.Fault{
			simnet.Partition([]string{"a"}, []string{"b"}), simnet.Cut([]string{"a"}, []string{"b"}),
			simnet.Cut([]string{"b"}, []string{"a"}), simnet.LinkDown("a", "b"), simnet.LinkDown("a", ""),
			simnet.SetLink("a", "b", simnet.Link{Loss: 1}),
		} {
			n, a, b := two(t, 1, simnet.Link{Latency: ms})
			c, d := pair(t, a, b)
			say(t, c, "before")
			hear(t, d, "before")
			require.NoError(t, n.Apply(fault))
			say(t, c, "meanwhile")
			require.NoError(t, d.SetReadDeadline(time.Now().Add(time.Minute)))
			_, err := d.Read(make([]byte, 9))
			if fault.String() == "cut [b] to [a]" {
				require.NoError(t, err, "the answers are lost, not the bytes")
			} else {
				require.ErrorIs(t, err, os.ErrDeadlineExceeded, fault)
			}
			require.NoError(t, n.Apply(simnet.Heal(), simnet.LinkUp("a", "b"), simnet.LinkUp("a", ""), simnet.SetLink("a", "b", simnet.Link{Latency: ms})))
			require.NoError(t, d.SetReadDeadline(time.Time{}))
			if err != nil {
				hear(t, d, "meanwhile")
			}
			say(t, c, "after")
			hear(t, d, "after")
			say(t, d, "and back")
			hear(t, c, "and back")
		}
	})
}

// A conn whose bytes went at once goes on over a link that comes later.
func TestDirectBecomesSlow(t *testing.T) {
	n := network(t, simnet.Config{Order: simnet.OrderDirect})
	c, d := pair(t, host(t, n, "a"), host(t, n, "b"))
	say(t, c, "at once")
	require.NoError(t, n.SetLink("a", "b", simnet.Link{Latency: 30 * ms, Loss: 0.1}))
	begin := time.Now()
	say(t, c, "later")
	hear(t, d, "at oncelater")
	assert.GreaterOrEqual(t, time.Since(begin), 30*ms)
	require.NoError(t, n.SetLink("a", "b", simnet.Link{}))
	say(t, c, "again")
	hear(t, d, "again")
}

// Faults happen at their time, and the trace tells.
func TestTimedFaults(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		top := chain()
		second := time.Second
		for i, f := range []simnet.Fault{
			simnet.Partition([]string{"a"}), simnet.Heal(), simnet.Pause("a"), simnet.Resume("a"), simnet.Skew("a", time.Hour),
			simnet.Crash("b"), simnet.Restart("b"), simnet.LinkDown("r", "s"), simnet.LinkUp("r", "s"), simnet.Crash("c"),
		} {
			top.Faults = append(top.Faults, simnet.TimedFault{At: time.Duration(i+1) * second, Fault: f})
		}
		n := made(t, top)
		begin := time.Now()
		time.Sleep(5500 * ms)
		assert.Equal(t, begin.Add(5500*ms+time.Hour), n.Host("a").Now())
		require.NoError(t, n.Host("c").Close())
		time.Sleep(10 * second)
		var got []string
		for e := range n.Trace() {
			if e.Kind == simnet.KindFault {
				got = append(got, fmt.Sprint(e.Time.Round(ms), " ", e.Source, ": ", e.Text))
			}
		}
		assert.Equal(t, []string{
			"1s : partition [a]", "2s : heal", "3s a: pause a", "4s a: resume a", "5s a: skew a by 1h0m0s",
			"6s b: crash b", "7s b: restart b", "8s : link down r s", "9s : link up r s",
			`10s c: crash c: no host has the name "c"`,
		}, got)
	})
}

func TestApplyErrors(t *testing.T) {
	n := made(t, chain())
	for _, f := range []func(...simnet.Fault) error{
		n.Apply, func(f ...simnet.Fault) error { return n.At(time.Hour, f...) },
	} {
		err := f(simnet.Crash("a"), simnet.Crash("q"), simnet.Fault{})
		require.EqualError(t, err, "simnet: fault \"crash q\": no host has the name \"q\"\nsimnet: fault \"none\": is none: make it with Partition, Crash and so on")
		var e *simnet.Error
		require.ErrorAs(t, err, &e)
	}
	c, err := n.Host("a").Dialer().Dial("udp", "b:1")
	require.NoError(t, err, "nothing of it has happened")
	c.Close()
	for name, err := range map[string]error{
		"partition": n.Partition(), "link": n.SetLink("q", "a", simnet.Link{}), "down": n.LinkDown("a", "b"), "up": n.LinkUp("", "q"),
	} {
		assert.Error(t, err, name)
	}
	require.NoError(t, n.Partition([]string{"a"}))
	require.NoError(t, n.LinkDown("r", "s"))
	require.NoError(t, n.LinkUp("r", "s"))
	require.NoError(t, n.Heal())
	require.NoError(t, n.At(-time.Second, simnet.Heal()), "at once")
}

// Faults can come from many goroutines at the same time.
func TestFaultsConcurrently(t *testing.T) {
	noLeak(t)
	n := network(t, simnet.Config{Link: simnet.Link{Latency: ms / 10}, Order: simnet.OrderDirect})
	c, d := pair(t, host(t, n, "a"), host(t, n, "b"))
	done := make(chan struct{})
	for i := range 4 {
		go func() {
			defer func() { done <- struct{}{} }()
			for range 50 {
				switch i {
				case 0:
					assert.NoError(t, n.Partition([]string{"a"}))
				case 1:
					assert.NoError(t, n.Heal())
				case 2:
					assert.NoError(t, n.SetLink("a", "b", simnet.Link{Latency: ms / 5}))
				case 3:
					_, err := n.NewHost(context.Background(), fmt.Sprint("h", len(n.Hosts())))
					assert.NoError(t, err)
				}
			}
		}()
	}
	for range 4 {
		<-done
	}
	require.NoError(t, n.Heal())
	say(t, c, "still there")
	hear(t, d, "still there")
}

// A host that comes later needs an address of a subnet, and gets its place.
func TestNewHostInTopology(t *testing.T) {
	n := made(t, home(simnet.NAT{}))
	_, err := n.NewHost(t.Context(), "no", netip.MustParseAddr("192.0.2.1"))
	require.ErrorContains(t, err, "no subnet has the address 192.0.2.1")
	assert.Nil(t, n.Host("no"))
	_, err = n.NewHost(t.Context(), "gate", netip.MustParseAddr("192.168.0.7"))
	require.ErrorContains(t, err, "is the name of a router")
	h, err := n.NewHost(t.Context(), "no", netip.MustParseAddr("192.168.0.7"))
	require.NoError(t, err)
	c, d := pair(t, h, n.Host("tv"))
	say(t, c, "hello")
	hear(t, d, "hello")
}

// The same seed gives the same events, whatever is between the hosts; another one
// gives others.
func TestTopologyDeterminism(t *testing.T) {
	run := func(seed uint64) (text string) {
		synctest.Test(t, func(t *testing.T) {
			top := home(simnet.NAT{Kind: simnet.Symmetric})
			top.Config.Seed = seed
			top.Subnets[0].Profile, top.Subnets[1].Profile = "wifi", "lossy"
			top.Faults = []simnet.TimedFault{
				{At: 300 * ms, Fault: simnet.Cut([]string{"x"}, []string{"phone"})}, {At: 900 * ms, Fault: simnet.Heal()},
				{At: time.Second, Fault: simnet.RebindNAT("gate")},
			}
			n := made(t, top)
			x, err := n.Host("x").ListenPacket(":53")
			require.NoError(t, err)
			go func() {
				b := make([]byte, 100)
				for {
					size, from, err := x.ReadFrom(b)
					if err != nil {
						return
					}
					x.WriteTo(b[:size], from)
				}
			}()
			for _, name := range []string{"phone", "tv", "y"} {
				go func() {
					c, err := n.Host(name).Dialer().Dial("udp", "x:53")
					if err != nil {
						return
					}
					for i := range 50 {
						fmt.Fprint(c, name, i)
						time.Sleep(40 * ms)
					}
				}()
			}
			time.Sleep(5 * time.Second)
			var b strings.Builder
			for e := range n.Trace() {
				fmt.Fprintln(&b, e.Time, e.Kind, e.Source, e.Destination, e.From, e.To, e.Flow, e.Number, e.Reason, e.Text)
			}
			text = b.String()
		})
		return text
	}
	first := run(1)
	assert.Greater(t, strings.Count(first, "\n"), 300)
	for _, word := range []string{"drop", "loss", "partition", "rebind"} {
		assert.Contains(t, first, word)
	}
	for range 10 {
		require.Equal(t, first, run(1))
	}
	assert.NotEqual(t, first, run(2))
}
