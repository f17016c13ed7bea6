package xquic

import (
	"crypto/tls"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"golang.org/x/net/quic"
)

// side is the end of a conn that a config is for.
type side bool

const (
	dialing   side = false
	listening side = true
)

const (
	maxStreams = 1 << 60   // RFC 9000, section 4.6
	maxVarint  = 1<<62 - 1 // RFC 9000, section 16
)

// prepare returns a copy of the QUIC config with TLS in it. x/net/quic cuts or
// ignores what it cannot use; here that is an error.
func prepare(p *problems, q *quic.Config, t *tls.Config, s side) *quic.Config {
	if q == nil {
		q = &quic.Config{}
	}
	if q.TLSConfig != nil {
		p.add("QUIC.TLSConfig", "", errors.New("belongs into TLS"))
	}
	n := q.Clone()
	n.TLSConfig = prepareTLS(p, t, s)
	checkNumbers(p, n)
	checkTimes(p, n)
	if s == dialing {
		unused := errors.New("is for listeners")
		if n.RequireAddressValidation {
			p.add("QUIC.RequireAddressValidation", "true", unused)
		}
		if n.StatelessResetKey != [32]byte{} {
			p.add("QUIC.StatelessResetKey", "", unused)
		}
	}
	return n
}

func checkNumbers(p *problems, c *quic.Config) {
	for _, f := range []struct {
		name       string
		value, max int64
		negative   bool
	}{
		{"MaxBidiRemoteStreams", c.MaxBidiRemoteStreams, maxStreams, true},
		{"MaxUniRemoteStreams", c.MaxUniRemoteStreams, maxStreams, true},
		{"MaxStreamReadBufferSize", c.MaxStreamReadBufferSize, maxVarint, false},
		{"MaxStreamWriteBufferSize", c.MaxStreamWriteBufferSize, maxVarint, false},
		{"MaxConnReadBufferSize", c.MaxConnReadBufferSize, maxVarint, false},
	} {
		switch {
		case f.value > f.max:
			p.add("QUIC."+f.name, strconv.FormatInt(f.value, 10), fmt.Errorf("must not be above %d", f.max))
		case f.value < 0 && !f.negative:
			p.add("QUIC."+f.name, strconv.FormatInt(f.value, 10), errors.New("must not be negative: no data could pass"))
		}
	}
}

func checkTimes(p *problems, c *quic.Config) {
	for _, f := range []struct {
		name  string
		value time.Duration
		why   string
	}{
		{"HandshakeTimeout", c.HandshakeTimeout, "must not be negative: handshakes would never end"},
		{"MaxIdleTimeout", c.MaxIdleTimeout, "must not be negative: dead conns would never end"},
		{"KeepAlivePeriod", c.KeepAlivePeriod, "must not be negative"},
	} {
		if f.value < 0 {
			p.add("QUIC."+f.name, f.value.String(), errors.New(f.why))
		}
	}
}

// prepareTLS returns a copy that QUIC can use.
func prepareTLS(p *problems, t *tls.Config, s side) *tls.Config {
	if t == nil {
		p.add("TLS", "nil", errors.New("QUIC needs TLS"))
		return &tls.Config{MinVersion: tls.VersionTLS13}
	}
	c := t.Clone()
	c.Certificates = slices.Clone(c.Certificates)
	c.NextProtos = slices.Clone(c.NextProtos)
	if c.MinVersion > tls.VersionTLS13 {
		p.add("TLS.MinVersion", tls.VersionName(c.MinVersion), errors.New("QUIC speaks TLS 1.3"))
	}
	if c.MaxVersion != 0 && c.MaxVersion < tls.VersionTLS13 {
		p.add("TLS.MaxVersion", tls.VersionName(c.MaxVersion), errors.New("QUIC needs TLS 1.3"))
	}
	c.MinVersion = tls.VersionTLS13
	switch {
	case s == listening && c.GetConfigForClient != nil:
	case len(c.NextProtos) == 0:
		p.add("TLS.NextProtos", "", errors.New("QUIC needs at least one protocol (RFC 9001, section 8.1)"))
	case s == listening && len(c.Certificates) == 0 && c.GetCertificate == nil:
		p.add("TLS.Certificates", "", errors.New("a listener needs Certificates, GetCertificate or GetConfigForClient"))
	}
	return c
}
