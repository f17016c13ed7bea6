package connectudp_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/quicx/http3x"
	"github.com/strata-net/strata/quicx/http3x/connectudp"
)

var never time.Time

func soon() time.Time { return time.Now().Add(300 * time.Millisecond) }

// Datagrams go to targets of both versions and by name, in QUIC datagrams and in capsules.
func TestProxy(t *testing.T) {
	for name, tt := range map[string]struct{ client, server bool }{
		"datagrams": {true, true}, "capsules": {false, false}, "client has none": {false, true}, "server has none": {true, false},
	} {
		t.Run(name, func(t *testing.T) {
			noLeak(t)
			p := serve(t, connectudp.HandlerConfig{}, tt.server)
			d := p.dialer(t, "", tt.client)
			v4, v6 := echo(t, "udp4", "127.0.0.1:0"), echo(t, "udp6", "[::1]:0")
			_, port, err := net.SplitHostPort(v4)
			require.NoError(t, err)
			for _, target := range []string{v4, v6, "localhost:" + port} {
				c := dial(t, d, target)
				assert.Equal(t, target, c.RemoteAddr().String())
				assert.Equal(t, "udp", c.RemoteAddr().Network())
				for _, size := range []int{0, 1, 1000} {
					exchange(t, c, size)
				}
				if !tt.client || !tt.server {
					exchange(t, c, 1900)
				}
			}
			eventually(t, "three sessions", func() bool { return p.Stats().Open == 3 && p.Stats().Total == 3 })
		})
	}
}

// Sessions through one proxy conn do not see each other's datagrams; as a PacketConn a session is one with its target.
func TestPacketConn(t *testing.T) {
	noLeak(t)
	p := serve(t, connectudp.HandlerConfig{Template: "/masque?h={target_host}&p={target_port}&v=1"}, true)
	d := p.dialer(t, "/masque?h={target_host}&p={target_port}&v=1", true)
	one, two := dial(t, d, echo(t, "udp", "127.0.0.1:0")), dial(t, d, echo(t, "udp", "127.0.0.1:0"))
	exchange(t, one, 10)
	exchange(t, two, 20)
	n, err := one.WriteTo([]byte("hello"), one.RemoteAddr())
	require.NoError(t, err)
	assert.Equal(t, 5, n)
	_, err = one.WriteTo([]byte("hello"), two.RemoteAddr())
	assert.ErrorIs(t, err, net.ErrWriteToConnected)
	b := make([]byte, 3)
	n, from, err := one.ReadFrom(b)
	require.NoError(t, err)
	assert.Equal(t, "hel", string(b[:n]), "what does not fit is lost")
	assert.Equal(t, one.RemoteAddr(), from)
	require.NoError(t, two.SetReadDeadline(soon()))
	_, _, err = two.ReadFrom(b)
	assert.ErrorIs(t, err, os.ErrDeadlineExceeded)
}

func TestConnDeadlinesAndClose(t *testing.T) {
	noLeak(t)
	for _, datagrams := range []bool{true, false} {
		p := serve(t, connectudp.HandlerConfig{}, datagrams)
		c := dial(t, p.dialer(t, "", datagrams), echo(t, "udp", "127.0.0.1:0"))
		assert.NotNil(t, c.LocalAddr())
		require.NoError(t, c.SetDeadline(time.Now().Add(-time.Second)))
		_, err := c.Read(make([]byte, 1))
		assert.ErrorIs(t, err, os.ErrDeadlineExceeded)
		_, err = c.Write([]byte("x"))
		assert.ErrorIs(t, err, os.ErrDeadlineExceeded)
		require.NoError(t, c.SetDeadline(never))
		exchange(t, c, 10)

		read := make(chan error, 1)
		go func() {
			_, err := c.Read(make([]byte, 1))
			read <- err
		}()
		require.NoError(t, c.SetReadDeadline(time.Now().Add(time.Hour)))
		require.NoError(t, c.SetReadDeadline(time.Now().Add(10*time.Millisecond)))
		assert.ErrorIs(t, <-read, os.ErrDeadlineExceeded)
		require.NoError(t, c.SetReadDeadline(never))
		go func() {
			_, err := c.Read(make([]byte, 1))
			read <- err
		}()
		require.NoError(t, c.Close())
		assert.ErrorIs(t, <-read, net.ErrClosed)
		require.NoError(t, c.Close())
		_, err = c.Read(make([]byte, 1))
		assert.ErrorIs(t, err, net.ErrClosed)
		_, err = c.Write([]byte("x"))
		assert.ErrorIs(t, err, net.ErrClosed)
		assert.ErrorIs(t, c.SetDeadline(never), net.ErrClosed)
		eventually(t, "no session", func() bool { return p.Stats().Open == 0 })
		assert.Empty(t, p.errors, "an end by the client is none")
	}
}

// What is too large is dropped and counted, on both ways, and the session goes on.
func TestTooLarge(t *testing.T) {
	noLeak(t)
	p := serve(t, connectudp.HandlerConfig{}, true)
	target, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	defer target.Close()
	c := dial(t, p.dialer(t, "", true), target.LocalAddr().String())
	_, err = c.Write(make([]byte, 1600))
	large, ok := errors.AsType[*quic.DatagramTooLargeError](err)
	require.True(t, ok, "%v", err)
	assert.Greater(t, large.MaxDatagramPayloadSize, int64(1000))
	_, err = c.Write(make([]byte, 70_000))
	assert.ErrorContains(t, err, "at most 65527")
	assert.Equal(t, uint64(2), c.Dropped())

	_, err = c.Write([]byte("here"))
	require.NoError(t, err)
	_, from, err := target.ReadFrom(make([]byte, 10))
	require.NoError(t, err)
	for _, size := range []int{1600, 5000} {
		_, err = target.WriteTo(make([]byte, size), from)
		require.NoError(t, err)
	}
	_, err = target.WriteTo([]byte("fits"), from)
	require.NoError(t, err)
	b := make([]byte, 2000)
	n, err := c.Read(b)
	require.NoError(t, err)
	assert.Equal(t, "fits", string(b[:n]))
	require.NoError(t, c.Close())
	eventually(t, "counted", func() bool { return p.Stats().Dropped == 2 })
	assert.Equal(t, uint64(1), p.Stats().Sent)
	assert.Equal(t, uint64(1), p.Stats().Received)
}

// inUse uses a session for twice the idle time, and returns false if it was not
// used for that time meanwhile, since a busy machine let the test wait: then it
// may have ended.
func inUse(t *testing.T, c *connectudp.Conn, used time.Time, idle time.Duration) bool {
	t.Helper()
	for end := time.Now().Add(2 * idle); time.Now().Before(end); time.Sleep(idle / 10) {
		began := time.Now()
		_, err := c.Write([]byte("x"))
		if err == nil {
			require.NoError(t, c.SetReadDeadline(time.Now().Add(time.Minute)))
			_, err = c.Read(make([]byte, 10)) // the session ends if a datagram got lost
		}
		if err != nil {
			require.ErrorIs(t, err, io.EOF)
			require.GreaterOrEqual(t, time.Since(used), idle, "it has ended too early")
			return false
		}
		used = began
	}
	require.NoError(t, c.SetReadDeadline(never))
	return true
}

// A session that nobody uses, whose target's port is closed, or whose proxy ends, is told.
func TestSessionEnds(t *testing.T) {
	noLeak(t)
	ended := func(c *connectudp.Conn) {
		_, err := c.Read(make([]byte, 10))
		assert.ErrorIs(t, err, io.EOF)
		assert.ErrorContains(t, err, "the proxy has ended the session")
		_, err = c.Write([]byte("x"))
		assert.ErrorIs(t, err, io.EOF)
	}
	t.Run("idle", func(t *testing.T) {
		const idle = 300 * time.Millisecond
		p := serve(t, connectudp.HandlerConfig{IdleTimeout: idle}, true)
		d, target := p.dialer(t, "", true), echo(t, "udp", "127.0.0.1:0")
		var c *connectudp.Conn
		for begin := time.Now(); ; {
			require.Less(t, time.Since(begin), time.Minute, "this machine is never quick enough")
			used := time.Now()
			c = dial(t, d, target)
			if inUse(t, c, used, idle) {
				break
			}
			assert.ErrorContains(t, <-p.errors, "idle timeout")
		}
		ended(c)
		assert.ErrorContains(t, <-p.errors, "idle timeout")
	})
	t.Run("port closed", func(t *testing.T) {
		p := serve(t, connectudp.HandlerConfig{}, true)
		c := dial(t, p.dialer(t, "", true), quietAddr(t))
		_, err := c.Write([]byte("x"))
		require.NoError(t, err)
		ended(c)
		assert.ErrorContains(t, <-p.errors, "the target")
	})
	t.Run("closed", func(t *testing.T) {
		p := serve(t, connectudp.HandlerConfig{}, true)
		d := p.dialer(t, "", true)
		target := echo(t, "udp", "127.0.0.1:0")
		c := dial(t, d, target)
		exchange(t, c, 10)
		require.NoError(t, p.Close())
		ended(c)
		assert.ErrorIs(t, <-p.errors, net.ErrClosed)
		_, err := d.DialContext(t.Context(), "udp", target)
		refused(t, err, 503, "proxy_internal_error")
	})
}

func refused(t *testing.T, err error, status int, kind string) {
	t.Helper()
	r, ok := errors.AsType[*connectudp.RefusedError](err)
	require.True(t, ok, "%v", err)
	assert.Equal(t, status, r.StatusCode)
	assert.Equal(t, "connect-udp; error="+kind, r.ProxyStatus)
	assert.ErrorContains(t, err, kind)
}

type failing struct{ err error }

func (f failing) DialContext(context.Context, string, string) (net.Conn, error) { return nil, f.err }

func TestRefused(t *testing.T) {
	noLeak(t)
	no := errors.New("not you")
	resolver := func(err error) *net.Resolver {
		return &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) { return nil, err }}
	}
	for _, tt := range []struct {
		name, target string
		cfg          connectudp.HandlerConfig
		status       int
		kind         string
	}{
		{"policy", "127.0.0.1:53", connectudp.HandlerConfig{Allow: func(r *http.Request, target string) error {
			assert.Equal(t, "127.0.0.1:53", target)
			assert.Equal(t, "me", r.Header.Get("X-Who"))
			return no
		}}, 403, "http_request_denied"},
		{"address", "10.1.2.3:53", connectudp.HandlerConfig{}, 502, "destination_ip_prohibited"},
		{"private by default", "localhost:53", connectudp.HandlerConfig{AllowAddr: func(_ *http.Request, a netip.AddrPort) error { return connectudp.Public(a.Addr()) }}, 502, "destination_ip_prohibited"},
		{"name", "nobody.invalid:53", connectudp.HandlerConfig{Resolver: resolver(no)}, 502, "dns_error"},
		{"slow name", "nobody.invalid:53", connectudp.HandlerConfig{Resolver: resolver(os.ErrDeadlineExceeded)}, 504, "dns_timeout"},
		{"route", "127.0.0.1:53", connectudp.HandlerConfig{Dialer: failing{no}}, 502, "destination_ip_unroutable"},
		{"slow", "127.0.0.1:53", connectudp.HandlerConfig{Dialer: failing{os.ErrDeadlineExceeded}}, 504, "connection_timeout"},
		{"firewall", "127.0.0.1:53", connectudp.HandlerConfig{Dialer: failing{syscall.EACCES}}, 502, "destination_ip_prohibited"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := serve(t, tt.cfg, true)
			_, err := p.dialer(t, "", true).Dial("udp", tt.target)
			refused(t, err, tt.status, tt.kind)
			assert.ErrorContains(t, err, "http3x: dial connect-udp "+tt.target)
			assert.ErrorContains(t, <-p.errors, "http3x: serve connect-udp 127.0.0.1:")
			assert.Equal(t, connectudp.HandlerStats{Refused: 1}, p.Stats())
		})
	}
}

func TestSessionLimits(t *testing.T) {
	noLeak(t)
	target := echo(t, "udp", "127.0.0.1:0")
	for _, cfg := range []connectudp.HandlerConfig{{MaxSessions: 2}, {MaxSessionsPerSource: 2}} {
		p := serve(t, cfg, true)
		d := p.dialer(t, "", true)
		one := dial(t, d, target)
		dial(t, d, target)
		_, err := d.DialContext(t.Context(), "udp", target)
		refused(t, err, 503, "connection_limit_reached")
		require.NoError(t, one.Close())
		eventually(t, "room", func() bool { return p.Stats().Open == 1 })
		exchange(t, dial(t, d, target), 10)
	}
}

// Requests of other kinds get an answer of HTTP.
func TestHandlerRequests(t *testing.T) {
	noLeak(t)
	p := serve(t, connectudp.HandlerConfig{}, true)
	tr := transport(t, true)
	for _, tt := range []struct {
		method, protocol, path string
		want                   int
	}{
		{"GET", "HTTP/1.1", "/", 405},
		{"CONNECT", "websocket", "/", 501},
		{"CONNECT", "connect-udp", "/", 400},
		{"CONNECT", "connect-udp", "/.well-known/masque/udp/a/0/", 400},
		{"CONNECT", "connect-udp", "/.well-known/masque/udp/a%2fb/1/", 400},
		{"CONNECT", "connect-udp", "/.well-known/masque/udp/fe80%3A%3A1%25eth0/1/", 400},
	} {
		r, err := http.NewRequestWithContext(t.Context(), tt.method, p.url+tt.path, nil)
		require.NoError(t, err)
		r.Proto = tt.protocol
		res, err := tr.RoundTrip(r)
		require.NoError(t, err)
		res.Body.Close()
		assert.Equal(t, tt.want, res.StatusCode, "%+v", tt)
		assert.Contains(t, res.Header.Get("Proxy-Status"), "error=http_request_error")
	}
}

// What a hostile or newer client sends: unknown capsules are skipped, unknown contexts dropped and counted, a payload
// that no UDP has ends the session.
func TestCapsules(t *testing.T) {
	noLeak(t)
	p := serve(t, connectudp.HandlerConfig{}, true)
	d, err := http3x.NewExtendedDialer(transport(t, true), 0)
	require.NoError(t, err)
	defer d.Close()
	host, port, err := net.SplitHostPort(echo(t, "udp", "127.0.0.1:0"))
	require.NoError(t, err)
	r, err := http3x.NewExtendedRequest(t.Context(), "connect-udp", p.url+"/.well-known/masque/udp/"+host+"/"+port+"/")
	require.NoError(t, err)
	c, res, err := d.Dial(r)
	require.NoError(t, err)
	defer c.Close()
	assert.Equal(t, "?1", res.Header.Get("Capsule-Protocol"))
	assert.Equal(t, `connect-udp; next-hop="`+net.JoinHostPort(host, port)+`"`, res.Header.Get("Proxy-Status"))
	for _, datagram := range []string{"", "\x01other", "\xc0", "\x00last"} { // none, another, and half a context
		require.NoError(t, c.SendDatagram([]byte(datagram)))
	}
	b, err := c.ReceiveDatagram(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "\x00last", string(b))
	_, err = c.Write([]byte("\x17\x03abc" + "\x00\x02\x02x" + "\x00\x03\x00hi"))
	require.NoError(t, err)
	b, err = c.ReceiveDatagram(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "\x00hi", string(b))
	_, err = c.Write([]byte("\x00\x80\x01\x00\x08")) // 65544 bytes to come
	require.NoError(t, err)
	_, err = c.Read(make([]byte, 1))
	assert.ErrorIs(t, err, io.EOF)
	assert.ErrorContains(t, <-p.errors, "more than 65527 bytes")
	eventually(t, "counted", func() bool { return p.Stats().Dropped == 4 })
}

// QUIC runs through the proxy: HTTP/3 in UDP in HTTP/3.
func TestQUICThrough(t *testing.T) {
	t.Setenv("QUIC_GO_DISABLE_RECEIVE_BUFFER_WARNING", "true") // this one is no socket
	noLeak(t)
	inner := serve(t, connectudp.HandlerConfig{}, true) // its answers do as well as others
	outer := serve(t, connectudp.HandlerConfig{}, true)
	c := dial(t, outer.dialer(t, "", true), inner.url[len("https://"):])
	qt := &quic.Transport{Conn: c}
	conn, err := qt.Dial(t.Context(), c.RemoteAddr(), &tls.Config{RootCAs: authority().Pool(), NextProtos: []string{http3.NextProtoH3}}, &quic.Config{InitialPacketSize: 1200, DisablePathMTUDiscovery: true})
	require.NoError(t, err)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, inner.url, nil)
	require.NoError(t, err)
	res, err := (&http3.Transport{}).NewClientConn(conn).RoundTrip(r)
	require.NoError(t, err)
	res.Body.Close()
	assert.Equal(t, 405, res.StatusCode)
	require.NoError(t, conn.CloseWithError(0, ""))
	require.NoError(t, qt.Close())
}

func TestConfig(t *testing.T) {
	_, err := connectudp.NewHandler(nil)
	assert.EqualError(t, err, "http3x: config: Allow=nil: must be set: a proxy for everybody is never the default")
	_, err = connectudp.NewHandler(&connectudp.HandlerConfig{
		Template: "x", DialTimeout: -1, IdleTimeout: -1, MaxSessions: -1, MaxSessionsPerSource: -1, Name: "a b",
	})
	lines := strings.Split(err.Error(), "\n")
	for i, field := range []string{"Template=x", "Allow=nil", "DialTimeout=-1ns", "IdleTimeout=-1ns", "MaxSessions=-1", "MaxSessionsPerSource=-1", "Name=a b"} {
		require.Greater(t, len(lines), i)
		assert.Contains(t, lines[i], "http3x: config: "+field+": ", "each time in the order of the fields")
	}
	_, err = connectudp.NewDialer(nil)
	assert.ErrorContains(t, err, "Proxy: must begin with https://")
	assert.ErrorContains(t, err, "transport=nil")
	for _, s := range []string{"http://h", "https:///x", "https://{target_host}/{target_port}", "https://h?x{target_host}{target_port}", "https://h/{target_host}"} {
		_, err = connectudp.NewDialer(&connectudp.DialConfig{Proxy: s, Transport: transport(t, true)})
		assert.ErrorContains(t, err, "config: Proxy="+s+": ")
	}
	for _, s := range []string{"https://me:secret@h", "https://me:sec/ret@h/{target_host}/{target_port}", "http://me:secret@h"} {
		_, err = connectudp.NewDialer(&connectudp.DialConfig{Proxy: s, Transport: transport(t, true)})
		require.ErrorContains(t, err, "config: Proxy: ")
		assert.NotContains(t, err.Error(), "sec")
	}
	d, err := connectudp.NewDialer(&connectudp.DialConfig{Proxy: "https://127.0.0.1:1", Transport: transport(t, true)})
	require.NoError(t, err)
	defer d.Close()
	for _, tt := range []struct{ network, address, want string }{
		{"tcp", "127.0.0.1:1", "unknown network tcp"},
		{"udp4", "[::1]:1", "no address of udp4"},
		{"udp6", "127.0.0.1:1", "no address of udp6"},
		{"udp6", "h.test:1", "the proxy resolves names"},
		{"udp", "h.test", "missing port"},
		{"udp", "h.test:0", "the port is not 1 to 65535"},
		{"udp", "[fe80::1%eth0]:1", "has a zone"},
		{"udp", "a/b:1", "neither an address nor a name"},
	} {
		_, err := d.Dial(tt.network, tt.address)
		assert.ErrorContains(t, err, tt.want, "%+v", tt)
		assert.ErrorContains(t, err, "dial connect-udp "+tt.address)
	}
}
