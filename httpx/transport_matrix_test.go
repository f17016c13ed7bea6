package httpx_test

import (
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/httpx"
)

// want is what a scheme and a set of protocols lead to with a server that speaks everything.
func want(scheme string, p http.Protocols) (proto string, ok bool) {
	switch {
	case scheme == "https" && p.HTTP2(), scheme == "http" && p.UnencryptedHTTP2():
		return "HTTP/2.0", true
	case p.HTTP1():
		return "HTTP/1.1", true
	}
	return "", false
}

func TestMatrixOfSchemeTLSDialerAndProtocols(t *testing.T) {
	sets := [][]string{nil, {"h1"}, {"h2"}, {"h1", "h2"}, {"h2c"}, {"h2", "h2c"}}
	for _, scheme := range []string{"http", "https"} {
		for _, config := range []bool{false, true} {
			for _, dialer := range []bool{false, true} {
				for _, set := range sets {
					name := fmt.Sprintf("%s/TLS=%t/dialer=%t/%v", scheme, config, dialer, set)
					t.Run(name, func(t *testing.T) { checkMatrix(t, scheme, config, dialer, set) })
				}
			}
		}
	}
}

func checkMatrix(t *testing.T, scheme string, config, dialer bool, set []string) {
	noLeak(t)
	all := protocols("h1", "h2c")
	server := peerOf(t, all, nil, nil)
	if scheme == "https" {
		server = peerOf(t, protocols("h1", "h2"), serverTLS(t, "127.0.0.1"), nil)
	}
	cfg := &httpx.TransportConfig{}
	allowed := protocols("h1", "h2")
	if set != nil {
		allowed = protocols(set...)
		cfg.Protocols = &allowed
	}
	if config {
		cfg.TLS = clientTLS(t)
		cfg.TLS.NextProtos = []string{"h2", "http/1.1"} // must not matter
	}
	if dialer {
		cfg.Dialer = new(net.Dialer)
	}
	rt := newTransport(t, cfg)
	url := scheme + "://" + server.addr + "/"

	res, body, err := get(t, rt, url)
	switch proto, ok := want(scheme, allowed); {
	case !ok:
		assert.Equal(t, "Protocols", failure(t, err).Field)
		assert.Zero(t, server.count(), "it was dialled")
		return
	case scheme == "https" && !config:
		var unknown x509.UnknownAuthorityError
		assert.ErrorAs(t, err, &unknown)
	default:
		require.NoError(t, err)
		assert.Equal(t, fmt.Sprintf("%s tls=%t", proto, scheme == "https"), body)
		assert.Equal(t, proto, res.Proto)
		assert.Equal(t, scheme == "https", res.TLS != nil)
	}
	for _, b := range server.firsts() {
		assert.Equal(t, scheme == "https", b == 0x16, "%#x", b)
	}
	assert.Len(t, server.firsts(), 1)
	for _, offer := range server.offers() {
		assert.Equal(t, allowed.HTTP2(), slices.Contains(offer, "h2"), "%v", offer)
		assert.Equal(t, allowed.HTTP1(), slices.Contains(offer, "http/1.1"), "%v", offer)
	}
}
