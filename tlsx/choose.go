package tlsx

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/netip"
	"slices"
	"strings"
)

// choice finds the certificate for a peer. It never changes, so that all conns
// can use it at once: new material makes a new one.
type choice struct {
	exact    map[string][]*tls.Certificate // by name in its normal form, IP addresses among them
	wild     map[string][]*tls.Certificate // by what follows "*."
	defaults []*tls.Certificate            // for clients with no name, or an unknown one
	byIP     bool                          // some name is an address

	list   []tls.Certificate
	issuer map[string][]int // by the issuer of any certificate of a chain, in DER: places in list
}

// apply makes t present what s has. The Certificates of t stay empty: crypto/tls
// would fall back to them, where the choice is to refuse.
func (s *choice) apply(t *tls.Config) {
	if len(s.list) == 0 {
		return
	}
	t.GetCertificate = s.server
	t.GetClientCertificate = s.client
}

// server is a tls.Config's GetCertificate. Without certificate and error
// crypto/tls answers with the alert unrecognized_name.
func (s *choice) server(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	name := normal(hello.ServerName)
	if name == "" && s.byIP {
		name = localIP(hello.Conn)
	}
	exact := s.exact[name]
	var wild []*tls.Certificate
	if label, domain, ok := strings.Cut(name, "."); ok && label != "" {
		wild = s.wild[domain]
	}
	if len(exact)+len(wild) == 0 {
		return pick(hello, s.defaults, nil), nil
	}
	return pick(hello, exact, wild), nil
}

// pick returns the first that the client can verify the signature of. If there
// is none it returns the first, whose handshake fails for that reason.
func pick(hello *tls.ClientHelloInfo, first, second []*tls.Certificate) *tls.Certificate {
	if len(first)+len(second) == 0 {
		return nil
	}
	if len(first) == 0 {
		first, second = second, nil
	}
	if len(first)+len(second) == 1 {
		return first[0]
	}
	anonymous := *hello
	anonymous.ServerName = "" // which was compared already, perhaps with Certificate.Names
	for _, list := range [...][]*tls.Certificate{first, second} {
		for _, cert := range list {
			if anonymous.SupportsCertificate(cert) == nil {
				return cert
			}
		}
	}
	return first[0]
}

// localIP is the address that the client dialled, "" if it is none.
func localIP(c net.Conn) string {
	if c == nil {
		return "" // QUIC has none
	}
	var addr netip.Addr
	switch a := c.LocalAddr().(type) {
	case *net.TCPAddr:
		addr = a.AddrPort().Addr()
	case *net.UDPAddr:
		addr = a.AddrPort().Addr()
	}
	if !addr.IsValid() {
		return ""
	}
	return addr.Unmap().WithZone("").String()
}

// client is a tls.Config's GetClientCertificate. None fitting, it is the empty
// certificate, which lets the server decide.
func (s *choice) client(info *tls.CertificateRequestInfo) (*tls.Certificate, error) {
	signs := *info
	signs.AcceptableCAs = nil // looked up without parsing the chain
	for _, i := range s.acceptable(info.AcceptableCAs) {
		if cert := &s.list[i]; signs.SupportsCertificate(cert) == nil {
			return cert, nil
		}
	}
	return &tls.Certificate{}, nil
}

// acceptable returns the places of those that the CAs issued; without any, of all.
func (s *choice) acceptable(cas [][]byte) []int {
	var places []int
	if len(cas) == 0 {
		for i := range s.list {
			places = append(places, i)
		}
		return places
	}
	for _, ca := range cas {
		places = append(places, s.issuer[string(ca)]...)
	}
	slices.Sort(places)
	return slices.Compact(places)
}

// issuersOf returns the issuers of a chain, in DER.
func issuersOf(cert *tls.Certificate) []string {
	list := []string{string(cert.Leaf.RawIssuer)}
	for _, der := range cert.Certificate[1:] {
		if c, err := x509.ParseCertificate(der); err == nil { // it was parsed before
			list = append(list, string(c.RawIssuer))
		}
	}
	return list
}
