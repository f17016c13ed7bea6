package listener_test

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/listener"
)

// trusting returns a ProxyProtocol for peers on this machine.
func trusting(t *testing.T) *listener.ProxyProtocol {
	t.Helper()
	return &listener.ProxyProtocol{Trusted: prefixes(t, "127.0.0.0/8", "::1")}
}

// say dials and sends text.
func say(t *testing.T, l net.Listener, text string) net.Conn {
	t.Helper()
	c := dial(t, l)
	_, err := io.WriteString(c, text)
	require.NoError(t, err)
	return c
}

func TestBadProxyProtocol(t *testing.T) {
	_, err := listener.New(t.Context(), &listener.Config{Address: "127.0.0.1:0", ProxyProtocol: &listener.ProxyProtocol{
		Allow: prefixes(t, "10.0.0.0/8")[:1:1], HeaderTimeout: -time.Second, MaxHeader: 51, Untrusted: 5,
	}})
	require.Error(t, err)
	for _, want := range []string{
		"ProxyProtocol.Trusted: is empty: nobody could connect; name the proxies",
		"ProxyProtocol.HeaderTimeout=-1s: must not be negative",
		"ProxyProtocol.MaxHeader=51: is not from 52 to 4112",
		"ProxyProtocol.Untrusted=unknown: 5 is not a policy",
	} {
		assert.Contains(t, err.Error(), "listener: config: "+want)
	}
	assert.Equal(t, "refuse", listener.RefuseUntrusted.String())
	assert.Equal(t, "direct", listener.DirectUntrusted.String())
}

func TestProxyProtocol(t *testing.T) {
	for name, test := range goodHeaders {
		t.Run(name, func(t *testing.T) {
			noLeak(t)
			l := open(t, &listener.Config{Address: "127.0.0.1:0", ProxyProtocol: trusting(t)})
			client := say(t, l, test.text+"hello")
			server := accept(t, l)
			if test.source == "" {
				assert.Equal(t, client.LocalAddr().String(), server.RemoteAddr().String())
				assert.Equal(t, client.RemoteAddr().String(), server.LocalAddr().String())
			} else {
				assert.Equal(t, test.source, server.RemoteAddr().String())
				assert.Equal(t, test.destination, server.LocalAddr().String())
			}
			h, ok := listener.ProxyHeaderOf(server)
			require.True(t, ok)
			assert.Equal(t, test.version, h.Version)
			assert.Len(t, h.TLVs, test.tlvs)
			buf := make([]byte, 5)
			_, err := io.ReadFull(server, buf)
			require.NoError(t, err)
			assert.Equal(t, "hello", string(buf))
			assert.Equal(t, client.LocalAddr().String(), server.(interface{ NetConn() net.Conn }).NetConn().RemoteAddr().String())
			roundTripFrom(t, server, client)
		})
	}
}

// roundTripFrom proves that nothing, such as the deadline of the header, is left on the conn.
func roundTripFrom(t *testing.T, server, client net.Conn) {
	t.Helper()
	_, err := io.WriteString(server, "hello")
	require.NoError(t, err)
	buf := make([]byte, 5)
	_, err = io.ReadFull(client, buf)
	require.NoError(t, err)
	assert.Equal(t, "hello", string(buf))
}

func TestBadHeadersAreNeverAccepted(t *testing.T) {
	noLeak(t)
	events := make(chan listener.Event, 100)
	p := trusting(t)
	p.HeaderTimeout = 100 * time.Millisecond
	l := open(t, &listener.Config{Address: "127.0.0.1:0", ProxyProtocol: p, OnEvent: ends(func(e listener.Event) { events <- e })})
	conns := accepting(t, l)
	for name, test := range badHeaders {
		c := say(t, l, test.text)
		if strings.Contains(test.want, "EOF") {
			require.NoError(t, c.(*net.TCPConn).CloseWrite())
		}
		e := <-events
		assert.Equal(t, listener.HeaderFailed, e.Kind, name)
		assert.Equal(t, "read PROXY header", failure(t, e.Err).Op)
		assert.Equal(t, c.LocalAddr().String(), e.Remote.String())
	}
	none(t, conns)
	eventually(t, "nothing is left", func() bool { return stats(l).Active+stats(l).Pending == 0 })
	s := stats(l)
	assert.Equal(t, int64(len(badHeaders)), s.HeadersFailed)
	assert.Zero(t, s.Accepted)
}

func TestASilentProxyDelaysNobody(t *testing.T) {
	noLeak(t)
	p := trusting(t)
	p.HeaderTimeout = 5 * time.Second // for the one that is not silent too
	events := make(chan listener.Event, 1)
	l := open(t, &listener.Config{Address: "127.0.0.1:0", ProxyProtocol: p, OnEvent: ends(func(e listener.Event) { events <- e })})
	start := time.Now()
	silent := say(t, l, "PROXY TCP4 1.1")
	say(t, l, goodHeaders["TCP4"].text)
	accept(t, l)
	assert.Less(t, time.Since(start), p.HeaderTimeout)
	ended(t, silent)
	assert.GreaterOrEqual(t, time.Since(start), p.HeaderTimeout)
	assert.True(t, failure(t, (<-events).Err).Timeout())
}

func TestUntrustedPeers(t *testing.T) {
	noLeak(t)
	l := open(t, &listener.Config{Address: "127.0.0.1:0", ProxyProtocol: &listener.ProxyProtocol{Trusted: prefixes(t, "10.0.0.0/8")}})
	conns := accepting(t, l)
	refused(t, l, "")
	none(t, conns)
	assert.Equal(t, int64(1), stats(l).RefusedUntrusted)

	l = open(t, &listener.Config{Address: "127.0.0.1:0", MaxConnsPerSource: 1, ProxyProtocol: &listener.ProxyProtocol{
		Trusted: prefixes(t, "10.0.0.0/8"), Untrusted: listener.DirectUntrusted,
	}})
	conns = accepting(t, l)
	client := say(t, l, goodHeaders["TCP4"].text)
	server := <-conns
	assert.Equal(t, client.LocalAddr().String(), server.RemoteAddr().String())
	_, ok := listener.ProxyHeaderOf(server)
	assert.False(t, ok)
	buf := make([]byte, len(goodHeaders["TCP4"].text))
	_, err := io.ReadFull(server, buf)
	require.NoError(t, err)
	assert.Equal(t, goodHeaders["TCP4"].text, string(buf), "it is never parsed")
	refused(t, l, "")
	assert.Equal(t, int64(1), stats(l).RefusedBySource)
	require.NoError(t, server.Close())
	_, ok = listener.ProxyHeaderOf(client)
	assert.False(t, ok)
}

func TestRulesAndLimitsOfAnnouncedSources(t *testing.T) {
	noLeak(t)
	p := trusting(t)
	p.Allow = prefixes(t, "10.0.0.0/8")
	l := open(t, &listener.Config{
		Address: "127.0.0.1:0", ProxyProtocol: p, MaxConnsPerSource: 1,
		Allow: prefixes(t, "127.0.0.0/8"), Deny: prefixes(t, "10.9.0.0/16"),
	})
	conns := accepting(t, l)
	from := func(source string) net.Conn {
		return say(t, l, "PROXY TCP4 "+source+" 10.0.0.1 1 2\r\n")
	}
	from("10.1.1.1")
	first := <-conns
	ended(t, from("10.1.1.1"))
	assert.Equal(t, int64(1), stats(l).RefusedBySource)
	ended(t, from("10.9.1.1"))
	ended(t, from("11.1.1.1"))
	eventually(t, "both are counted", func() bool { return stats(l).RefusedAnnounced == 2 })
	from("10.1.1.2")
	second := <-conns
	say(t, l, "PROXY UNKNOWN\r\n")
	third := <-conns // of the proxy itself
	ended(t, say(t, l, "PROXY UNKNOWN\r\n"))
	assert.Equal(t, int64(2), stats(l).RefusedBySource)
	require.NoError(t, first.Close())
	from("10.1.1.1")
	fourth := <-conns
	for _, c := range []net.Conn{second, third, fourth} {
		c.Close()
	}
	assert.Zero(t, listener.Sources(l))
	// A refused conn is reset before it is given up, so the client may know first.
	eventually(t, "nothing is left", func() bool { return stats(l).Active+stats(l).Pending == 0 })
}

func TestHTTPOverTLSWithEverything(t *testing.T) {
	ca := newAuthority(t)
	noLeak(t)
	config := ca.server(t, "127.0.0.1")
	config.NextProtos = []string{"h2", "http/1.1"}
	l := open(t, &listener.Config{
		Address: "127.0.0.1:0", TLS: config, ProxyProtocol: trusting(t), MaxConns: 10, MaxConnsPerSource: 5,
		Allow: prefixes(t, "127.0.0.0/8"), AcceptRate: 1000,
	})
	server := &http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			io.WriteString(w, r.Proto+" "+r.RemoteAddr+" "+r.TLS.NegotiatedProtocol)
		}),
		ConnContext: func(ctx context.Context, c net.Conn) context.Context {
			h, ok := listener.ProxyHeaderOf(c)
			assert.True(t, ok)
			assert.Equal(t, 1, h.Version)
			assert.IsType(t, &tls.Conn{}, c)
			return ctx
		},
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()

	transport := &http.Transport{TLSClientConfig: ca.client(), ForceAttemptHTTP2: true}
	transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := new(net.Dialer).DialContext(ctx, network, address)
		if err == nil {
			_, err = io.WriteString(c, "PROXY TCP4 192.0.2.7 192.0.2.8 1234 443\r\n")
		}
		return c, err
	}
	response, err := (&http.Client{Transport: transport}).Get("https://" + l.Addr().String())
	require.NoError(t, err)
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	response.Body.Close()
	assert.Equal(t, "HTTP/2.0 192.0.2.7:1234 h2", string(body))
	transport.CloseIdleConnections()

	t.Run("curl", func(t *testing.T) {
		if runtime.GOOS == "windows" {
			t.Skip("no curl is installed under wine")
		}
		curl, err := exec.LookPath("curl")
		if err != nil {
			skipUnlessCI(t, "curl is missing")
		}
		out, err := exec.CommandContext(t.Context(), curl, "-ksS", "--http2", "--haproxy-protocol", "https://"+l.Addr().String()).CombinedOutput()
		require.NoError(t, err, string(out))
		assert.Regexp(t, `^HTTP/2\.0 127\.0\.0\.1:\d+ h2$`, string(out))
	})
	require.NoError(t, server.Shutdown(t.Context()))
	require.ErrorIs(t, <-served, http.ErrServerClosed)
	require.NoError(t, l.(listener.Listener).Shutdown(t.Context()))
	assert.GreaterOrEqual(t, stats(l).Accepted, int64(1))
}
