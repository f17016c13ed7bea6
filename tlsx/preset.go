package tlsx

import (
	"crypto/fips140"
	"crypto/tls"
	"slices"
)

// protocol is what a conn may use.
type protocol struct {
	min, max uint16 // max is never 0
	suites   []uint16
	curves   []tls.CurveID
}

// The lists of Mozilla's guidelines 6.0 (ssl-config.mozilla.org), the same for
// modern and intermediate where both have one.
var (
	mozillaSuites = []uint16{
		tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
		tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
		tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
		tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
		tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
		tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
	}
	mozillaCurves = []tls.CurveID{tls.X25519MLKEM768, tls.X25519, tls.CurveP256, tls.CurveP384}
)

// protocol is the preset with what the fields override.
func (c *Config) protocol() protocol {
	p := protocol{min: tls.VersionTLS12, max: tls.VersionTLS13}
	if c.Preset == Modern || c.Preset == Intermediate {
		// A modern config with a lower MinVersion gets intermediate's suites.
		p.suites, p.curves = presetSuites(), presetCurves()
	}
	if c.Preset == Modern || c.ECH.used() {
		p.min = tls.VersionTLS13
	}
	if c.MinVersion != 0 {
		p.min = c.MinVersion
	}
	if c.MaxVersion != 0 {
		p.max = c.MaxVersion
	}
	if len(c.CipherSuites) > 0 {
		p.suites = c.CipherSuites
	}
	if len(c.Curves) > 0 {
		p.curves = c.Curves
	}
	return p
}

func presetSuites() []uint16 {
	if !fips140.Enabled() {
		return mozillaSuites
	}
	return slices.DeleteFunc(slices.Clone(mozillaSuites), forbiddenSuite)
}

func presetCurves() []tls.CurveID {
	if !fips140.Enabled() {
		return mozillaCurves
	}
	return slices.DeleteFunc(slices.Clone(mozillaCurves), forbiddenCurve)
}

// apply sets what t may use, but for MaxVersion, where 0 has to stay. What a
// config does not say is left to Go, but for MinVersion: GODEBUG=tls10server
// cannot lower it.
func (p protocol) apply(t *tls.Config) {
	t.MinVersion = p.min
	t.CurvePreferences = slices.Clone(p.curves)
	if p.min < tls.VersionTLS13 {
		t.CipherSuites = slices.Clone(p.suites)
	}
}

// all returns the versions from min to max.
func (p protocol) all() []uint16 {
	var list []uint16
	for _, v := range versions {
		if p.min <= v.value && v.value <= p.max {
			list = append(list, v.value)
		}
	}
	return list
}
