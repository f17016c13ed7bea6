package netstack_test

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/netstack"
)

// An address of each family where packets go and nobody answers.
const dead4, dead6 = "192.0.2.99", "2001:db8::99"

// names is a resolver.
type names map[string][]string

func (n names) LookupNetIP(ctx context.Context, _, host string) ([]netip.Addr, error) {
	if host == "slow" {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	var ips []netip.Addr
	for _, ip := range n[host] {
		ips = append(ips, netip.MustParseAddr(ip))
	}
	if len(ips) == 0 {
		return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}
	return ips, nil
}

// serve accepts and closes conns at a port of every address of s, and returns the port.
func serve(t testing.TB, s *netstack.Stack) string {
	t.Helper()
	l, err := s.Listen("tcp", ":0")
	require.NoError(t, err)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_ = c.Close()
		}
	}()
	t.Cleanup(func() {
		_ = l.Close()
		<-done
	})
	_, port, err := net.SplitHostPort(l.Addr().String())
	require.NoError(t, err)
	return port
}

func TestDialAddresses(t *testing.T) {
	left, right := newPair(t)
	port := serve(t, right)
	for _, c := range []struct{ network, address, remote string }{
		{"tcp", right4 + ":" + port, right4 + ":" + port},
		{"tcp4", right4 + ":" + port, right4 + ":" + port},
		{"tcp", "[" + right6 + "]:" + port, "[" + right6 + "]:" + port},
		{"tcp6", "[" + right6 + "]:" + port, "[" + right6 + "]:" + port},
		{"tcp", "[::ffff:" + right4 + "]:" + port, right4 + ":" + port},
		{"udp", right4 + ":9", right4 + ":9"},
		{"udp6", "[" + right6 + "]:domain", "[" + right6 + "]:53"},
		{"ping", right4, right4},
		{"ip4:icmp", right4, right4},
		{"ping", right6, right6},
		{"ip6:ipv6-icmp", right6, right6},
	} {
		t.Run(c.network+" "+c.address, func(t *testing.T) {
			conn, err := left.Dial(c.network, c.address)
			require.NoError(t, err)
			defer conn.Close()
			assert.Equal(t, c.remote, conn.RemoteAddr().String())
			want := left4
			if strings.Contains(c.remote, right6) {
				want = left6
			}
			assert.Contains(t, conn.LocalAddr().String(), want)
		})
	}
}

func TestDialRefuses(t *testing.T) {
	left, _ := newPair(t)
	resolving := &netstack.Dialer{Stack: left, Resolver: names{"both": {right4, right6}}}
	for name, c := range map[string]struct {
		d                *netstack.Dialer
		network, address string
		text             string
		kind             error
	}{
		"no resolver":       {left.Dialer(), "tcp", "example.com:80", "dial tcp: lookup example.com: the dialer has no resolver", nil},
		"no such name":      {resolving, "tcp", "none:80", "dial tcp: lookup none: no such host", nil},
		"no such service":   {resolving, "tcp", right4 + ":nonsense", "unknown port", nil},
		"no stack":          {&netstack.Dialer{}, "tcp", right4 + ":80", "dial tcp: Dialer.Stack is nil", nil},
		"negative timeout":  {&netstack.Dialer{Stack: left, Timeout: -1}, "tcp", right4 + ":80", "Dialer.Timeout must not be negative", nil},
		"unknown zone":      {left.Dialer(), "tcp", "[fe80::1%nonsense]:80", "no NIC of this name or number", nil},
		"unknown zone udp":  {left.Dialer(), "udp", "[fe80::1%nonsense]:80", "no NIC of this name or number", nil},
		"other family":      {left.Dialer(), "tcp6", right4 + ":80", "no suitable address found", nil},
		"local family":      {&netstack.Dialer{Stack: left, LocalAddr: netip.MustParseAddrPort("[::1]:0"), Resolver: names{"four": {right4}}}, "tcp", "four:80", "no suitable address found", nil},
		"no route":          {left.Dialer(), "tcp", "198.51.100.1:80", "dial tcp 198.51.100.1:80: ", netstack.ErrNoRoute},
		"refused":           {left.Dialer(), "tcp", right4 + ":1", "dial tcp " + right4 + ":1: connection was refused", netstack.ErrConnectionRefused},
		"all refused":       {resolving, "tcp", "both:1", right6 + "]:1: connection was refused", netstack.ErrConnectionRefused},
		"local zone":        {&netstack.Dialer{Stack: left, LocalAddr: netip.MustParseAddrPort("[fe80::1%nonsense]:0")}, "tcp", "[" + right6 + "]:80", "no NIC of this name", nil},
		"nobody's address":  {&netstack.Dialer{Stack: left, LocalAddr: netip.MustParseAddrPort(right4 + ":0")}, "tcp", right4 + ":1", right4, netstack.ErrBadLocalAddress},
		"error of Control":  {&netstack.Dialer{Stack: left, Control: func(netstack.Endpoint) error { return os.ErrPermission }}, "tcp", right4 + ":1", "permission", os.ErrPermission},
		"no loopback":       {left.Dialer(), "tcp", ":1", "127.0.0.1:1", nil},
		"no loopback, IPv6": {left.Dialer(), "tcp6", ":1", "[::1]:1", nil},
		"unspecified":       {left.Dialer(), "tcp", "[::]:1", "[::1]:1", nil},
		"unspecified ping":  {left.Dialer(), "ping6", "::", "::1", nil},
	} {
		t.Run(name, func(t *testing.T) {
			conn, err := c.d.Dial(c.network, c.address)
			require.Error(t, err)
			assert.Nil(t, conn)
			assert.ErrorContains(t, err, c.text)
			op := new(net.OpError)
			require.ErrorAs(t, err, &op)
			assert.Equal(t, "dial", op.Op)
			assert.False(t, op.Timeout())
			if c.kind != nil {
				assert.ErrorIs(t, err, c.kind)
			}
		})
	}
}

func TestDialNames(t *testing.T) {
	left, right := newPair(t)
	port := serve(t, right)
	for name, c := range map[string]struct {
		addresses []string
		delay     time.Duration
		remote    string
	}{
		"first family dead":             {[]string{dead6, right4}, 10 * time.Millisecond, right4},
		"first family dead, IPv4":       {[]string{dead4, right6}, 10 * time.Millisecond, right6},
		"first family without a route":  {[]string{"2001:db8:1::1", right4}, time.Hour, right4},
		"first address without a route": {[]string{"198.51.100.1", "198.51.100.2", right4}, 0, right4},
		"one by one":                    {[]string{"2001:db8:1::1", right4}, -1, right4},
		"mapped":                        {[]string{"::ffff:" + right4}, 0, right4},
		"both alive":                    {[]string{right6, right4}, time.Hour, right6},
	} {
		t.Run(name, func(t *testing.T) {
			d := &netstack.Dialer{Stack: left, Resolver: names{"host": c.addresses}, FallbackDelay: c.delay}
			conn, err := d.DialContext(t.Context(), "tcp", "host:"+port)
			require.NoError(t, err)
			defer conn.Close()
			assert.Equal(t, net.JoinHostPort(c.remote, port), conn.RemoteAddr().String())
		})
	}
}

func TestDialTimeout(t *testing.T) {
	left, _ := newPair(t)
	all := names{"dead": {dead4, dead6}, "dead4": {dead4, "192.0.2.98"}}
	for name, c := range map[string]struct{ address string }{
		"address": {dead4 + ":80"}, "families": {"dead:80"}, "addresses": {"dead4:80"}, "name": {"slow:80"},
	} {
		t.Run(name, func(t *testing.T) {
			d := &netstack.Dialer{Stack: left, Timeout: 50 * time.Millisecond, Resolver: all, FallbackDelay: time.Millisecond}
			conn, err := d.Dial("tcp", c.address)
			require.Error(t, err)
			assert.Nil(t, conn)
			var timeout net.Error
			require.ErrorAs(t, err, &timeout)
			assert.True(t, timeout.Timeout(), err)
			assert.ErrorIs(t, err, context.DeadlineExceeded)
		})
	}
}

func TestDialCanceled(t *testing.T) {
	left, _ := newPair(t)
	cause := errors.New("user went away")
	for name, d := range map[string]*netstack.Dialer{
		"race":       {Stack: left, Resolver: names{"dead": {dead4, dead6}}},
		"one by one": {Stack: left, Resolver: names{"dead": {dead4, dead6}}, FallbackDelay: -1},
		"name":       {Stack: left, Resolver: names{"dead": nil}},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancelCause(t.Context())
			time.AfterFunc(20*time.Millisecond, func() { cancel(cause) })
			address := "dead:80"
			if name == "name" {
				address = "slow:80"
			}
			conn, err := d.DialContext(ctx, "tcp", address)
			require.Error(t, err)
			assert.Nil(t, conn)
			assert.ErrorIs(t, err, cause)
			assert.ErrorIs(t, err, context.Canceled)
			assert.ErrorContains(t, err, "operation was canceled: user went away")
			var timeout net.Error
			require.ErrorAs(t, err, &timeout)
			assert.False(t, timeout.Timeout())
		})
	}
}

// TestDialCanceledNeverYields cancels at every moment of a dial.
func TestDialCanceledNeverYields(t *testing.T) {
	left, right := newPair(t)
	port := serve(t, right)
	for i := range 100 {
		ctx, cancel := context.WithCancel(t.Context())
		canceled := make(chan struct{})
		d := left.Dialer()
		d.Control = func(netstack.Endpoint) error {
			time.AfterFunc(time.Duration(i)*5*time.Microsecond, func() {
				defer close(canceled)
				cancel()
			})
			return nil
		}
		before := ctx.Err()
		conn, err := d.DialContext(ctx, "tcp", right4+":"+port)
		require.NoError(t, before)
		if err == nil {
			require.NoError(t, conn.Close())
		} else {
			require.ErrorIs(t, err, context.Canceled)
		}
		<-canceled
	}
}

func TestDialFrom(t *testing.T) {
	left, right := newPair(t)
	port := serve(t, right)
	for from, want := range map[string]string{
		left4 + ":4000": left4 + ":4000", "0.0.0.0:4001": left4 + ":4001", "[::]:4002": left4 + ":4002",
		"[::ffff:" + left4 + "]:4003": left4 + ":4003", left4 + ":0": left4 + ":",
	} {
		d := left.Dialer()
		d.LocalAddr = netip.MustParseAddrPort(from)
		conn, err := d.Dial("tcp", right4+":"+port)
		if assert.NoError(t, err, from) {
			assert.Contains(t, conn.LocalAddr().String(), want)
			assert.NoError(t, conn.Close())
		}
	}
}

// TestDialZone dials a link-local address, whose zone is a NIC.
func TestDialZone(t *testing.T) {
	left, right := newPair(t)
	for s, ip := range map[*netstack.Stack]string{left: "fe80::1/64", right: "fe80::2/64"} {
		require.NoError(t, s.AddAddress(1, netip.MustParsePrefix(ip)))
		require.NoError(t, s.SetRouteTable([]netstack.Route{{Destination: netip.MustParsePrefix("fe80::/64"), NIC: 1}}))
	}
	p, err := right.ListenPacket("udp", "[fe80::2%1]:0")
	require.NoError(t, err)
	defer p.Close()
	address := p.LocalAddr().String()
	conn, err := left.Dial("udp", address)
	require.NoError(t, err)
	defer conn.Close()
	_, err = conn.Write([]byte("hello"))
	require.NoError(t, err)
	b := make([]byte, 9)
	n, from, err := p.ReadFrom(b)
	require.NoError(t, err)
	assert.Equal(t, "hello", string(b[:n]))
	assert.NotEmpty(t, from.(*net.UDPAddr).Zone)
	_, err = p.WriteTo([]byte("back"), from)
	require.NoError(t, err)
	n, err = conn.Read(b)
	require.NoError(t, err)
	assert.Equal(t, "back", string(b[:n]))
}
