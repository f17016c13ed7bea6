package link_test

import (
	"io/fs"
	"net/netip"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/strata-net/strata/tunx/internal/lab"
	"github.com/strata-net/strata/tunx/link"
	"github.com/strata-net/strata/tunx/tun"
)

// space is a namespace with an interface.
func space(t *testing.T) *lab.Space {
	t.Helper()
	s := lab.NewSpace(t)
	d, err := tun.Open(&tun.Config{Netns: s.Path(), Name: "tun0"})
	require.NoError(t, err)
	t.Cleanup(func() { d.Close() })
	return s
}

// unstable is what the kernel changes by itself.
var unstable = regexp.MustCompile(` qdisc \S+ state \S+| linkdown`)

// state is all that Setup may change.
func state(t *testing.T, s *lab.Space) string {
	t.Helper()
	var b strings.Builder
	for _, args := range []string{
		"-o link", "-o -4 addr", "-o -6 addr show scope global", "-4 route show table all", "-6 route show table all", "-4 rule", "-6 rule",
	} {
		for line := range strings.SplitSeq(s.Command(t, "ip", strings.Fields(args)...), "\n") {
			if !strings.Contains(line, "fe80::") && !strings.Contains(line, "ff00::/8") { // the kernel's own
				b.WriteString(line + "\n")
			}
		}
	}
	return unstable.ReplaceAllString(b.String(), "")
}

// full has everything.
func full(s *lab.Space) *link.Config {
	p := netip.MustParsePrefix
	a := netip.MustParseAddr
	return &link.Config{
		Name: "tun0", Netns: s.Path(), MTU: 1400,
		Addrs: []netip.Prefix{p("10.9.0.1/24"), p("10.9.0.5/24"), p("fd09::1/64")},
		Routes: []link.Route{
			{To: p("0.0.0.0/0"), Via: a("10.9.0.2")},
			{To: p("10.20.0.0/16"), Source: a("10.9.0.5"), Metric: 7},
			{To: p("10.20.0.0/16"), Metric: 8},
			{To: p("::/0"), Via: a("fd09::2"), Metric: 9},
			{To: p("fd20::/16"), Table: 1234},
			{To: p("192.0.2.1/32"), Table: 4000000000},
		},
		Rules: []link.Rule{
			{Priority: 100, Table: 1234, From: p("fd09::/64")},
			{Priority: 101, Table: 4000000000, To: p("192.0.2.0/24"), From: p("10.9.0.0/24"), Mark: 42},
			{Priority: 102, Table: 1234, To: p("0.0.0.0/0"), Mark: 0x10, Not: true},
		},
	}
}

func TestSetup(t *testing.T) {
	lab.NoLeak(t)
	s := space(t)
	before := state(t, s)
	l, err := link.Setup(full(s))
	require.NoError(t, err)
	got := state(t, s)
	for _, want := range []string{
		"tun0: <POINTOPOINT,MULTICAST,NOARP,UP,LOWER_UP> mtu 1400 ",
		"inet 10.9.0.1/24 ", "inet 10.9.0.5/24 ", "inet6 fd09::1/64 scope global nodad",
		"default via 10.9.0.2 dev tun0",
		"10.20.0.0/16 dev tun0 scope link src 10.9.0.5 metric 7",
		"10.20.0.0/16 dev tun0 scope link metric 8",
		"default via fd09::2 dev tun0 metric 9",
		"fd20::/16 dev tun0 table 1234 ",
		"192.0.2.1 dev tun0 table 4000000000 scope link",
		"100:	from fd09::/64 lookup 1234",
		"101:	from 10.9.0.0/24 to 192.0.2.0/24 fwmark 0x2a lookup 4000000000",
		"102:	not from all fwmark 0x10 lookup 1234",
	} {
		assert.Contains(t, got, want)
	}
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() { assert.NoError(t, l.Close()) })
	}
	group.Wait()
	assert.Equal(t, before, state(t, s))
	require.NoError(t, l.Close())
}

// TestOthers: what was there before stays, also a second Setup's.
func TestOthers(t *testing.T) {
	lab.NoLeak(t)
	s := space(t)
	for _, args := range []string{
		"link set tun0 mtu 1300 up", "addr add 10.1.0.1/24 dev tun0", "-6 addr add fd01::1/64 dev tun0 nodad",
		"route add 10.2.0.0/16 dev tun0", "rule add priority 100 table 99",
	} {
		s.Command(t, "ip", strings.Fields(args)...)
	}
	before := state(t, s)
	for end := time.Now().Add(30 * time.Second); !strings.Contains(before, "local fd01::1 ") && time.Now().Before(end); {
		before = state(t, s)
	}
	first, err := link.Setup(&link.Config{Name: "tun0", Netns: s.Path(), Addrs: []netip.Prefix{netip.MustParsePrefix("10.3.0.1/24")}})
	require.NoError(t, err)
	between := state(t, s)
	assert.Contains(t, between, "mtu 1300")
	second, err := link.Setup(full(s))
	require.NoError(t, err)
	require.NoError(t, second.Close())
	assert.Equal(t, between, state(t, s))
	require.NoError(t, first.Close())
	assert.Equal(t, before, state(t, s))
}

// TestHalfWay: when a step fails, what was done before is taken back.
func TestHalfWay(t *testing.T) {
	lab.NoLeak(t)
	s := space(t)
	s.Command(t, "ip", "link", "set", "tun0", "up")
	s.Command(t, "ip", "addr", "add", "10.1.0.1/24", "dev", "tun0")
	s.Command(t, "ip", "route", "add", "10.2.0.0/16", "dev", "tun0")
	s.Command(t, "ip", "rule", "add", "priority", "100", "to", "10.2.0.0/16", "table", "99")
	before := state(t, s)
	p := netip.MustParsePrefix
	for field, change := range map[string]func(*link.Config){
		"Addrs[3]":  func(c *link.Config) { c.Addrs = append(c.Addrs, p("10.1.0.1/24")) },
		"Routes[6]": func(c *link.Config) { c.Routes = append(c.Routes, link.Route{To: p("10.2.0.0/16")}) },
		"Rules[3]": func(c *link.Config) {
			c.Rules = append(c.Rules, link.Rule{Priority: 100, Table: 99, To: p("10.2.0.0/16")})
		},
	} {
		c := full(s)
		change(c)
		_, err := link.Setup(c)
		require.ErrorIs(t, err, fs.ErrExist, field)
		var e *link.Error
		require.ErrorAs(t, err, &e)
		assert.Equal(t, "setup", e.Op)
		assert.Equal(t, field, e.Field)
		assert.Equal(t, before, state(t, s), field)
	}
	c := full(s)
	c.Routes[0].Via = netip.MustParseAddr("172.16.0.1")
	_, err := link.Setup(c)
	require.ErrorIs(t, err, unix.ENETUNREACH)
	assert.Equal(t, "link: setup tun0: Routes[0]=0.0.0.0/0 via 172.16.0.1: network is unreachable", err.Error())
	assert.Equal(t, before, state(t, s))
}

// TestGone: what is gone already is no error of Close.
func TestGone(t *testing.T) {
	lab.NoLeak(t)
	for name, commands := range map[string][]string{
		"interface":   {"link del tun0"},
		"another":     {"link del tun0", "tuntap add tun0 mode tun", "link set tun0 up", "addr add 10.9.0.1/24 dev tun0"},
		"addresses":   {"addr flush dev tun0"},
		"down":        {"link set tun0 down"},
		"route":       {"route del default"},
		"rules":       {"rule del priority 101", "-6 rule del priority 100"},
		"all of them": {"link set tun0 down", "addr flush dev tun0", "rule del priority 101", "rule del priority 102", "link del tun0"},
	} {
		t.Run(name, func(t *testing.T) {
			s := space(t)
			before := state(t, s)
			l, err := link.Setup(full(s))
			require.NoError(t, err)
			for _, c := range commands {
				s.Command(t, "ip", strings.Fields(c)...)
			}
			require.NoError(t, l.Close())
			after := state(t, s)
			assert.NotContains(t, after, "1234")
			assert.NotContains(t, after, "4000000000")
			switch name {
			case "another":
				assert.Contains(t, after, "10.9.0.1/24", "is not ours")
			case "interface", "all of them":
				assert.NotContains(t, after, "tun0")
			default:
				assert.Equal(t, before, after)
			}
		})
	}
}

// TestCloseFails: what cannot be removed is said, and the rest is removed.
func TestCloseFails(t *testing.T) {
	lab.NoLeak(t)
	s := space(t)
	s.Command(t, "ip", "link", "set", "tun0", "mtu", "9000")
	c := full(s)
	c.MTU = 1400
	l, err := link.Setup(c)
	require.NoError(t, err)
	err = inThread(t, s, lab.DropCapabilities, l.Close)
	var e *link.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, "close", e.Op)
	require.ErrorIs(t, err, unix.EPERM)
	for _, field := range []string{"MTU=9000", "Addrs[0]=10.9.0.1/24", "Routes[5]=", "Rules[2]="} {
		assert.ErrorContains(t, err, "link: close tun0: "+field)
	}
}

// inThread calls f on a thread that prepare has changed, and that ends with it.
func inThread(t *testing.T, s *lab.Space, prepare, f func() error) error {
	t.Helper()
	var err, failed error
	s.Run(t, func() {
		if err = prepare(); err == nil {
			failed = f()
		}
	})
	require.NoError(t, err)
	return failed
}

func TestErrors(t *testing.T) {
	lab.NoLeak(t)
	s := space(t)
	_, err := link.Setup(&link.Config{Name: "none", Netns: s.Path()})
	require.ErrorIs(t, err, unix.ENODEV)
	assert.Equal(t, `link: setup none: Name="none": there is no such interface: no such device`, err.Error())

	_, err = link.Setup(&link.Config{Name: "none", Netns: "strata-none"})
	require.ErrorIs(t, err, fs.ErrNotExist)
	assert.Equal(t, `link: setup none: Netns="strata-none": open /run/netns/strata-none: no such file or directory`, err.Error())

	_, err = link.Setup(&link.Config{Name: strings.Repeat("x", 20), Netns: s.Path()})
	require.Error(t, err)

	for want, c := range map[string]*link.Config{
		"link: setup tun0: needs CAP_NET_ADMIN: set up: operation not permitted":   {},
		"link: setup tun0: MTU=1400: needs CAP_NET_ADMIN: operation not permitted": {MTU: 1400},
	} {
		c.Name = "tun0"
		err := inThread(t, s, lab.DropCapabilities, func() error { _, err := link.Setup(c); return err })
		require.ErrorIs(t, err, os.ErrPermission)
		assert.Equal(t, want, err.Error())
	}
}

// TestNoCarrier: without a carrier Setup gives up waiting for IPv6, and succeeds.
func TestNoCarrier(t *testing.T) {
	lab.NoLeak(t)
	s := lab.NewSpace(t)
	s.Command(t, "ip", "link", "add", "veth0", "type", "veth", "peer", "name", "veth1")
	before := state(t, s)
	l, err := link.Setup(&link.Config{Name: "veth0", Netns: s.Path(), Addrs: []netip.Prefix{netip.MustParsePrefix("fd09::1/64")}})
	require.NoError(t, err)
	assert.Contains(t, state(t, s), "fd09::1/64")
	require.NoError(t, l.Close())
	assert.Equal(t, before, state(t, s))
}
