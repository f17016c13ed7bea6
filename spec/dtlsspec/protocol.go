package dtlsspec

import (
	"math"

	"github.com/strata-net/strata/dtlsx"
	"github.com/strata-net/strata/spec/internal/build"
	specv1 "github.com/strata-net/strata/spec/strata/v1"
	"github.com/strata-net/strata/tlsx"
)

// protocol converts the field dtls of both messages.
func (b *builder) protocol(m *specv1.DTLSConfig) dtlsx.Config {
	if m == nil {
		m = &specv1.DTLSConfig{}
	}
	c := dtlsx.Config{
		TLS:                  b.tls(m),
		PSK:                  b.psk(m.GetPsk()),
		AllowInsecure:        m.GetAllowInsecure(),
		ConnectionID:         dtlsx.ConnectionID(m.GetConnectionId()),
		ExtendedMasterSecret: b.extendedMasterSecret(m),
		MTU:                  int(m.GetMtuBytes()),
		ReplayWindow:         int(m.GetReplayWindow()),
		RetransmitInterval:   b.Duration("dtls.retransmit_interval", m.GetRetransmitInterval()),
		HandshakeTimeout:     b.Duration("dtls.handshake_timeout", m.GetHandshakeTimeout()),
	}
	numbers(b, "dtls.cipher_suites", m.GetCipherSuites(), &c.CipherSuites)
	numbers(b, "dtls.curves", m.GetCurves(), &c.Curves)
	numbers(b, "dtls.srtp_profiles", m.GetSrtpProfiles(), &c.SRTPProfiles)
	b.keyLog(&c, m.GetKeyLogFile())
	b.sessions(&c, m.GetSessions())
	return c
}

// numbers converts enums, whose numbers are those of IANA.
func numbers[E ~int32, N ~uint16](b *builder, path string, list []E, to *[]N) {
	for i, e := range list {
		if e < 0 || e > math.MaxUint16 {
			b.Addf(index(path, i), int32(e), "is not a number from 0 to 65535")
			continue
		}
		*to = append(*to, N(e))
	}
}

func (b *builder) extendedMasterSecret(m *specv1.DTLSConfig) dtlsx.ExtendedMasterSecret {
	n := build.Number[int](&b.Problems, "dtls.extended_master_secret", m.GetExtendedMasterSecret().Enum())
	return dtlsx.ExtendedMasterSecret(n) //nolint:gosec // the schema has three, another number was noted
}

// keyLog takes the file of package tlsx, which needs no closing.
func (b *builder) keyLog(c *dtlsx.Config, path string) {
	if path == "" {
		return
	}
	t, err := tlsx.New(&tlsx.Config{KeyLog: path})
	if e, ok := build.Is[*tlsx.Error](err); ok {
		b.Because("dtls.key_log_file", path, e.Err, err)
		return
	}
	b.Add("dtls.key_log_file", path, err)
	if err == nil {
		c.KeyLog = t.KeyLogWriter
	}
}

// sessions makes a cache, which memory alone holds.
func (b *builder) sessions(c *dtlsx.Config, m *specv1.DTLSConfig_SessionCache) {
	if m == nil {
		return
	}
	lifetime := b.Duration("dtls.sessions.lifetime", m.GetLifetime())
	cache, err := dtlsx.NewSessionCache(int(m.GetSize()), lifetime)
	if err != nil {
		b.Module(err, map[string]string{"size": "dtls.sessions.size", "lifetime": "dtls.sessions.lifetime"}, blame)
		return
	}
	c.Sessions = cache
}
