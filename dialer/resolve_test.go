package dialer_test

import (
	"context"
	"errors"
	"net"
	"net/http/httptrace"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/dialer"
)

func TestLookupIsAskedForTheRightVersion(t *testing.T) {
	l := listen(t, "tcp", "127.0.0.1:0")
	echo(t, l)
	_, port, err := net.SplitHostPort(l.Addr().String())
	require.NoError(t, err)
	for _, test := range []struct {
		network, local, want string
		family               dialer.Family
	}{
		{"tcp", "", "ip", dialer.FamilyAny},
		{"tcp4", "", "ip4", dialer.FamilyAny},
		{"tcp6", "", "ip6", dialer.FamilyAny},
		{"udp4", "", "ip4", dialer.FamilyAny},
		{"tcp", "tcp4://127.0.0.1", "ip4", dialer.FamilyAny},
		{"tcp", "", "ip4", dialer.OnlyIPv4},
		{"udp", "", "ip6", dialer.OnlyIPv6},
		{"tcp4", "", "ip4", dialer.PreferIPv6},
	} {
		t.Run(test.network+" "+test.local+" "+test.family.String(), func(t *testing.T) {
			var asked []string
			d := newDialer(t, &dialer.Config{
				Family: test.family, LocalAddr: test.local,
				Lookup: func(_ context.Context, network, host string) ([]netip.Addr, error) {
					asked = append(asked, network, host)
					return []netip.Addr{netip.MustParseAddr("::ffff:127.0.0.1"), netip.MustParseAddr("::1")}, nil
				},
			})
			c, err := d.Dial(test.network, "service.test:"+port)
			assert.Equal(t, []string{test.want, "service.test"}, asked)
			if err != nil { // nobody listens on ::1
				assert.Equal(t, "ip6", test.want)
				return
			}
			c.Close()
		})
	}
}

func TestLiteralsAreNotLookedUp(t *testing.T) {
	d := newDialer(t, &dialer.Config{Lookup: func(_ context.Context, _, host string) ([]netip.Addr, error) {
		return nil, errors.New("asked for " + host)
	}})
	for _, address := range []string{"127.0.0.1:9", "[::1]:9", "[::ffff:127.0.0.1]:9", ":9", "[::]:9", "127.0.0.1:discard"} {
		c, err := d.Dial("udp", address)
		require.NoError(t, err, address)
		c.Close()
	}
	_, err := d.Dial("udp", "127.0.0.1")
	assert.ErrorContains(t, err, "missing port")
	_, err = d.Dial("udp", "256.0.0.1:9")
	assert.ErrorContains(t, err, "asked for 256.0.0.1")
	_, err = d.Dial("ip4:icmp", "name")
	assert.ErrorContains(t, err, "asked for name")
	_, err = d.Dial("ip4", "name")
	assert.ErrorIs(t, err, net.UnknownNetworkError("ip4"))
	_, err = d.Dial("tcp:4", "name:1")
	assert.ErrorIs(t, err, net.UnknownNetworkError("tcp:4"))
}

func TestNamesWithoutAUsableAddress(t *testing.T) {
	refused := errors.New("refused")
	for _, test := range []struct {
		name, local, network, want, field string
		addrs                             []netip.Addr
		err                               error
	}{
		{"none", "", "tcp", "address service.test: no suitable address found", "", nil, nil},
		{"error", "", "tcp", "refused", "", nil, refused},
		{"zero", "", "tcp", "address service.test: the zero netip.Addr is among the addresses", "", []netip.Addr{{}}, nil},
		{"other version", "", "tcp4", "address service.test: no suitable address found", "", []netip.Addr{netip.IPv6Loopback()}, nil},
		{"other version than the source", "127.0.0.1:0", "tcp", "LocalAddr=127.0.0.1:0: address service.test: no suitable address found",
			"LocalAddr", []netip.Addr{netip.IPv6Loopback()}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := newDialer(t, &dialer.Config{LocalAddr: test.local,
				Lookup: func(context.Context, string, string) ([]netip.Addr, error) { return test.addrs, test.err }})
			c, err := d.Dial(test.network, "service.test:1")
			assert.EqualError(t, err, "dialer: resolve "+test.network+" service.test:1: "+test.want)
			assert.Equal(t, test.field, failure(t, err).Field)
			assert.Nil(t, c)
			if test.err != nil {
				assert.ErrorIs(t, err, test.err)
			}
		})
	}
}

func TestNamesOfServices(t *testing.T) {
	lookup := func(context.Context, string, string) ([]netip.Addr, error) {
		return []netip.Addr{netip.MustParseAddr("127.0.0.1")}, nil
	}
	d := newDialer(t, &dialer.Config{Lookup: lookup, Resolver: new(net.Resolver)})
	c, err := d.Dial("udp", "service.test:domain")
	require.NoError(t, err)
	defer c.Close()
	assert.Equal(t, "127.0.0.1:53", c.RemoteAddr().String())
	for _, port := range []string{"no-such-service", "70000", "-1"} {
		_, err = d.Dial("udp", "service.test:"+port)
		assert.Equal(t, "resolve", failure(t, err).Op, port)
		assert.ErrorContains(t, err, port)
	}
}

func TestLookupEndsWithTheTimeout(t *testing.T) {
	noLeak(t)
	d := newDialer(t, &dialer.Config{Timeout: 20e6, Lookup: func(ctx context.Context, _, _ string) ([]netip.Addr, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}})
	_, err := d.Dial("tcp", "service.test:1")
	assert.True(t, failure(t, err).Timeout())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = d.DialContext(ctx, "tcp", "service.test:1")
	require.ErrorIs(t, err, context.Canceled)
	assert.False(t, failure(t, err).Timeout())
}

func TestAddressesOfANameThatAreNotStreams(t *testing.T) {
	server, err := net.ListenPacket("udp6", "[::1]:0")
	require.NoError(t, err)
	defer server.Close()
	_, port, err := net.SplitHostPort(server.LocalAddr().String())
	require.NoError(t, err)
	d := newDialer(t, &dialer.Config{Family: dialer.PreferIPv6,
		Lookup: func(context.Context, string, string) ([]netip.Addr, error) {
			return []netip.Addr{netip.MustParseAddr("127.0.0.1"), netip.IPv6Loopback()}, nil
		}})
	c, err := d.Dial("udp", "service.test:"+port)
	require.NoError(t, err)
	defer c.Close()
	assert.Equal(t, server.LocalAddr().String(), c.RemoteAddr().String())
}

func TestFamily(t *testing.T) {
	for _, test := range []struct {
		family  dialer.Family
		text    string
		order   []string
		network string // that cannot be dialled
	}{
		{dialer.FamilyAny, "any", []string{"::2", "127.0.0.1", "::1", "127.0.0.2"}, ""},
		{dialer.PreferIPv4, "prefer IPv4", []string{"127.0.0.1", "127.0.0.2", "::2", "::1"}, ""},
		{dialer.PreferIPv6, "prefer IPv6", []string{"::2", "::1", "127.0.0.1", "127.0.0.2"}, ""},
		{dialer.OnlyIPv4, "only IPv4", []string{"127.0.0.1", "127.0.0.2"}, "tcp6"},
		{dialer.OnlyIPv6, "only IPv6", []string{"::2", "::1"}, "tcp4"},
	} {
		t.Run(test.text, func(t *testing.T) {
			assert.Equal(t, test.text, test.family.String())
			var given []netip.Addr
			for _, a := range []string{"::2", "127.0.0.1", "::1", "127.0.0.2"} {
				given = append(given, netip.MustParseAddr(a))
			}
			d := newDialer(t, &dialer.Config{Family: test.family, FallbackDelay: -1, AddressTimeout: 1,
				Lookup: func(context.Context, string, string) ([]netip.Addr, error) { return given, nil }})
			_, err := d.Dial("tcp", "service.test:1")
			var attempts dialer.Attempts
			require.ErrorAs(t, err, &attempts)
			var order []string
			for _, a := range attempts {
				order = append(order, netip.MustParseAddrPort(a.Address).Addr().String())
			}
			assert.Equal(t, test.order, order)
			assert.Equal(t, "::2", given[0].String(), "the caller's list stays as it is")
			if test.network != "" {
				_, err = d.Dial(test.network, "127.0.0.1:1")
				assert.EqualError(t, err, "dialer: dial "+test.network+" 127.0.0.1:1: Family="+test.text+": network "+test.network+" is excluded")
			}
		})
	}
	d := newDialer(t, &dialer.Config{Family: dialer.OnlyIPv6, Lookup: func(context.Context, string, string) ([]netip.Addr, error) {
		return []netip.Addr{netip.MustParseAddr("127.0.0.1")}, nil
	}})
	_, err := d.Dial("tcp", "127.0.0.1:1")
	require.EqualError(t, err, "dialer: dial tcp 127.0.0.1:1: Family=only IPv6: address 127.0.0.1: excluded")
	_, err = d.Dial("tcp", "service.test:1")
	require.EqualError(t, err, "dialer: resolve tcp service.test:1: Family=only IPv6: address service.test: no suitable address found")

	assert.Equal(t, "Family(9)", dialer.Family(9).String())
	_, err = dialer.New(&dialer.Config{Family: 9, AddressTimeout: -1})
	assert.EqualError(t, err, "dialer: config: Family=Family(9): 9 is not a family\ndialer: config: AddressTimeout=-1ns: must not be negative")
}

func TestZoneFromTheResolver(t *testing.T) {
	l := listen(t, "tcp6", "[::1]:0")
	echo(t, l)
	zone := loopbackName(t)
	d := newDialer(t, &dialer.Config{Lookup: func(context.Context, string, string) ([]netip.Addr, error) {
		return []netip.Addr{netip.MustParseAddr("::1%" + zone)}, nil
	}})
	_, port, err := net.SplitHostPort(l.Addr().String())
	require.NoError(t, err)
	c, err := d.Dial("tcp", "service.test:"+port)
	require.NoError(t, err)
	defer c.Close()
	roundTrip(t, c)
}

// loopbackName is "lo", "lo0" or what Windows calls it.
func loopbackName(t *testing.T) string {
	t.Helper()
	list, err := net.Interfaces()
	require.NoError(t, err)
	for _, i := range list {
		if i.Flags&net.FlagLoopback != 0 {
			return i.Name
		}
	}
	require.Fail(t, "no loopback interface")
	return ""
}

func TestAttemptsAreTemporaryIfOneIs(t *testing.T) {
	refused := &dialer.Error{Op: "dial", Address: "a", Err: errors.New("refused")}
	aborted := &dialer.Error{Op: "dial", Address: "b", Field: "Multipath", Value: "require", Err: &net.DNSError{IsTemporary: true}}
	assert.True(t, dialer.Attempts{refused, aborted}.Temporary())
	assert.False(t, dialer.Attempts{refused}.Temporary())
	assert.False(t, dialer.Attempts{}.Timeout())
	assert.Contains(t, dialer.Attempts{refused, aborted}.Error(), "a: refused; b: Multipath=require: ")
}

// What net/http reports of a dial does not change: the question, and the conns to the target alone.
func TestTraceOfADial(t *testing.T) {
	l := listen(t, "tcp", "127.0.0.1:0")
	echo(t, l)
	_, port, err := net.SplitHostPort(l.Addr().String())
	require.NoError(t, err)
	d := newDialer(t, &dialer.Config{Resolver: resolver(t, "127.0.0.1")})
	var events []string
	start := func(i httptrace.DNSStartInfo) { events = append(events, "ask "+i.Host) }
	trace := httptrace.ClientTrace{
		DNSStart:     start,
		DNSDone:      func(i httptrace.DNSDoneInfo) { events = append(events, "answer "+i.Addrs[0].String()) },
		ConnectStart: func(network, address string) { events = append(events, "connect "+network+" "+address) },
	}
	for _, test := range []struct {
		start func(httptrace.DNSStartInfo)
		want  []string
	}{
		{start, []string{"ask service.test", "answer 127.0.0.1", "connect tcp " + l.Addr().String()}},
		{nil, []string{"answer 127.0.0.1", "connect tcp " + l.Addr().String()}},
	} {
		trace.DNSStart, events = test.start, nil
		c, err := d.DialContext(httptrace.WithClientTrace(t.Context(), &trace), "tcp", "service.test:"+port)
		require.NoError(t, err)
		c.Close()
		assert.Equal(t, test.want, events)
	}
}

func TestMalformedAddresses(t *testing.T) {
	for _, config := range []dialer.Config{{}, {LocalAddrs: []string{"127.0.0.2"}}} {
		_, err := newDialer(t, &config).Dial("tcp", "127.0.0.1")
		assert.ErrorContains(t, err, "missing port")
		_, err = newDialer(t, &config).Dial("tcp", "")
		assert.ErrorContains(t, err, "missing")
	}
}

// What is no literal goes to Config.Lookup, and all the rest is one for package net too.
func FuzzLiteral(f *testing.F) {
	for _, s := range []string{"127.0.0.1:1", "[::1%lo]:x", "::1", ":", "a:1", "1.2.3:1", "[::]:0", "0x7f.1:2", "[1.2.3.4%z]:5", "1:", "[]:1"} {
		f.Add(s)
	}
	errAsked := errors.New("asked")
	d, err := dialer.New(&dialer.Config{Lookup: func(context.Context, string, string) ([]netip.Addr, error) { return nil, errAsked }})
	require.NoError(f, err)
	ctx, cancel := context.WithCancel(f.Context()) // so that no socket is opened
	cancel()
	f.Fuzz(func(t *testing.T, address string) {
		for network, host := range map[string]string{"udp": "", "ip4:icmp": address} {
			if network == "udp" {
				host, _, _ = net.SplitHostPort(address)
			}
			_, err := d.DialContext(ctx, network, address)
			if dns, ok := errors.AsType[*net.DNSError](err); ok && dns.Name == host {
				t.Errorf("%s %q: package net was to resolve: %v", network, address, err)
			}
			if _, parseErr := netip.ParseAddr(host); parseErr == nil && errors.Is(err, errAsked) {
				t.Errorf("%s %q: a literal was looked up", network, address)
			}
		}
	})
}
