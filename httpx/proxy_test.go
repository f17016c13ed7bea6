package httpx_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/httpx"
)

// userinfo is the user of the proxies.
const userinfo = "gopher:s%C3%A9cret"

func TestProxiesOfHTTPCarryBothSchemes(t *testing.T) {
	for _, secure := range []bool{false, true} {
		for _, scheme := range []string{"http", "https"} {
			for _, set := range []string{"h1", "h2"} {
				t.Run(fmt.Sprintf("secure=%t/%s/%s", secure, scheme, set), func(t *testing.T) {
					checkProxy(t, secure, scheme, set)
				})
			}
		}
	}
}

func checkProxy(t *testing.T, secure bool, scheme, set string) {
	noLeak(t)
	allowed := protocols("h1", set)
	target := peerOf(t, allowed, nil, nil)
	if scheme == "https" {
		target = peerOf(t, allowed, serverTLS(t, "target.test"), nil)
	}
	var config *tls.Config
	proxyScheme := "http"
	if secure {
		config, proxyScheme = serverTLS(t, "127.0.0.1"), "https"
	}
	proxy := proxyFor(t, target.addr, "gopher:sécret", config)
	cfg := &httpx.TransportConfig{
		TLS: clientTLS(t), Protocols: &allowed, ProxyURL: proxyURL(proxyScheme + "://" + userinfo + "@" + proxy.addr),
	}
	if secure {
		cfg.ProxyTLS = clientTLS(t)
	}
	rt := newTransport(t, cfg)
	for range 2 {
		res, body, err := get(t, rt, scheme+"://target.test/")
		require.NoError(t, err)
		proto, _ := want(scheme, allowed)
		assert.Equal(t, fmt.Sprintf("%s tls=%t", proto, scheme == "https"), body)
		assert.Equal(t, scheme == "https", res.TLS != nil, "the TLS of the proxy is not that of the response")
	}
	if scheme == "https" {
		assert.Equal(t, []string{"CONNECT target.test:443"}, proxy.seen())
		assert.Equal(t, []string{"target.test"}, target.asked())
	} else {
		assert.Equal(t, []string{"GET http://target.test/", "GET http://target.test/"}, proxy.seen())
	}
	assert.Equal(t, 1, proxy.count(), "the conn is used again")
	for _, b := range proxy.firsts() {
		assert.Equal(t, secure, b == 0x16)
	}
	for _, offer := range proxy.offers() {
		assert.Equal(t, []string{"http/1.1"}, offer)
	}
}

func TestProxyRefusesAWrongUser(t *testing.T) {
	noLeak(t)
	proxy := proxyFor(t, "127.0.0.1:1", "gopher:other", nil)
	rt := newTransport(t, &httpx.TransportConfig{ProxyURL: proxyURL("http://gopher:secret@" + proxy.addr)})
	_, _, err := get(t, rt, "https://target.test/")
	assert.ErrorContains(t, err, "Proxy Authentication Required")
	assert.NotContains(t, err.Error(), "secret")
	res, _, err := get(t, rt, "http://target.test/")
	require.NoError(t, err)
	assert.Equal(t, http.StatusProxyAuthRequired, res.StatusCode)
}

func TestTLSOfTheProxyIsNotThatOfTheTarget(t *testing.T) {
	noLeak(t)
	target := peerOf(t, protocols("h1", "h2"), serverTLS(t, "target.test"), nil)
	config := serverTLS(t, "proxy.test")
	asked := make(chan bool, 8)
	config.ClientAuth = tls.RequestClientCert
	config.VerifyConnection = func(s tls.ConnectionState) error {
		asked <- len(s.PeerCertificates) > 0
		return nil
	}
	proxy := proxyFor(t, target.addr, "", config)
	mine := clientTLS(t)
	mine.Certificates = serverTLS(t, "client.test").Certificates
	mine.ServerName = "target.test"
	cfg := &httpx.TransportConfig{
		TLS: mine, ProxyTLS: clientTLS(t), Protocols: new(protocols("h2")), ProxyURL: proxyURL("https://proxy.test"),
		Dialer: to(proxy.addr),
	}
	res, _, err := get(t, newTransport(t, cfg), "https://target.test")
	require.NoError(t, err)
	assert.Equal(t, "HTTP/2.0", res.Proto)
	assert.Equal(t, []string{"proxy.test"}, proxy.asked())
	assert.False(t, <-asked, "the proxy got the certificate that is for the target")

	cfg.ProxyTLS = nil // the system's roots do not know the proxy
	_, _, err = get(t, newTransport(t, cfg), "https://target.test")
	var bad *tls.CertificateVerificationError
	require.ErrorAs(t, err, &bad)
	assert.ErrorContains(t, err, "handshake with proxy proxy.test:443")

	cfg.ProxyTLS = clientTLS(t)
	cfg.ProxyTLS.ServerName = "other.test"
	_, _, err = get(t, newTransport(t, cfg), "https://target.test")
	require.ErrorAs(t, err, &bad)
	assert.ErrorContains(t, err, "other.test")
}

func TestHandshakeWithAProxyEnds(t *testing.T) {
	noLeak(t)
	rt := newTransport(t, &httpx.TransportConfig{
		ProxyURL: proxyURL("https://" + silent(t)), TLSHandshakeTimeout: 50 * time.Millisecond,
	})
	_, _, err := get(t, rt, "https://target.test")
	assert.Equal(t, "TLSHandshakeTimeout", failure(t, err).Field)
	assertTimeout(t, err)
}

func TestProxyThatIsNotThere(t *testing.T) {
	noLeak(t)
	for _, scheme := range []string{"http", "https"} {
		rt := newTransport(t, &httpx.TransportConfig{ProxyURL: proxyURL(scheme + "://" + nobody)})
		_, _, err := get(t, rt, "https://target.test")
		var op *net.OpError
		require.ErrorAs(t, err, &op)
		assert.Equal(t, "proxyconnect", op.Op)
	}
}

func TestSOCKSCarriesEverything(t *testing.T) {
	noLeak(t)
	for _, test := range []struct{ scheme, set, proto string }{
		{"http", "h1", "HTTP/1.1"}, {"http", "h2c", "HTTP/2.0"}, {"https", "h1", "HTTP/1.1"}, {"https", "h2", "HTTP/2.0"},
	} {
		var config *tls.Config
		if test.scheme == "https" {
			config = serverTLS(t, "target.test")
		}
		target := peerOf(t, protocols(test.set), config, nil)
		rt := newTransport(t, &httpx.TransportConfig{
			TLS: clientTLS(t), Protocols: new(protocols(test.set)),
			ProxyURL: proxyURL("socks5h://gopher:secret@" + socks(t, target.addr, "gopher", "secret")),
		})
		_, body, err := get(t, rt, test.scheme+"://target.test")
		require.NoError(t, err)
		assert.Equal(t, fmt.Sprintf("%s tls=%t", test.proto, test.scheme == "https"), body)
		rt.CloseIdleConnections()
	}
}

func TestNoProxyGoesDirectly(t *testing.T) {
	noLeak(t)
	target := peerOf(t, protocols("h1"), nil, nil)
	proxy := proxyFor(t, target.addr, "", nil)
	dialer := dialFunc(func(ctx context.Context, network, address string) (net.Conn, error) {
		if address == "proxy.test:3128" {
			return to(proxy.addr)(ctx, network, address)
		}
		return to(target.addr)(ctx, network, address)
	})
	clearProxies(t)
	t.Setenv("HTTP_PROXY", "proxy.test:3128")
	t.Setenv("NO_PROXY", "direct.test,.inside.test,10.0.0.0/8")
	for name, cfg := range map[string]*httpx.TransportConfig{
		"environment": {Dialer: dialer, ProxyFromEnvironment: true},
		"list":        {Dialer: dialer, ProxyURL: proxyURL("http://proxy.test:3128"), NoProxy: "direct.test,.inside.test,10.0.0.0/8"},
	} {
		t.Run(name, func(t *testing.T) {
			rt := newTransport(t, cfg)
			before := len(proxy.seen())
			for _, host := range []string{"direct.test", "a.inside.test", "10.1.2.3"} {
				_, _, err := get(t, rt, "http://"+host)
				require.NoError(t, err)
				assert.Len(t, proxy.seen(), before, host)
			}
			_, _, err := get(t, rt, "http://other.test")
			require.NoError(t, err)
			assert.Len(t, proxy.seen(), before+1)
		})
	}
}

func TestEnvironmentIsReadOnce(t *testing.T) {
	noLeak(t)
	target := peerOf(t, protocols("h1"), nil, nil)
	clearProxies(t)
	rt := newTransport(t, &httpx.TransportConfig{Dialer: to(target.addr), ProxyFromEnvironment: true})
	t.Setenv("HTTP_PROXY", "http://127.0.0.1:1")
	_, _, err := get(t, rt, "http://target.test")
	assert.NoError(t, err)
}

func TestProxyFunc(t *testing.T) {
	noLeak(t)
	target := peerOf(t, protocols("h1"), nil, nil)
	boom := errors.New("boom")
	var chosen *url.URL
	var failed error
	rt := newTransport(t, &httpx.TransportConfig{
		Dialer: to(target.addr), ProxyFunc: func(*http.Request) (*url.URL, error) { return chosen, failed },
	})
	_, _, err := get(t, rt, "http://target.test")
	assert.NoError(t, err, "nil is no proxy")

	failed = boom
	_, _, err = get(t, rt, "http://target.test")
	assert.ErrorIs(t, err, boom)

	for _, bad := range []string{"ftp://user:secret@proxy", "http://user:secret@", "https://user:secret@proxy/path"} {
		chosen, failed = proxyURL(bad), nil
		_, _, err = get(t, rt, "http://target.test")
		assert.Equal(t, "ProxyFunc", failure(t, err).Field)
		assert.NotContains(t, err.Error(), "secret")
	}
}

func TestProxyOfHTTPCannotCarryH2C(t *testing.T) {
	noLeak(t)
	target := peerOf(t, protocols("h1", "h2"), serverTLS(t, "target.test"), nil)
	proxy := proxyFor(t, target.addr, "", nil)
	rt := newTransport(t, &httpx.TransportConfig{
		TLS: clientTLS(t), Protocols: new(protocols("h2", "h2c")), ProxyURL: proxyURL("http://" + proxy.addr),
	})
	_, _, err := get(t, rt, "http://target.test")
	assert.ErrorIs(t, err, errors.ErrUnsupported)
	assert.Equal(t, "ProxyURL", failure(t, err).Field)
	assert.Zero(t, proxy.count())
	res, _, err := get(t, rt, "https://target.test")
	require.NoError(t, err)
	assert.Equal(t, "HTTP/2.0", res.Proto)
}

func TestHeadersOfConnect(t *testing.T) {
	noLeak(t)
	target := peerOf(t, protocols("h1"), serverTLS(t, "target.test"), nil)
	proxy := proxyFor(t, target.addr, "", serverTLS(t, "127.0.0.1"))
	u := proxyURL("https://user:secret@" + proxy.addr)
	fixed := http.Header{"A": {"1"}}
	header := http.Header{"A": {"2"}}
	var asked, answered string
	for _, cfg := range []*httpx.TransportConfig{
		{ProxyConnectHeader: fixed},
		{GetProxyConnectHeader: func(_ context.Context, u *url.URL, target string) (http.Header, error) {
			asked = u.String() + " " + target
			return header, nil
		}, OnProxyConnectResponse: func(_ context.Context, u *url.URL, _ *http.Request, res *http.Response) error {
			answered = fmt.Sprint(u, res.StatusCode)
			return nil
		}},
	} {
		cfg.TLS, cfg.ProxyTLS, cfg.ProxyURL = clientTLS(t), clientTLS(t), u
		_, _, err := get(t, newTransport(t, cfg), "https://target.test")
		require.NoError(t, err)
	}
	assert.Equal(t, []string{"1", "2"}, proxy.headers("A"))
	assert.Equal(t, u.String()+" target.test:443", asked)
	assert.Equal(t, u.String()+" 200", answered)
	assert.Equal(t, http.Header{"A": {"1"}}, fixed)
	assert.Equal(t, http.Header{"A": {"2"}}, header)
}

func TestErrorsOfTheHooksOfConnect(t *testing.T) {
	noLeak(t)
	proxy := proxyFor(t, "127.0.0.1:1", "", nil)
	boom := errors.New("boom")
	for _, cfg := range []*httpx.TransportConfig{
		{GetProxyConnectHeader: func(context.Context, *url.URL, string) (http.Header, error) { return nil, boom }},
		{OnProxyConnectResponse: func(context.Context, *url.URL, *http.Request, *http.Response) error { return boom }},
	} {
		cfg.ProxyURL = proxyURL("http://" + proxy.addr)
		_, _, err := get(t, newTransport(t, cfg), "https://target.test")
		assert.ErrorIs(t, err, boom)
	}
}

func TestProxyOverIPv6HasItsAddress(t *testing.T) {
	asked := make(chan string, 1)
	rt := newTransport(t, &httpx.TransportConfig{
		ProxyURL: proxyURL("https://[::1]:3128"),
		DialContext: func(_ context.Context, _, address string) (net.Conn, error) {
			asked <- address
			return nil, net.ErrClosed
		},
	})
	_, err := rt.RoundTrip(mustRequest(t, "https://target.test"))
	assert.ErrorIs(t, err, net.ErrClosed)
	assert.Equal(t, "[::1]:3128", <-asked)
}
