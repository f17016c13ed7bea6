package tlsx

import (
	"crypto/ecdsa"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// newChoice makes the index of list, which has one for each of c.Certificates.
func newChoice(c *Config, list []tls.Certificate) *choice {
	s := &choice{
		exact:  map[string][]*tls.Certificate{},
		wild:   map[string][]*tls.Certificate{},
		list:   list,
		issuer: map[string][]int{},
	}
	for i := range list {
		cert := &list[i]
		for _, name := range servedBy(&c.Certificates[i], cert.Leaf) {
			s.add(name, cert)
		}
		for _, issuer := range issuersOf(cert) {
			if places := s.issuer[issuer]; !slices.Contains(places, i) {
				s.issuer[issuer] = append(places, i)
			}
		}
	}
	if c.UnknownName != RefuseUnknown {
		s.setDefaults(c)
	}
	return s
}

// servedBy returns the names that a certificate is presented for.
func servedBy(cert *Certificate, leaf *x509.Certificate) []string {
	if len(cert.Names) > 0 {
		return cert.Names
	}
	// Go reads a certificate with an empty name, which is not that of clients without one.
	names := slices.DeleteFunc(slices.Clone(leaf.DNSNames), func(name string) bool { return name == "" })
	for _, ip := range leaf.IPAddresses {
		names = append(names, ip.String())
	}
	return names
}

func (s *choice) add(name string, cert *tls.Certificate) {
	name = normal(name)
	if domain, ok := strings.CutPrefix(name, "*."); ok {
		s.wild[domain] = include(s.wild[domain], cert)
		return
	}
	if _, err := netip.ParseAddr(name); err == nil {
		s.byIP = true
	}
	s.exact[name] = include(s.exact[name], cert)
}

// include appends cert unless an earlier one signs in the same way: it would
// never be chosen, and the lists must stay short.
func include(list []*tls.Certificate, cert *tls.Certificate) []*tls.Certificate {
	same := func(other *tls.Certificate) bool { return signsAs(other) == signsAs(cert) }
	if slices.ContainsFunc(list, same) {
		return list
	}
	return append(list, cert)
}

// signsAs is equal for two that serve the same clients.
func signsAs(cert *tls.Certificate) string {
	curve := ""
	if key, ok := cert.Leaf.PublicKey.(*ecdsa.PublicKey); ok {
		curve = key.Curve.Params().Name
	}
	return fmt.Sprint(cert.Leaf.PublicKeyAlgorithm, curve, cert.SupportedSignatureAlgorithms)
}

func (s *choice) setDefaults(c *Config) {
	for i := range s.list {
		if c.Certificates[i].Default {
			s.defaults = include(s.defaults, &s.list[i])
		}
	}
	if len(s.defaults) > 0 || len(s.list) == 0 {
		return
	}
	first := &s.list[0]
	s.defaults = []*tls.Certificate{first}
	names := servedBy(&c.Certificates[0], first.Leaf)
	if len(names) == 0 {
		return
	}
	// The first one's twin with another kind of key serves who cannot take it.
	name := normal(names[0])
	list := s.exact[name]
	if domain, ok := strings.CutPrefix(name, "*."); ok {
		list = s.wild[domain]
	}
	s.defaults = list
}
