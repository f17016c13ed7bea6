package dtlsx

import (
	"crypto/tls"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/pion/dtls/v3"
)

// A suite is a cipher suite that the library has.
type suite struct {
	id       dtls.CipherSuiteID
	psk      bool
	insecure bool
	byChoice bool // not among the defaults
}

// suites are all of them, the best first: forward secrecy, then AEAD. Not among
// the defaults are those whose tags have 64 bits.
var suites = []suite{
	{id: dtls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256},
	{id: dtls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256},
	{id: dtls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256},
	{id: dtls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256},
	{id: dtls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384},
	{id: dtls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384},
	{id: dtls.TLS_ECDHE_ECDSA_WITH_AES_128_CCM, byChoice: true},
	{id: dtls.TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8, byChoice: true},
	{id: dtls.TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA, insecure: true},
	{id: dtls.TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA, insecure: true},
	{id: dtls.TLS_ECDHE_PSK_WITH_CHACHA20_POLY1305_SHA256, psk: true},
	{id: dtls.TLS_PSK_WITH_AES_128_GCM_SHA256, psk: true},
	{id: dtls.TLS_PSK_WITH_CHACHA20_POLY1305_SHA256, psk: true},
	{id: dtls.TLS_PSK_WITH_AES_128_CCM, psk: true},
	{id: dtls.TLS_PSK_WITH_AES_128_CCM_8, psk: true, byChoice: true},
	{id: dtls.TLS_PSK_WITH_AES_256_CCM_8, psk: true, byChoice: true},
	{id: dtls.TLS_ECDHE_PSK_WITH_AES_128_CBC_SHA256, psk: true, insecure: true},
	{id: dtls.TLS_PSK_WITH_AES_128_CBC_SHA256, psk: true, insecure: true},
}

// rsa reports whether the suite's certificates have an RSA key.
func (s suite) rsa() bool { return strings.Contains(CipherSuiteName(uint16(s.id)), "_RSA_") }

func suiteOf(id uint16) (suite, bool) {
	i := slices.IndexFunc(suites, func(s suite) bool { return uint16(s.id) == id })
	if i < 0 {
		return suite{}, false
	}
	return suites[i], true
}

// CipherSuiteName returns the name of IANA, "0x0123" for one that the library
// does not have.
func CipherSuiteName(id uint16) string {
	// The library writes one of its names with hyphens.
	return strings.ReplaceAll(dtls.CipherSuiteName(dtls.CipherSuiteID(id)), "-", "_")
}

// DefaultCipherSuites returns what is used when Config.CipherSuites is empty,
// with and without a pre-shared key: ECDHE or PSK with AES-GCM, ChaCha20-Poly1305
// and, for PSK, AES-CCM.
func DefaultCipherSuites(psk bool) []uint16 {
	return ids(func(s suite) bool { return s.psk == psk && !s.insecure && !s.byChoice })
}

// InsecureCipherSuites returns those that need Config.AllowInsecure.
func InsecureCipherSuites() []uint16 { return ids(func(s suite) bool { return s.insecure }) }

// CipherSuites returns all others, those of DefaultCipherSuites included.
func CipherSuites() []uint16 { return ids(func(s suite) bool { return !s.insecure }) }

func ids(want func(suite) bool) []uint16 {
	var all []uint16
	for _, s := range suites {
		if want(s) {
			all = append(all, uint16(s.id))
		}
	}
	return all
}

// ParseCipherSuite reads the name of IANA, as in
// "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"; case does not matter. It also knows
// the insecure ones, which a Config then refuses unless it allows them.
func ParseCipherSuite(name string) (uint16, error) {
	var known []string
	for _, s := range suites {
		n := CipherSuiteName(uint16(s.id))
		if strings.EqualFold(n, name) {
			return uint16(s.id), nil
		}
		known = append(known, n)
	}
	return 0, &Error{Op: "parse", Field: "cipher suite", Value: name, Err: unknown(known)}
}

// curves are the groups that the library has, by all their names.
var curves = []struct {
	id    tls.CurveID
	names []string
}{
	{tls.X25519, []string{"x25519"}},
	{tls.CurveP256, []string{"secp256r1", "P-256", "CurveP256", "prime256v1"}},
	{tls.CurveP384, []string{"secp384r1", "P-384", "CurveP384"}},
}

// CurveName returns the name of IANA, "0x0123" for one that the library does not
// have.
func CurveName(id tls.CurveID) string {
	for _, c := range curves {
		if c.id == id {
			return c.names[0]
		}
	}
	return fmt.Sprintf("0x%04x", uint16(id))
}

// ParseCurve reads the name of IANA, "x25519", "secp256r1" or "secp384r1", or
// "P-256" and the like; case does not matter.
func ParseCurve(name string) (tls.CurveID, error) {
	for _, c := range curves {
		if slices.ContainsFunc(c.names, func(n string) bool { return strings.EqualFold(n, name) }) {
			return c.id, nil
		}
	}
	return 0, &Error{Op: "parse", Field: "curve", Value: name, Err: unknownCurve()}
}

func unknown(known []string) error {
	return fmt.Errorf("is not known, there are: %s: %w", strings.Join(known, ", "), errors.ErrUnsupported)
}

// checkChoices finds what is wrong with the lists of algorithms.
func (c *Config) checkChoices(p *problems) {
	checkList(p, "CipherSuites", c.CipherSuites, CipherSuiteName, c.checkSuite)
	checkList(p, "Curves", c.Curves, CurveName, checkCurve)
	checkList(p, "SRTPProfiles", c.SRTPProfiles, SRTPProfileName, c.checkProfile)
	if c.TLS == nil {
		return
	}
	if len(c.CipherSuites) == 0 {
		checkList(p, "TLS.CipherSuites", c.TLS.CipherSuites, tls.CipherSuiteName, c.checkSuite)
	}
	if len(c.Curves) == 0 {
		checkList(p, "TLS.CurvePreferences", c.TLS.CurvePreferences, CurveName, checkCurve)
	}
}

// checkList gives each member to check and finds those that are there twice.
func checkList[T comparable](p *problems, field string, list []T, name func(T) string, check func(T) error) {
	for i, v := range list {
		err := check(v)
		if err == nil && slices.Contains(list[:i], v) {
			err = errors.New("is there twice")
		}
		p.add(fmt.Sprintf("%s[%d]", field, i), name(v), err)
	}
}

func (c *Config) checkSuite(id uint16) error {
	s, ok := suiteOf(id)
	switch {
	case !ok:
		return unknown(names(CipherSuites(), CipherSuiteName))
	case s.insecure && !c.AllowInsecure:
		return errors.New("is insecure and AllowInsecure is not set")
	case s.psk && c.PSK == nil:
		return errors.New("needs PSK")
	case !s.psk && c.PSK != nil && !c.certified():
		return errors.New("needs a certificate, there is only PSK")
	}
	return nil
}

func checkCurve(id tls.CurveID) error {
	for _, c := range curves {
		if c.id == id {
			return nil
		}
	}
	return unknownCurve()
}

func unknownCurve() error {
	known := make([]string, len(curves))
	for i, c := range curves {
		known[i] = c.names[0]
	}
	return unknown(known)
}

func names[T any](list []T, name func(T) string) []string {
	all := make([]string, len(list))
	for i, v := range list {
		all[i] = name(v)
	}
	return all
}
