package http3x

import (
	"crypto/tls"

	"github.com/quic-go/quic-go/http3"
)

// clientTLS returns a copy for HTTP/3.
func clientTLS(c *tls.Config) *tls.Config {
	if c == nil {
		c = &tls.Config{}
	}
	c = c.Clone()
	c.NextProtos = []string{http3.NextProtoH3}
	return c
}

// serverTLS returns a copy for HTTP/3; the configs that GetConfigForClient returns are copied too. Nil stays nil, which
// quicx refuses.
func serverTLS(c *tls.Config) *tls.Config {
	if c == nil {
		return nil
	}
	return http3.ConfigureTLSConfig(c)
}
