package httpx_test

import (
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/httpx"
)

// badFields returns the fields of a joined error, each once.
func badFields(t *testing.T, err error) []string {
	t.Helper()
	joined, ok := err.(interface{ Unwrap() []error })
	require.True(t, ok, "%v", err)
	var names []string
	for _, err := range joined.Unwrap() {
		e := failure(t, err)
		assert.Equal(t, "config", e.Op)
		assert.NotEmpty(t, e.Error())
		names = append(names, e.Field)
	}
	return names
}

func proxyURL(s string) *url.URL {
	u, err := url.Parse(s)
	if err != nil {
		panic(err)
	}
	return u
}

func noProxy(*http.Request) (*url.URL, error) { return nil, nil }

func TestNewTransportNamesEveryBadField(t *testing.T) {
	h1, h2, h2c := new(protocols("h1")), new(protocols("h2")), new(protocols("h2c"))
	proxy := proxyURL("http://proxy:3128")
	type config = httpx.TransportConfig
	for name, test := range map[string]struct {
		config config
		want   string
	}{
		"two dialers":            {config{Dialer: new(net.Dialer), DialContext: new(net.Dialer).DialContext}, "DialContext"},
		"no protocol":            {config{Protocols: &http.Protocols{}}, "Protocols"},
		"h2c never used":         {config{Protocols: new(protocols("h1", "h2c"))}, "Protocols"},
		"no handshake timeout":   {config{TLSHandshakeTimeout: -1}, "TLSHandshakeTimeout"},
		"HTTP2 without it":       {config{Protocols: h1, HTTP2: &http.HTTP2Config{}}, "HTTP2"},
		"decoder table":          {config{HTTP2: &http.HTTP2Config{MaxDecoderHeaderTableSize: 4 << 20}}, "HTTP2.MaxDecoderHeaderTableSize"},
		"encoder table":          {config{HTTP2: &http.HTTP2Config{MaxEncoderHeaderTableSize: -1}}, "HTTP2.MaxEncoderHeaderTableSize"},
		"small frame":            {config{HTTP2: &http.HTTP2Config{MaxReadFrameSize: 16<<10 - 1}}, "HTTP2.MaxReadFrameSize"},
		"large frame":            {config{HTTP2: &http.HTTP2Config{MaxReadFrameSize: 16 << 20}}, "HTTP2.MaxReadFrameSize"},
		"small window":           {config{HTTP2: &http.HTTP2Config{MaxReceiveBufferPerConnection: 64<<10 - 1}}, "HTTP2.MaxReceiveBufferPerConnection"},
		"large window":           {config{HTTP2: &http.HTTP2Config{MaxReceiveBufferPerStream: 1<<30 + 1}}, "HTTP2.MaxReceiveBufferPerStream"},
		"negative ping":          {config{HTTP2: &http.HTTP2Config{PingTimeout: -1}}, "HTTP2.PingTimeout"},
		"ping without ping":      {config{HTTP2: &http.HTTP2Config{PingTimeout: 1, SendPingTimeout: -1}}, "HTTP2.PingTimeout"},
		"negative write":         {config{HTTP2: &http.HTTP2Config{WriteByteTimeout: -1}}, "HTTP2.WriteByteTimeout"},
		"streams of servers":     {config{HTTP2: &http.HTTP2Config{MaxConcurrentStreams: 1}}, "HTTP2.MaxConcurrentStreams"},
		"strict":                 {config{HTTP2: &http.HTTP2Config{StrictMaxConcurrentRequests: true}}, "HTTP2.StrictMaxConcurrentRequests"},
		"ciphers of servers":     {config{HTTP2: &http.HTTP2Config{PermitProhibitedCipherSuites: true}}, "HTTP2.PermitProhibitedCipherSuites"},
		"count":                  {config{HTTP2: &http.HTTP2Config{CountError: func(string) {}}}, "HTTP2.CountError"},
		"unknown version":        {config{TLS: &tls.Config{MinVersion: 1}}, "TLS.MinVersion"},
		"SSL":                    {config{TLS: &tls.Config{MaxVersion: tls.VersionTLS10 - 1}, Protocols: h1}, "TLS.MaxVersion"},
		"versions crossed":       {config{TLS: &tls.Config{MinVersion: tls.VersionTLS13, MaxVersion: tls.VersionTLS12}}, "TLS.MinVersion"},
		"too old for HTTP/2":     {config{TLS: &tls.Config{MaxVersion: tls.VersionTLS11}}, "TLS.MaxVersion"},
		"foreign ALPN":           {config{TLS: &tls.Config{NextProtos: []string{"h2", "acme-tls/1"}}}, "TLS.NextProtos"},
		"negative conns":         {config{MaxConnsPerHost: -1}, "MaxConnsPerHost"},
		"negative header":        {config{MaxResponseHeaderBytes: -1}, "MaxResponseHeaderBytes"},
		"long header":            {config{MaxResponseHeaderBytes: 1 << 32}, "MaxResponseHeaderBytes"},
		"negative read buffer":   {config{ReadBufferSize: -1}, "ReadBufferSize"},
		"large write buffer":     {config{WriteBufferSize: 16<<20 + 1}, "WriteBufferSize"},
		"host above all":         {config{MaxIdleConns: 1, MaxIdleConnsPerHost: 2}, "MaxIdleConnsPerHost"},
		"idle time, none idle":   {config{DisableKeepAlives: true, IdleConnTimeout: 1}, "IdleConnTimeout"},
		"idle, none idle":        {config{DisableKeepAlives: true, MaxIdleConns: 1}, "MaxIdleConns"},
		"idle host, none idle":   {config{DisableKeepAlives: true, MaxIdleConnsPerHost: 1}, "MaxIdleConnsPerHost"},
		"scheme":                 {config{ProxyURL: proxyURL("ftp://proxy")}, "ProxyURL"},
		"no host":                {config{ProxyURL: proxyURL("http://")}, "ProxyURL"},
		"no scheme":              {config{ProxyURL: proxyURL("//proxy:3128")}, "ProxyURL"},
		"opaque":                 {config{ProxyURL: proxyURL("http:proxy")}, "ProxyURL"},
		"path":                   {config{ProxyURL: proxyURL("http://proxy/x")}, "ProxyURL"},
		"port 0":                 {config{ProxyURL: proxyURL("http://proxy:0")}, "ProxyURL"},
		"port 70000":             {config{ProxyURL: proxyURL("http://proxy:70000")}, "ProxyURL"},
		"not ASCII":              {config{ProxyURL: proxyURL("https://pröxy")}, "ProxyURL"},
		"password alone":         {config{ProxyURL: proxyURL("http://:secret@proxy")}, "ProxyURL"},
		"colon in user":          {config{ProxyURL: proxyURL("http://a%3Ab:secret@proxy")}, "ProxyURL"},
		"SOCKS, long":            {config{ProxyURL: proxyURL("socks5://" + strings.Repeat("u", 256) + ":secret@proxy")}, "ProxyURL"},
		"SOCKS, no password":     {config{ProxyURL: proxyURL("socks5://user@proxy")}, "ProxyURL"},
		"h2c through HTTP":       {config{ProxyURL: proxy, Protocols: h2c}, "ProxyURL"},
		"NoProxy alone":          {config{NoProxy: "*"}, "NoProxy"},
		"URL and func":           {config{ProxyURL: proxy, ProxyFunc: noProxy}, "ProxyFunc"},
		"URL and environment":    {config{ProxyURL: proxy, ProxyFromEnvironment: true}, "ProxyFromEnvironment"},
		"func and environment":   {config{ProxyFunc: noProxy, ProxyFromEnvironment: true}, "ProxyFromEnvironment"},
		"proxy TLS alone":        {config{ProxyTLS: &tls.Config{}}, "ProxyTLS"},
		"proxy TLS without":      {config{ProxyURL: proxy, ProxyTLS: &tls.Config{}}, "ProxyTLS"},
		"proxy TLS bad":          {config{ProxyURL: proxyURL("https://proxy"), ProxyTLS: &tls.Config{MinVersion: 1}}, "ProxyTLS.MinVersion"},
		"header alone":           {config{ProxyConnectHeader: http.Header{}}, "ProxyConnectHeader"},
		"header func alone":      {config{GetProxyConnectHeader: noHeader}, "GetProxyConnectHeader"},
		"answer alone":           {config{OnProxyConnectResponse: noAnswer}, "OnProxyConnectResponse"},
		"header of SOCKS":        {config{ProxyURL: proxyURL("socks5h://proxy"), ProxyConnectHeader: http.Header{}}, "ProxyConnectHeader"},
		"header twice":           {config{ProxyURL: proxy, ProxyConnectHeader: http.Header{}, GetProxyConnectHeader: noHeader}, "GetProxyConnectHeader"},
		"header name":            {config{ProxyURL: proxy, ProxyConnectHeader: http.Header{"a b": {"secret"}}}, "ProxyConnectHeader"},
		"header value":           {config{ProxyURL: proxy, ProxyConnectHeader: http.Header{"A": {"secret\n"}}}, "ProxyConnectHeader"},
		"h2 alone, HTTP2 is bad": {config{Protocols: h2, HTTP2: &http.HTTP2Config{MaxReadFrameSize: 1}}, "HTTP2.MaxReadFrameSize"},
	} {
		t.Run(name, func(t *testing.T) {
			rt, err := httpx.NewTransport(&test.config)
			require.Nil(t, rt)
			assert.Equal(t, []string{test.want}, badFields(t, err))
			assert.NotContains(t, err.Error(), "secret")
		})
	}
}

func TestNewTransportReportsAllFields(t *testing.T) {
	_, err := httpx.NewTransport(&httpx.TransportConfig{
		MaxConnsPerHost: -1, TLSHandshakeTimeout: -time.Second, ProxyURL: proxyURL("ftp://proxy"),
		HTTP2: &http.HTTP2Config{CountError: func(string) {}},
	})
	assert.ElementsMatch(t, []string{"MaxConnsPerHost", "TLSHandshakeTimeout", "ProxyURL", "HTTP2.CountError"}, badFields(t, err))
	assert.ErrorIs(t, err, errors.ErrUnsupported)
	assert.ErrorContains(t, err, "httpx: config: TLSHandshakeTimeout=-1s: must not be negative")
}

func TestNewHTTP2TransportNamesItsOwnFields(t *testing.T) {
	_, err := httpx.NewHTTP2Transport(&httpx.HTTP2Config{
		MaxHeaderListSize: -1, PingTimeout: 1, ReadIdleTimeout: -1, MaxReadFrameSize: 1, TLSHandshakeTimeout: -1,
		TLS: &tls.Config{MaxVersion: tls.VersionTLS11},
	})
	assert.ElementsMatch(t, []string{
		"MaxHeaderListSize", "PingTimeout", "MaxReadFrameSize", "TLSHandshakeTimeout", "TLS.MaxVersion",
	}, badFields(t, err))
}

func TestProxyFromEnvironmentIsChecked(t *testing.T) {
	clearProxies(t)
	t.Setenv("HTTP_PROXY", "ftp://user:secret@proxy")
	t.Setenv("HTTPS_PROXY", "http://user:sec%ret@proxy")
	_, err := httpx.NewTransport(&httpx.TransportConfig{ProxyFromEnvironment: true, MaxConnsPerHost: -1})
	assert.ElementsMatch(t, []string{"ProxyFromEnvironment", "MaxConnsPerHost"}, badFields(t, err))
	assert.ErrorContains(t, err, "HTTP_PROXY: ")
	assert.ErrorContains(t, err, "HTTPS_PROXY: ")
	assert.NotContains(t, err.Error(), "sec")
}

// clearProxies takes away the variables of whoever runs the tests.
func clearProxies(t *testing.T) {
	t.Helper()
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "REQUEST_METHOD"} {
		t.Setenv(name, "")
		t.Setenv(strings.ToLower(name), "")
	}
}
