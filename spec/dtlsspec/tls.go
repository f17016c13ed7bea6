package dtlsspec

import (
	"crypto/tls"
	"errors"
	"fmt"
	"slices"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/strata-net/strata/spec"
	specv1 "github.com/strata-net/strata/spec/strata/v1"
	"github.com/strata-net/strata/spec/tlsspec"
)

// refused are the fields of TLSConfig that have no effect in DTLS, and why.
var refused = []struct {
	path string
	why  string
}{
	{"preset", "has versions and curves that DTLS 1.2 lacks: use cipher_suites and curves of dtls"},
	{"tickets", "DTLS 1.2 as the library has it has no tickets: use dtls.sessions"},
	{"sessions", "are those of tickets: use dtls.sessions"},
	{"ech", "needs TLS 1.3"},
	{"peer.require_staple", "the library has no OCSP staples"},
	{"certificates.signatures", "the library chooses by itself"},
	{"certificates.ocsp", "the library has no OCSP staples"},
}

// tls converts the field dtls.tls; nil is no TLS.
func (b *builder) tls(m *specv1.DTLSConfig) *tls.Config {
	const at = "dtls.tls"
	t := m.GetTls()
	if t == nil && m.GetPsk() == nil && b.side == server {
		b.Addf(at, nil, "is not set, and psk is not set either")
	}
	if t == nil && (m.GetPsk() != nil || b.side == server) {
		return nil
	}
	for _, r := range refused {
		for _, path := range find(t.ProtoReflect(), strings.Split(r.path, "."), at) {
			b.Add(path, nil, fmt.Errorf("%s: %w", r.why, errors.ErrUnsupported))
		}
	}
	b.twice(m)
	b.reload(t)
	if b.Has(at) {
		return nil
	}
	cfg, err := tlsspec.Open(b.ctx, t)
	b.Nest(at, err)
	if err != nil {
		return nil
	}
	return b.fit(cfg)
}

// fit takes out what tlsx has for TLS alone: the cache of tickets that it makes for
// every client, and for a client what only servers call.
func (b *builder) fit(cfg *tls.Config) *tls.Config {
	cfg = cfg.Clone()
	cfg.ClientSessionCache = nil
	if b.side == client {
		cfg.GetConfigForClient = nil
	}
	return cfg
}

// twice: of two lists dtlsx takes the first.
func (b *builder) twice(m *specv1.DTLSConfig) {
	for path, both := range map[string]bool{
		"cipher_suites": len(m.GetCipherSuites()) > 0 && len(m.GetTls().GetCipherSuites()) > 0,
		"curves":        len(m.GetCurves()) > 0 && len(m.GetTls().GetCurves()) > 0,
	} {
		if both {
			b.Addf("dtls.tls."+path, nil, "has no effect: dtls.%s is set", path)
		}
	}
}

// reload: the library has one config for all clients, so that the CAs by which a
// server verifies them stay. A *tls.Config that follows any CAs has callbacks for
// that which DTLS lacks, also for those that a server never uses. Everything else
// can be followed.
func (b *builder) reload(t *specv1.TLSConfig) {
	const at = "dtls.tls.reload"
	if t.GetReload() == nil {
		return
	}
	for _, field := range []struct {
		name string
		cas  *specv1.TLSConfig_CAs
	}{{"client_cas", t.GetClientCas()}, {"roots", t.GetRoots()}} {
		if b.side == server && slices.ContainsFunc(field.cas.GetFrom(), outside) {
			b.Add(at, nil, fmt.Errorf("the library cannot follow %s: they have to be text: %w", field.name, errors.ErrUnsupported))
		}
	}
}

// outside reports whether the text can change.
func outside(d *specv1.DataSource) bool {
	_, text := d.GetSource().(*specv1.DataSource_Text)
	return !text
}

// find returns the paths of a field that are set, also in lists.
func find(m protoreflect.Message, names []string, at string) []string {
	d := m.Descriptor().Fields().ByName(protoreflect.Name(names[0]))
	at = spec.Join(at, names[0])
	switch {
	case !m.Has(d):
		return nil
	case len(names) == 1:
		return []string{at}
	case !d.IsList():
		return find(m.Get(d).Message(), names[1:], at)
	}
	var all []string
	for i := range m.Get(d).List().Len() {
		all = append(all, find(m.Get(d).List().Get(i).Message(), names[1:], index(at, i))...)
	}
	return all
}

func index(path string, i int) string { return fmt.Sprintf("%s[%d]", path, i) }
