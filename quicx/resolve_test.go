package quicx_test

import (
	"context"
	"net"
	"net/netip"
	"runtime"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/dns/dnsmessage"

	"github.com/strata-net/strata/quicx"
)

// names is a resolver that knows one name, name.test, by an answer of its own.
func names(t *testing.T, addrs ...string) *net.Resolver {
	t.Helper()
	udp, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	require.NoError(t, err)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		b := make([]byte, 1500)
		for {
			n, from, err := udp.ReadFromUDPAddrPort(b)
			if err != nil {
				return
			}
			if reply, err := answer(b[:n], addrs); err == nil {
				udp.WriteToUDPAddrPort(reply, from)
			}
		}
	}()
	t.Cleanup(func() { udp.Close(); <-ended })
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "udp4", udp.LocalAddr().String())
	}}
}

// answer has the addresses of the asked kind.
func answer(query []byte, addrs []string) ([]byte, error) {
	var m dnsmessage.Message
	if err := m.Unpack(query); err != nil {
		return nil, err
	}
	m.Response, m.Additionals = true, nil
	for _, a := range addrs {
		ip := netip.MustParseAddr(a)
		h := dnsmessage.ResourceHeader{Name: m.Questions[0].Name, Class: dnsmessage.ClassINET, TTL: 1}
		switch m.Questions[0].Type {
		case dnsmessage.TypeA:
			if ip.Is4() {
				m.Answers = append(m.Answers, dnsmessage.Resource{Header: h, Body: &dnsmessage.AResource{A: ip.As4()}})
			}
		case dnsmessage.TypeAAAA:
			if ip.Is6() {
				m.Answers = append(m.Answers, dnsmessage.Resource{Header: h, Body: &dnsmessage.AAAAResource{AAAA: ip.As16()}})
			}
		}
	}
	return m.Pack()
}

// portOf is the port of a server.
func portOf(s *server) string { return strconv.Itoa(s.listener.Addr().(*net.UDPAddr).Port) }

func TestDialNameVerifiesTheName(t *testing.T) {
	noLeak(t)
	s := startServer(t, "127.0.0.1:0", nil)
	c := dialer(t, &quicx.DialConfig{Resolver: names(t, "127.0.0.1")})
	conn, err := c.DialContext(t.Context(), "udp", "name.test:"+portOf(s))
	require.NoError(t, err)
	assert.Equal(t, "name.test", (<-s.conns).ConnectionState().TLS.ServerName)
	echo(t, conn, "hello")
}

// TestDialFallsBack has one version of IP not answer: the other one wins after the delay, and nothing of the loser stays.
func TestDialFallsBack(t *testing.T) {
	noLeak(t)
	port := quietPort(t, "127.0.0.1", "::1")
	s := startServer(t, "127.0.0.1:"+port, nil)
	black := listenBlack(t, "[::1]:"+port)
	c := dialer(t, &quicx.DialConfig{Resolver: names(t, "::1", "127.0.0.1"), FallbackDelay: 20 * time.Millisecond})
	conn, err := c.DialContext(t.Context(), "udp", "name.test:"+portOf(s))
	require.NoError(t, err)
	assert.True(t, conn.RemoteAddr().(*net.UDPAddr).IP.Equal(net.IPv4(127, 0, 0, 1)))
	eventually(t, "the loser's socket closes", func() bool { return len(c.Sockets()) == 1 })
	_, _, err = black.ReadFrom(make([]byte, 1500))
	require.NoError(t, err, "the other version was tried")
}

func TestDialNameOfOneNetwork(t *testing.T) {
	noLeak(t)
	s4, s6 := startServer(t, "127.0.0.1:0", nil), startServer(t, "[::1]:0", nil)
	c := dialer(t, &quicx.DialConfig{Resolver: names(t, "::1", "127.0.0.1")})
	conn, err := c.DialContext(t.Context(), "udp4", "name.test:"+portOf(s4))
	require.NoError(t, err)
	end(conn)
	conn, err = c.DialContext(t.Context(), "udp6", "name.test:"+portOf(s6))
	require.NoError(t, err)
	end(conn)
	local := dialer(t, &quicx.DialConfig{Resolver: names(t, "::1", "127.0.0.1"), LocalAddr: "::1"})
	conn, err = local.DialContext(t.Context(), "udp", "name.test:"+portOf(s6))
	require.NoError(t, err, "only addresses that LocalAddr fits are tried")
	end(conn)
}

// TestDialSaysWhatEachAddressDid has all addresses fail, beside each other and one after the other.
func TestDialSaysWhatEachAddressDid(t *testing.T) {
	noLeak(t)
	black := listenBlack(t, "127.0.0.1:0")
	_, port, err := net.SplitHostPort(black.LocalAddr().String())
	require.NoError(t, err)
	for _, delay := range []time.Duration{10 * time.Millisecond, -1} {
		c := dialer(t, &quicx.DialConfig{
			Resolver: names(t, "::1", "127.0.0.1"), FallbackDelay: delay, Timeout: time.Minute,
			QUIC: &quic.Config{HandshakeIdleTimeout: 100 * time.Millisecond},
		})
		start := time.Now()
		_, err = c.DialContext(t.Context(), "udp", "name.test:"+port)
		require.Error(t, err)
		assert.Less(t, time.Since(start), 25*time.Second, "an address alone has 30 s of the Timeout")
		var all quicx.Attempts
		require.ErrorAs(t, err, &all)
		assert.True(t, err.(net.Error).Timeout())
		assert.True(t, all.Timeout())
		require.ErrorIs(t, err, all[0].Err)
		assert.ErrorContains(t, err, "127.0.0.1:"+port+": ")
		assert.ErrorContains(t, err, "[::1]:"+port+": ")
		assert.Len(t, all, 2)
		assert.Empty(t, c.Sockets())
	}
}

func TestDialUnknownName(t *testing.T) {
	noLeak(t)
	c := dialer(t, &quicx.DialConfig{Resolver: names(t)})
	_, err := c.DialContext(t.Context(), "udp", "name.test:1")
	var dns *net.DNSError
	require.ErrorAs(t, err, &dns)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	stuck := &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}}
	_, err = dialer(t, &quicx.DialConfig{Resolver: stuck}).DialContext(ctx, "udp", "name.test:1")
	require.ErrorIs(t, err, context.DeadlineExceeded)
	assert.True(t, err.(net.Error).Timeout())
}

func TestDialNoHostIsThisMachine(t *testing.T) {
	noLeak(t)
	s := startServer(t, "127.0.0.1:0", nil)
	config := trusting()
	config.ServerName = "name.test"
	c := dialer(t, &quicx.DialConfig{TLS: config})
	for _, host := range []string{"", "0.0.0.0", "[::ffff:127.0.0.1]"} {
		conn, err := c.DialContext(t.Context(), "udp", host+":"+portOf(s))
		require.NoError(t, err, host)
		end(conn)
	}
}

func TestDialUnspecifiedIPv6IsThisMachine(t *testing.T) {
	noLeak(t)
	s := startServer(t, "[::1]:0", nil)
	config := trusting()
	config.ServerName = "name.test"
	conn, err := dialer(t, &quicx.DialConfig{TLS: config}).DialContext(t.Context(), "udp", "[::]:"+portOf(s))
	require.NoError(t, err)
	assert.Equal(t, "::1", conn.RemoteAddr().(*net.UDPAddr).IP.String())
	end(conn)
}

// TestDialService dials a port by its name. The address from which it comes is not one that can reach the port, so that
// nothing is sent to whoever may listen there.
func TestDialService(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("wine binds to addresses that nobody has")
	}
	noLeak(t)
	c := dialer(t, &quicx.DialConfig{
		Resolver: names(t, "::1", "127.0.0.1"), LocalAddr: "192.0.2.1", // nobody has it (RFC 5737)
	})
	_, err := c.DialContext(t.Context(), "udp", "name.test:domain")
	require.ErrorIs(t, err, syscall.EADDRNOTAVAIL)
	_, err = c.DialContext(t.Context(), "udp", "name.test:no-such-service")
	var unknown *net.DNSError
	require.ErrorAs(t, err, &unknown)
}

func TestInterleave(t *testing.T) {
	a := func(list ...string) (ips []netip.Addr) {
		for _, s := range list {
			ips = append(ips, netip.MustParseAddr(s))
		}
		return ips
	}
	assert.Equal(t, a("::1", "10.0.0.1", "::2", "10.0.0.2", "::3"), quicx.Interleave(a("::1", "::2", "::3", "10.0.0.1", "10.0.0.2")))
	assert.Equal(t, a("10.0.0.1", "::1", "10.0.0.2"), quicx.Interleave(a("10.0.0.1", "10.0.0.2", "::1")))
	assert.Empty(t, quicx.Interleave(nil))
}

// listenBlack is a socket that never answers.
func listenBlack(t *testing.T, address string) net.PacketConn {
	t.Helper()
	udp, err := net.ListenPacket("udp", address)
	require.NoError(t, err)
	t.Cleanup(func() { udp.Close() })
	return udp
}
