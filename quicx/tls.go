package quicx

import (
	"crypto/tls"
	"errors"
	"fmt"
	"slices"
)

// prepareTLS returns a copy that QUIC can use, and notes what rules that out.
func prepareTLS(p *problems, config *tls.Config, s side) *tls.Config {
	if config == nil {
		p.add("TLS", "nil", errors.New("QUIC needs TLS"))
		return &tls.Config{MinVersion: tls.VersionTLS13}
	}
	c := config.Clone()
	c.Certificates = slices.Clone(c.Certificates)
	c.NextProtos = slices.Clone(c.NextProtos)
	c.CurvePreferences = slices.Clone(c.CurvePreferences)
	checkNextProtos(p, c, s)
	checkTLSVersions(p, c)
	if s == listening && len(c.Certificates) == 0 && c.GetCertificate == nil && c.GetConfigForClient == nil {
		p.add("TLS.Certificates", "", errors.New("a listener needs Certificates, GetCertificate or GetConfigForClient"))
	}
	return c
}

// checkTLSVersions wants TLS 1.3 allowed (RFC 9001, section 4.2). What is older is never used: quic-go raises
// MinVersion.
func checkTLSVersions(p *problems, c *tls.Config) {
	if c.MinVersion > tls.VersionTLS13 {
		p.add("TLS.MinVersion", tls.VersionName(c.MinVersion), errors.New("QUIC speaks TLS 1.3"))
	}
	if c.MaxVersion != 0 && c.MaxVersion < tls.VersionTLS13 {
		p.add("TLS.MaxVersion", tls.VersionName(c.MaxVersion), errors.New("QUIC needs TLS 1.3"))
	}
	if c.MinVersion == 0 || c.MinVersion < tls.VersionTLS13 {
		c.MinVersion = tls.VersionTLS13
	}
}

// streamsOnly are names of protocols that are defined for TLS over TCP alone.
var streamsOnly = []string{"http/0.9", "http/1.0", "http/1.1", "h2", "h2c", "acme-tls/1"}

// checkNextProtos wants a protocol to be named: QUIC ends a handshake without one (RFC 9001, section 8.1).
func checkNextProtos(p *problems, c *tls.Config, s side) {
	if len(c.NextProtos) == 0 && (s == dialing || c.GetConfigForClient == nil) {
		p.add("TLS.NextProtos", "", errors.New("QUIC needs at least one protocol (RFC 9001, section 8.1)"))
	}
	for i, name := range c.NextProtos {
		var err error
		switch {
		case name == "" || len(name) > 255:
			err = errors.New("must have 1 to 255 bytes")
		case slices.Contains(streamsOnly, name):
			err = errors.New("is a protocol for TLS over TCP")
		case slices.Contains(c.NextProtos[:i], name):
			err = errors.New("is there twice")
		}
		p.add(fmt.Sprintf("TLS.NextProtos[%d]", i), name, err)
	}
}
