package httpx_test

import (
	"crypto/tls"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/httpx"
)

// Everything that is wrong is told at once.
func TestServerConfig(t *testing.T) {
	_, err := httpx.NewServer(nil)
	assert.Equal(t, "Handler", failure(t, err).Field)
	_, err = httpx.NewServer(&httpx.ServerConfig{
		TLS: &tls.Config{}, Protocols: versions(false, false, true), AltSvc: "x",
		ReadHeaderTimeout: -1, IdleTimeout: -1, StallTimeout: -1, DrainTimeout: -1, MaxHeaderBytes: -1, MaxRequestsPerConn: -1,
		HTTP2: &http.HTTP2Config{
			MaxConcurrentStreams: -1, MaxDecoderHeaderTableSize: 4 << 20, MaxEncoderHeaderTableSize: -1, MaxReadFrameSize: 1,
			MaxReceiveBufferPerConnection: 1, MaxReceiveBufferPerStream: -1, SendPingTimeout: -1, PingTimeout: -1, WriteByteTimeout: -1,
		},
	})
	for _, want := range []string{
		"Handler: is needed", "TLS: needs", "nothing to speak over TLS", "AltSvc=x: needs HTTP3", "ReadHeaderTimeout=-1ns", "IdleTimeout",
		"StallTimeout", "DrainTimeout", "MaxHeaderBytes=-1", "MaxRequestsPerConn", "HTTP2.MaxConcurrentStreams", "HTTP2.MaxDecoderHeaderTableSize",
		"HTTP2.MaxEncoderHeaderTableSize", "HTTP2.MaxReadFrameSize=1: must be from 16384", "HTTP2.MaxReceiveBufferPerConnection",
		"HTTP2.MaxReceiveBufferPerStream", "HTTP2.SendPingTimeout", "HTTP2.PingTimeout", "HTTP2.WriteByteTimeout",
	} {
		assert.ErrorContains(t, err, want)
	}
	_, err = httpx.NewServer(&httpx.ServerConfig{Handler: tell, Protocols: new(http.Protocols)})
	assert.Equal(t, "Protocols", failure(t, err).Field)
	h3 := func(http.Handler) httpx.HTTP3Server { return nil }
	_, err = httpx.NewServer(&httpx.ServerConfig{Handler: tell, HTTP3: h3})
	assert.Equal(t, "HTTP3", failure(t, err).Field)
	_, err = httpx.NewServer(&httpx.ServerConfig{Handler: tell, HTTP3: h3, AltSvc: "a\nb"})
	assert.ErrorContains(t, err, "not printable")
}

// The config and what it points to stay as they are.
func TestServerConfigUntouched(t *testing.T) {
	serverTLS, _ := identity(t)
	serverTLS.NextProtos = []string{"http/1.1", "own"}
	p, h2 := versions(true, true, false), &http.HTTP2Config{}
	cfg := &httpx.ServerConfig{Handler: tell, TLS: serverTLS, Protocols: p, HTTP2: h2}
	s, err := httpx.NewServer(cfg)
	require.NoError(t, err)
	defer s.Close()
	assert.Equal(t, []string{"http/1.1", "own"}, serverTLS.NextProtos)
	assert.Equal(t, &http.HTTP2Config{}, h2)
	assert.Equal(t, versions(true, true, false), p)
	assert.Zero(t, cfg.StallTimeout)
}

// What net/http logs is told to OnError: bad handshakes and panics. Headers are bounded.
func TestServerErrors(t *testing.T) {
	noLeak(t)
	serverTLS, _ := identity(t)
	s := serveOn(t, listen(t), &httpx.ServerConfig{Handler: tell, TLS: serverTLS})
	c := dialRaw(t, s.addr)
	c.sayf("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	assert.Equal(t, http.StatusBadRequest, c.response("GET").StatusCode)
	assert.ErrorContains(t, s.errors.first(t), "TLS handshake error")

	s = serveOn(t, listen(t), &httpx.ServerConfig{MaxHeaderBytes: 1 << 10, Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("ouch") })})
	assert.Contains(t, ask(t, client(t, onlyHTTP1, nil), "http://"+s.addr), "EOF")
	assert.ErrorContains(t, s.errors.first(t), "ouch")
	c = dialRaw(t, s.addr)
	c.sayf("GET / HTTP/1.1\r\nHost: x\r\nX: %s\r\n\r\n", make([]byte, 8<<10))
	assert.Equal(t, http.StatusRequestHeaderFieldsTooLarge, c.response("GET").StatusCode)
	c = dialRaw(t, s.addr)
	c.sayf("OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n")
	assert.Equal(t, http.StatusOK, c.response("OPTIONS").StatusCode)
}
