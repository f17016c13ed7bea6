package httpx_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/httpx"
)

func noHeader(context.Context, *url.URL, string) (http.Header, error) { return nil, nil }

func noAnswer(context.Context, *url.URL, *http.Request, *http.Response) error { return nil }

func TestDefaultsAreFreshAndBounded(t *testing.T) {
	a, b := newTransport(t, nil), newTransport(t, &httpx.TransportConfig{})
	assert.NotSame(t, a, b)
	assert.NotSame(t, a.TLSClientConfig, b.TLSClientConfig)
	assert.NotSame(t, a.HTTP2, b.HTTP2)
	assert.NotSame(t, a.Protocols, b.Protocols)
	for _, rt := range []*http.Transport{a, b} {
		assert.Equal(t, httpx.DefaultTLSHandshakeTimeout, rt.TLSHandshakeTimeout)
		assert.Equal(t, httpx.DefaultResponseHeaderTimeout, rt.ResponseHeaderTimeout)
		assert.Equal(t, httpx.DefaultExpectContinueTimeout, rt.ExpectContinueTimeout)
		assert.Equal(t, httpx.DefaultIdleConnTimeout, rt.IdleConnTimeout)
		assert.Equal(t, httpx.DefaultMaxIdleConns, rt.MaxIdleConns)
		assert.Equal(t, httpx.DefaultMaxIdleConnsPerHost, rt.MaxIdleConnsPerHost)
		assert.EqualValues(t, httpx.DefaultMaxResponseHeaderBytes, rt.MaxResponseHeaderBytes)
		assert.Equal(t, httpx.DefaultReadBufferSize, rt.ReadBufferSize)
		assert.Equal(t, httpx.DefaultWriteBufferSize, rt.WriteBufferSize)
		assert.Equal(t, httpx.DefaultSendPingTimeout, rt.HTTP2.SendPingTimeout)
		assert.Equal(t, httpx.DefaultPingTimeout, rt.HTTP2.PingTimeout)
		assert.Equal(t, protocols("h1", "h2"), *rt.Protocols)
	}
}

func TestNegativeMeansNone(t *testing.T) {
	rt := newTransport(t, &httpx.TransportConfig{
		ResponseHeaderTimeout: -1, ExpectContinueTimeout: -1, IdleConnTimeout: -1, MaxIdleConns: -1, MaxIdleConnsPerHost: -1,
		DialTimeout: -1, HTTP2: &http.HTTP2Config{SendPingTimeout: -1},
	})
	assert.Zero(t, rt.ResponseHeaderTimeout)
	assert.Zero(t, rt.ExpectContinueTimeout)
	assert.Zero(t, rt.IdleConnTimeout)
	assert.Zero(t, rt.MaxIdleConns)
	assert.Equal(t, math.MaxInt, rt.MaxIdleConnsPerHost)
	assert.Zero(t, rt.HTTP2.SendPingTimeout)
	server := peerOf(t, protocols("h1"), nil, nil)
	_, body, err := get(t, rt, "http://"+server.addr)
	require.NoError(t, err)
	assert.Equal(t, "HTTP/1.1 tls=false", body)
}

func TestIdleConnsOfAHostFollowThoseOfAll(t *testing.T) {
	assert.Equal(t, 5, newTransport(t, &httpx.TransportConfig{MaxIdleConns: 5}).MaxIdleConnsPerHost)
	unbounded := newTransport(t, &httpx.TransportConfig{MaxIdleConns: -1})
	assert.Equal(t, httpx.DefaultMaxIdleConnsPerHost, unbounded.MaxIdleConnsPerHost)
	assert.Equal(t, 3, newTransport(t, &httpx.TransportConfig{MaxIdleConnsPerHost: 3}).MaxIdleConnsPerHost)
}

func TestEveryKnobReachesTheTransport(t *testing.T) {
	rt := newTransport(t, &httpx.TransportConfig{
		TLSHandshakeTimeout: 1 * time.Second, ResponseHeaderTimeout: 2 * time.Second, ExpectContinueTimeout: 3 * time.Second,
		IdleConnTimeout: 4 * time.Second, MaxIdleConns: 5, MaxIdleConnsPerHost: 4, MaxConnsPerHost: 6,
		MaxResponseHeaderBytes: 7, ReadBufferSize: 8, WriteBufferSize: 9, DisableCompression: true,
		HTTP2: &http.HTTP2Config{
			MaxDecoderHeaderTableSize: 10, MaxEncoderHeaderTableSize: 11,
			MaxReadFrameSize: 1 << 20, MaxReceiveBufferPerConnection: 1 << 21, MaxReceiveBufferPerStream: 1 << 22,
			SendPingTimeout: 12, PingTimeout: 13, WriteByteTimeout: 14,
		},
	})
	assert.Equal(t, 1*time.Second, rt.TLSHandshakeTimeout)
	assert.Equal(t, 2*time.Second, rt.ResponseHeaderTimeout)
	assert.Equal(t, 3*time.Second, rt.ExpectContinueTimeout)
	assert.Equal(t, 4*time.Second, rt.IdleConnTimeout)
	assert.Equal(t, []int{5, 4, 6, 8, 9},
		[]int{rt.MaxIdleConns, rt.MaxIdleConnsPerHost, rt.MaxConnsPerHost, rt.ReadBufferSize, rt.WriteBufferSize})
	assert.EqualValues(t, 7, rt.MaxResponseHeaderBytes)
	assert.True(t, rt.DisableCompression)
	assert.Equal(t, http.HTTP2Config{
		MaxDecoderHeaderTableSize: 10, MaxEncoderHeaderTableSize: 11,
		MaxReadFrameSize: 1 << 20, MaxReceiveBufferPerConnection: 1 << 21, MaxReceiveBufferPerStream: 1 << 22,
		SendPingTimeout: 12, PingTimeout: 13, WriteByteTimeout: 14,
	}, *rt.HTTP2)
	assert.True(t, newTransport(t, &httpx.TransportConfig{DisableKeepAlives: true}).DisableKeepAlives)
}

func TestConfigIsNotChanged(t *testing.T) {
	noLeak(t)
	server := peerOf(t, protocols("h1", "h2"), serverTLS(t, "127.0.0.1"), nil)
	protos := make([]string, 1, 8)
	protos[0] = "h3"
	config := clientTLS(t)
	config.NextProtos = protos
	cfg := &httpx.TransportConfig{TLS: config, HTTP2: &http.HTTP2Config{}, Protocols: new(protocols("h1", "h2"))}
	rt := newTransport(t, cfg)
	cfg.Protocols.SetHTTP2(false) // too late to matter
	cfg.HTTP2.MaxReadFrameSize = -1
	res, _, err := get(t, rt, "https://"+server.addr)
	require.NoError(t, err)
	assert.Equal(t, "HTTP/2.0", res.Proto)
	assert.Equal(t, []string{"h3"}, config.NextProtos)
	assert.Equal(t, []string{"h3", "", "", ""}, protos[:4])
	assert.Nil(t, config.VerifyConnection)
	assert.Empty(t, config.ServerName)
	assert.Equal(t, [][]string{{"h2", "http/1.1"}}, server.offers())
}

func TestNameOfTheURLIsVerifiedWhateverIsDialled(t *testing.T) {
	noLeak(t)
	server := peerOf(t, protocols("h1", "h2"), serverTLS(t, "right.test"), nil)
	for _, set := range [][]string{{"h1"}, {"h2"}} {
		rt := newTransport(t, &httpx.TransportConfig{TLS: clientTLS(t), Dialer: to(server.addr), Protocols: new(protocols(set...))})
		_, _, err := get(t, rt, "https://right.test")
		require.NoError(t, err)
		_, _, err = get(t, rt, "https://wrong.test")
		var bad *tls.CertificateVerificationError
		assert.ErrorAs(t, err, &bad)
	}
	assert.Equal(t, []string{"right.test", "wrong.test", "right.test", "wrong.test"}, server.asked())
}

func TestConnsAreKeptAndClosed(t *testing.T) {
	noLeak(t)
	for _, set := range [][]string{{"h1"}, {"h2"}} {
		server := peerOf(t, protocols("h1", "h2"), serverTLS(t, "127.0.0.1"), nil)
		rt := newTransport(t, &httpx.TransportConfig{TLS: clientTLS(t), Protocols: new(protocols(set...))})
		for range 5 {
			_, _, err := get(t, rt, "https://"+server.addr)
			require.NoError(t, err)
		}
		assert.Equal(t, 1, server.count())
		rt.CloseIdleConnections()
		eventually(t, "closed", func() bool { return server.open() == 0 })
	}
}

func TestDisableKeepAlivesClosesEachConn(t *testing.T) {
	noLeak(t)
	server := peerOf(t, protocols("h1"), nil, nil)
	rt := newTransport(t, &httpx.TransportConfig{DisableKeepAlives: true})
	for range 3 {
		_, _, err := get(t, rt, "http://"+server.addr)
		require.NoError(t, err)
	}
	assert.Equal(t, 3, server.count())
	eventually(t, "closed", func() bool { return server.open() == 0 })
}

// silent accepts conns and says nothing on them, until the test ends.
func silent(t *testing.T) string {
	t.Helper()
	l := listen(t)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { c.Close() })
		}
	}()
	t.Cleanup(func() { l.Close(); <-done })
	return l.Addr().String()
}

func TestHandshakeTimeoutHoldsWithADialer(t *testing.T) {
	noLeak(t)
	addr := silent(t)
	for _, set := range [][]string{{"h1"}, {"h2"}, {"h1", "h2"}} {
		rt := newTransport(t, &httpx.TransportConfig{
			Dialer: to(addr), TLSHandshakeTimeout: 50 * time.Millisecond, Protocols: new(protocols(set...)),
		})
		_, _, err := get(t, rt, "https://silent.test")
		assertTimeout(t, err)
		assert.ErrorContains(t, err, "handshake")
	}
}

func assertTimeout(t *testing.T, err error) {
	t.Helper()
	var timeout interface{ Timeout() bool }
	require.ErrorAs(t, err, &timeout)
	assert.True(t, timeout.Timeout(), "%v", err)
}

func TestResponseHeaderTimeout(t *testing.T) {
	noLeak(t)
	hang := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	for _, set := range []string{"h1", "h2"} {
		server := peerOf(t, protocols(set), serverTLS(t, "127.0.0.1"), hang)
		rt := newTransport(t, &httpx.TransportConfig{TLS: clientTLS(t), ResponseHeaderTimeout: 50 * time.Millisecond})
		_, _, err := get(t, rt, "https://"+server.addr)
		assertTimeout(t, err)
	}
}

func TestDialTimeout(t *testing.T) {
	noLeak(t)
	slow := func(ctx context.Context, _, _ string) (net.Conn, error) {
		<-ctx.Done()
		return nil, &net.OpError{Op: "dial", Err: os.ErrDeadlineExceeded}
	}
	rt := newTransport(t, &httpx.TransportConfig{DialContext: slow, DialTimeout: 20 * time.Millisecond})
	_, _, err := get(t, rt, "http://a.test:81")
	e := failure(t, err)
	assert.Equal(t, "DialTimeout", e.Field)
	assert.Equal(t, "20ms", e.Value)
	assert.ErrorContains(t, err, "a.test:81")
	assertTimeout(t, err)
}

func TestDialersThatMisbehave(t *testing.T) {
	noLeak(t)
	addr := silent(t)
	boom := errors.New("boom")
	for name, test := range map[string]struct {
		dial  dialFunc
		check func(error)
	}{
		"error":   {func(context.Context, string, string) (net.Conn, error) { return nil, boom }, func(err error) { assert.ErrorIs(t, err, boom) }},
		"nothing": {func(context.Context, string, string) (net.Conn, error) { return nil, nil }, func(err error) { assert.Equal(t, "Dialer", failure(t, err).Field) }},
		"late": {func(ctx context.Context, _, _ string) (net.Conn, error) {
			<-ctx.Done()
			return net.Dial("tcp", addr)
		}, func(err error) { assert.ErrorIs(t, err, context.DeadlineExceeded) }},
	} {
		t.Run(name, func(t *testing.T) {
			rt := newTransport(t, &httpx.TransportConfig{Dialer: test.dial, DialTimeout: 20 * time.Millisecond})
			_, _, err := get(t, rt, "http://a.test")
			require.Error(t, err)
			test.check(err)
		})
	}
}

func TestHeaderLimit(t *testing.T) {
	noLeak(t)
	long := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Long", strings.Repeat("x", len(r.URL.Path)<<10))
	})
	for _, set := range []string{"h1", "h2"} {
		server := peerOf(t, protocols(set), serverTLS(t, "127.0.0.1"), long)
		rt := newTransport(t, &httpx.TransportConfig{TLS: clientTLS(t), MaxResponseHeaderBytes: 8 << 10})
		_, _, err := get(t, rt, "https://"+server.addr+"/1234")
		require.NoError(t, err)
		_, _, err = get(t, rt, "https://"+server.addr+"/123456789")
		assert.Error(t, err)
	}
}

func TestExpectContinue(t *testing.T) {
	noLeak(t)
	server := peerOf(t, protocols("h1"), nil, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n, _ := io.Copy(io.Discard, r.Body)
		fmt.Fprint(w, n)
	}))
	for _, wait := range []time.Duration{0, -1} {
		rt := newTransport(t, &httpx.TransportConfig{ExpectContinueTimeout: wait})
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+server.addr, strings.NewReader("hello"))
		require.NoError(t, err)
		req.Header.Set("Expect", "100-continue")
		res, err := rt.RoundTrip(req)
		require.NoError(t, err)
		body, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		res.Body.Close()
		assert.Equal(t, "5", string(body))
	}
}

func TestUpgradeGoesOverHTTP1(t *testing.T) {
	noLeak(t)
	server := peerOf(t, protocols("h1", "h2"), serverTLS(t, "127.0.0.1"), nil)
	upgrade := func(rt http.RoundTripper) (*http.Response, error) {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+server.addr, nil)
		require.NoError(t, err)
		req.Header.Set("Connection", "Upgrade")
		req.Header.Set("Upgrade", "websocket")
		return rt.RoundTrip(req)
	}
	res, err := upgrade(newTransport(t, &httpx.TransportConfig{TLS: clientTLS(t)}))
	require.NoError(t, err)
	res.Body.Close()
	assert.Equal(t, "HTTP/1.1", res.Proto)

	_, err = upgrade(newTransport(t, &httpx.TransportConfig{TLS: clientTLS(t), Protocols: new(protocols("h2"))}))
	assert.Equal(t, "Protocols", failure(t, err).Field)
	assert.False(t, slices.ContainsFunc(server.offers(), func(o []string) bool { return slices.Contains(o, "h3") }))
}
