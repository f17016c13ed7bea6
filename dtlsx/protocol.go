package dtlsx

import (
	"crypto/tls"
	"io"
	"slices"
	"sync"

	"github.com/pion/dtls/v3"
	"github.com/pion/dtls/v3/pkg/crypto/elliptic"
)

// A protocol is a Config that was checked, with what all its conns share.
type protocol struct {
	*Config

	side   side
	suites []dtls.CipherSuiteID
	curves []elliptic.Curve
	keyLog io.Writer
}

// newProtocol takes a copy of a config. What is wrong with it goes to p, and the
// protocol may not be used then.
func newProtocol(cfg *Config, s side, p *problems) *protocol {
	if cfg == nil {
		cfg = &Config{}
	}
	cfg.check(s, p)
	n := &protocol{Config: cfg.clone(), side: s}
	if n.TLS == nil {
		n.TLS = &tls.Config{MinVersion: tls.VersionTLS12} // read only, and never given to crypto/tls
	}
	n.chooseSuites()
	n.chooseCurves()
	if w := n.KeyLog; w != nil {
		n.keyLog = &keyLog{w: w}
	} else if w := n.TLS.KeyLogWriter; w != nil {
		n.keyLog = &keyLog{w: w}
	}
	return n
}

// chooseSuites: the library alone would offer no suite for PSK by itself.
func (n *protocol) chooseSuites() {
	list := n.CipherSuites
	if len(list) == 0 {
		list = n.suitesOfTLS()
	}
	for _, id := range list {
		n.suites = append(n.suites, dtls.CipherSuiteID(id))
	}
}

// suitesOfTLS: what crypto/tls has names for are suites with certificates, so that
// those for PSK are the defaults unless some are there.
func (n *protocol) suitesOfTLS() []uint16 {
	list := slices.Clone(n.TLS.CipherSuites)
	if len(list) == 0 && (n.PSK == nil || n.side == server && n.certified()) {
		list = DefaultCipherSuites(false)
	}
	psk := slices.ContainsFunc(list, func(id uint16) bool {
		s, _ := suiteOf(id)
		return s.psk
	})
	if n.PSK != nil && !psk {
		list = append(list, DefaultCipherSuites(true)...)
	}
	return list
}

func (n *protocol) chooseCurves() {
	list := n.Curves
	if len(list) == 0 {
		list = n.TLS.CurvePreferences
	}
	for _, id := range list {
		n.curves = append(n.curves, elliptic.Curve(id))
	}
}

// A keyLog lets one conn write at a time.
type keyLog struct {
	mu sync.Mutex
	w  io.Writer
}

func (k *keyLog) Write(b []byte) (int, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.w.Write(b)
}

// options returns those that clients and servers share, for one conn.
func (n *protocol) options() []dtls.Option {
	o := []dtls.Option{
		dtls.WithCipherSuites(n.suites...),
		dtls.WithExtendedMasterSecret(n.extendedMasterSecret()),
		dtls.WithMTU(n.MTU - recordOverhead),
		dtls.WithReplayProtectionWindow(n.ReplayWindow),
		dtls.WithFlightInterval(n.RetransmitInterval),
		dtls.WithInsecureSkipVerify(n.TLS.InsecureSkipVerify),
		dtls.WithRootCAs(n.TLS.RootCAs),
	}
	if len(n.curves) > 0 {
		o = append(o, dtls.WithEllipticCurves(n.curves...))
	}
	if len(n.SRTPProfiles) > 0 {
		o = append(o, dtls.WithSRTPProtectionProfiles(n.SRTPProfiles...))
	}
	if len(n.TLS.NextProtos) > 0 {
		o = append(o, dtls.WithSupportedProtocols(n.TLS.NextProtos...))
	}
	if n.keyLog != nil {
		o = append(o, dtls.WithKeyLogWriter(n.keyLog))
	}
	if g := n.ConnectionID.generator(); g != nil {
		o = append(o, dtls.WithConnectionIDGenerator(g))
	}
	return o
}

func (n *protocol) extendedMasterSecret() dtls.ExtendedMasterSecretType {
	switch n.ExtendedMasterSecret {
	case RequestExtendedMasterSecret:
		return dtls.RequestExtendedMasterSecret
	case DisableExtendedMasterSecret:
		return dtls.DisableExtendedMasterSecret
	default:
		return dtls.RequireExtendedMasterSecret
	}
}

func (id ConnectionID) generator() func() []byte {
	switch {
	case id == NoConnectionID:
		return nil
	case id < 0:
		return dtls.OnlySendCIDGenerator()
	}
	return dtls.RandomCIDGenerator(int(id))
}
