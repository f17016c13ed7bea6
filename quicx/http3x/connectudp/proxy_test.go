package connectudp_test

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"testing"

	"github.com/quic-go/quic-go/http3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/quicx/http3x"
	"github.com/strata-net/strata/quicx/http3x/connectudp"
	"github.com/strata-net/strata/tlsx/pki"
)

// proxy is a handler behind a server on loopback.
type proxy struct {
	*connectudp.Handler
	url    string
	errors chan error
}

// serve runs one. Datagrams says whether the server has them.
func serve(t *testing.T, cfg connectudp.HandlerConfig, datagrams bool) *proxy {
	t.Helper()
	p := &proxy{errors: make(chan error, 100)}
	cfg.OnError = func(_ *http.Request, err error) { p.errors <- err }
	if cfg.Allow == nil {
		cfg.Allow = func(*http.Request, string) error { return nil }
	}
	if cfg.AllowAddr == nil {
		cfg.AllowAddr = func(_ *http.Request, a netip.AddrPort) error {
			if !a.Addr().IsLoopback() {
				return errors.New("not of this test")
			}
			return nil
		}
	}
	h, err := connectudp.NewHandler(&cfg)
	require.NoError(t, err)
	p.Handler = h
	p.url = serveHandler(t, h, datagrams)
	t.Cleanup(func() { assert.NoError(t, h.Close()) })
	return p
}

// serveHandler runs any handler, and returns its URL.
func serveHandler(t *testing.T, h http.Handler, datagrams bool) string {
	t.Helper()
	cert := issue(t, &pki.Leaf{Names: []string{"127.0.0.1"}, Server: true})
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	server := &http3x.ServerConfig{Handler: h, EnableDatagrams: datagrams}
	server.Listen.TLS = &tls.Config{Certificates: []tls.Certificate{cert.TLS()}}
	s, err := http3x.NewServer(server)
	require.NoError(t, err)
	served := make(chan error, 1)
	go func() { served <- s.Serve(conn) }()
	t.Cleanup(func() {
		assert.NoError(t, s.Close())
		<-served
		assert.NoError(t, conn.Close())
	})
	return "https://" + conn.LocalAddr().String()
}

func transport(t *testing.T, datagrams bool) *http3.Transport {
	t.Helper()
	cfg := &http3x.Config{EnableDatagrams: datagrams}
	cfg.Dial.TLS = &tls.Config{RootCAs: authority().Pool()}
	rt, err := http3x.NewTransport(cfg)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, rt.Close()) })
	return rt
}

// dialer returns one for a proxy, with a template that is not the default.
func (p *proxy) dialer(t *testing.T, path string, datagrams bool) *connectudp.Dialer {
	t.Helper()
	return dialerFor(t, p.url+path, datagrams)
}

// dialerFor returns one for any template.
func dialerFor(t *testing.T, template string, datagrams bool) *connectudp.Dialer {
	t.Helper()
	d, err := connectudp.NewDialer(&connectudp.DialConfig{Proxy: template, Transport: transport(t, datagrams), Header: http.Header{"X-Who": {"me"}}})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, d.Close()) })
	return d
}

// dial opens a session that has to be possible.
func dial(t *testing.T, d *connectudp.Dialer, target string) *connectudp.Conn {
	t.Helper()
	c, err := d.DialContext(t.Context(), "udp", target)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, c.Close()) })
	return c.(*connectudp.Conn)
}

// echo sends back datagrams, an empty one as well.
func echo(t *testing.T, network, address string) string {
	t.Helper()
	c, err := net.ListenPacket(network, address)
	require.NoError(t, err)
	var ended sync.WaitGroup
	ended.Go(func() {
		b := make([]byte, 64<<10)
		for {
			n, from, err := c.ReadFrom(b)
			if err != nil {
				return
			}
			c.WriteTo(b[:n], from)
		}
	})
	t.Cleanup(func() {
		c.Close()
		ended.Wait()
	})
	return c.LocalAddr().String()
}

// exchange sends a datagram until it has come back: those of UDP may get lost. Answers to what was sent again are read too,
// so that nobody takes them for others.
func exchange(t *testing.T, c net.Conn, size int) {
	t.Helper()
	message := strings.Repeat("x", size)
	b := make([]byte, 64<<10)
	missing := 0
	eventually(t, "an answer", func() bool {
		_, err := c.Write([]byte(message))
		require.NoError(t, err)
		missing++
		require.NoError(t, c.SetReadDeadline(soon()))
		n, err := c.Read(b)
		if err == nil {
			missing--
		}
		return err == nil && string(b[:n]) == message
	})
	for err := error(nil); missing > 0 && err == nil; missing-- {
		require.NoError(t, c.SetReadDeadline(soon()))
		_, err = c.Read(b)
	}
	require.NoError(t, c.SetReadDeadline(never))
}

func TestPublic(t *testing.T) {
	for _, s := range []string{"1.1.1.1", "8.8.8.8", "::ffff:9.9.9.9", "2606:4700::1111", "2a00:1450::1"} {
		assert.NoError(t, connectudp.Public(netip.MustParseAddr(s)), s)
	}
	for _, s := range []string{
		"127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "0.1.2.3", "255.255.255.255",
		"224.0.0.1", "240.0.0.1", "192.0.2.1", "198.18.0.1", "203.0.113.9", "::", "::1", "::ffff:10.0.0.1", "fe80::1%eth0", "fc00::1", "fec0::1",
		"ff02::1", "2001:db8::1", "64:ff9b::a00:1", "2002:a00:1::", "2001::1", "100::1", "::7f00:1",
		"64:ff9b:1::1", "5f00::1", "200::1", "4000::1", "3fff::1",
	} {
		assert.ErrorContains(t, connectudp.Public(netip.MustParseAddr(s)), "no public address", s)
	}
}

var _ interface {
	Dial(network, address string) (net.Conn, error)
	DialContext(ctx context.Context, network, address string) (net.Conn, error)
} = (*connectudp.Dialer)(nil)
