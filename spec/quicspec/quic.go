package quicspec

import (
	"crypto/tls"
	"errors"
	"fmt"
	"math"

	"github.com/quic-go/quic-go"

	"github.com/strata-net/strata/quicx"
	"github.com/strata-net/strata/spec/internal/build"
	"github.com/strata-net/strata/spec/internal/quicbuild"
	specv1 "github.com/strata-net/strata/spec/strata/v1"
)

// QUICConfig returns the config of a message: only what the message sets, so that
// zero fields have the defaults of who gets it, quicx or quic-go. What neither a
// dialer nor a listener could use is an error. nil is the zero config.
//
// Only Go can hold GetConfigForClient, TokenStore, AllowConnectionWindowIncrease
// and Tracer.
func QUICConfig(m *specv1.QuicConfig) (*quic.Config, error) {
	var p build.Problems
	c := quicConfig(&p, m)
	checked := c.Clone()
	checked.Allow0RTT = false // is for listeners, and cannot be wrong
	some := &quicx.DialConfig{TLS: &tls.Config{NextProtos: []string{"any"}, MinVersion: tls.VersionTLS13}, QUIC: checked}
	inner().Check(&p, some.Check())
	if err := p.Err(); err != nil {
		return nil, err
	}
	return c, nil
}

// inner are the rules for a message that is only what others have at "quic".
func inner() *quicbuild.Rules {
	return rules("", (*specv1.QUICDialConfig)(nil)).Within("QUIC", "quic")
}

// nested converts the field quic of a message.
func nested(p *build.Problems, m *specv1.QuicConfig) *quic.Config {
	if m == nil {
		return nil
	}
	var own build.Problems
	c := quicConfig(&own, m)
	p.Nest("quic", own.Err())
	return c
}

// quicConfig converts the message, which may be nil.
func quicConfig(p *build.Problems, m *specv1.QuicConfig) *quic.Config {
	bytes := func(path string, v int64) uint64 { return quicbuild.Unsigned(p, path, v) }
	return &quic.Config{
		Versions:                         versions(p, m.GetVersions()),
		HandshakeIdleTimeout:             p.Duration("handshake_idle_timeout", m.GetHandshakeIdleTimeout()),
		MaxIdleTimeout:                   p.Duration("max_idle_timeout", m.GetMaxIdleTimeout()),
		KeepAlivePeriod:                  p.Duration("keep_alive_period", m.GetKeepAlivePeriod()),
		InitialStreamReceiveWindow:       bytes("initial_stream_receive_window_bytes", m.GetInitialStreamReceiveWindowBytes()),
		MaxStreamReceiveWindow:           bytes("max_stream_receive_window_bytes", m.GetMaxStreamReceiveWindowBytes()),
		InitialConnectionReceiveWindow:   bytes("initial_connection_receive_window_bytes", m.GetInitialConnectionReceiveWindowBytes()),
		MaxConnectionReceiveWindow:       bytes("max_connection_receive_window_bytes", m.GetMaxConnectionReceiveWindowBytes()),
		MaxIncomingStreams:               m.GetMaxIncomingStreams(),
		MaxIncomingUniStreams:            m.GetMaxIncomingUniStreams(),
		RequireStreamCreditRelease:       m.GetRequireStreamCreditRelease(),
		InitialPacketSize:                packetSize(p, m.GetInitialPacketSizeBytes()),
		DisablePathMTUDiscovery:          m.GetDisablePathMtuDiscovery(),
		Allow0RTT:                        m.GetAllow0Rtt(),
		EnableDatagrams:                  m.GetEnableDatagrams(),
		EnableStreamResetPartialDelivery: m.GetEnableStreamResetPartialDelivery(),
	}
}

// versions reads names. Those that quic-go does not speak are left out.
func versions(p *build.Problems, names []string) []quic.Version {
	var list []quic.Version
	for i, name := range names {
		switch name {
		case "v1":
			list = append(list, quic.Version1)
		case "v2":
			list = append(list, quic.Version2)
		default:
			p.Add(fmt.Sprintf("versions[%d]", i), name, errors.New("allowed are v1 and v2"))
		}
	}
	return list
}

// packetSize refuses what a uint16 cannot hold; the rest is up to quicx.
func packetSize(p *build.Problems, n int32) uint16 {
	if n < 0 || n > math.MaxUint16 {
		p.Add("initial_packet_size_bytes", n, errors.New("must be 0 (the default) or from 1200 to 1452 bytes"))
		return 0
	}
	return uint16(n)
}
