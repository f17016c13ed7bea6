package xquicspec

import (
	"crypto/tls"

	"golang.org/x/net/quic"

	"github.com/strata-net/strata/quicx/xquic"
	"github.com/strata-net/strata/spec/internal/build"
	"github.com/strata-net/strata/spec/internal/quicbuild"
	specv1 "github.com/strata-net/strata/spec/strata/v1"
)

// QUICConfig returns the config of a message, without TLSConfig, which x/net/quic
// needs. What neither a dialer nor a listener could use is an error. nil is the
// zero config.
//
// Only Go can hold QLogLogger.
func QUICConfig(m *specv1.XQuicConfig) (*quic.Config, error) {
	var p build.Problems
	c := quicConfig(&p, m)
	checked := c.Clone()
	checked.RequireAddressValidation, checked.StatelessResetKey = false, [quicbuild.KeyLength]byte{} // are for listeners
	some := &xquic.DialConfig{TLS: &tls.Config{NextProtos: []string{"any"}, MinVersion: tls.VersionTLS13}, QUIC: checked}
	inner().Check(&p, some.Check())
	if err := p.Err(); err != nil {
		return nil, err
	}
	return c, nil
}

// inner are the rules for a message that is only what others have at "quic".
func inner() *quicbuild.Rules {
	return rules((*specv1.XQUICDialConfig)(nil)).Within("QUIC", "quic")
}

// nested converts the field quic of a message.
func nested(p *build.Problems, m *specv1.XQuicConfig) *quic.Config {
	var own build.Problems
	c := quicConfig(&own, m)
	p.Nest("quic", own.Err())
	return c
}

// quicConfig converts the message, which may be nil.
func quicConfig(p *build.Problems, m *specv1.XQuicConfig) *quic.Config {
	return &quic.Config{
		HandshakeTimeout:         p.Duration("handshake_timeout", m.GetHandshakeTimeout()),
		MaxIdleTimeout:           p.Duration("max_idle_timeout", m.GetMaxIdleTimeout()),
		KeepAlivePeriod:          p.Duration("keep_alive_period", m.GetKeepAlivePeriod()),
		MaxBidiRemoteStreams:     m.GetMaxBidiRemoteStreams(),
		MaxUniRemoteStreams:      m.GetMaxUniRemoteStreams(),
		MaxStreamReadBufferSize:  m.GetMaxStreamReadBufferSizeBytes(),
		MaxStreamWriteBufferSize: m.GetMaxStreamWriteBufferSizeBytes(),
		MaxConnReadBufferSize:    m.GetMaxConnReadBufferSizeBytes(),
		RequireAddressValidation: m.GetRequireAddressValidation(),
		StatelessResetKey:        key(p, m.GetStatelessResetKey()),
	}
}

func key(p *build.Problems, m *specv1.DataSource) (array [quicbuild.KeyLength]byte) {
	copy(array[:], quicbuild.Key(p, "stateless_reset_key", m))
	return array
}
