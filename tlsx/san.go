package tlsx

import (
	"crypto/x509"
	"errors"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"
)

// peerName is one of Peer.Names, ready to be compared.
type peerName interface {
	in(cert *x509.Certificate) bool
}

var (
	errEmptyName = errors.New("is empty: want a DNS name, an IP address, an e-mail address or a URI")
	errZone      = errors.New("an IP address in a certificate has no zone")
	errURI       = errors.New("want an absolute URI with a host in ASCII")
	errEmail     = errors.New("want an e-mail address: local@domain")
)

// parseName tells the kinds apart by form.
func parseName(s string) (peerName, error) {
	switch {
	case s == "":
		return nil, errEmptyName
	case strings.Contains(s, "://"):
		return parseURIName(s)
	case strings.Contains(s, "@"):
		return parseEmailName(s)
	}
	if addr, err := netip.ParseAddr(s); err == nil {
		if addr.Zone() != "" {
			return nil, errZone
		}
		return ipName(addr.Unmap()), nil
	}
	return parseDNSName(s)
}

// ipName is an address; IPv4 is never in its IPv6 form.
type ipName netip.Addr

func (n ipName) in(cert *x509.Certificate) bool {
	return slices.ContainsFunc(cert.IPAddresses, func(ip net.IP) bool {
		addr, ok := netip.AddrFromSlice(ip)
		return ok && addr.Unmap() == netip.Addr(n)
	})
}

// emailName has its domain in lower case; the local part's case matters (RFC
// 5280, section 7.5).
type emailName string

func parseEmailName(s string) (peerName, error) {
	local, domain, _ := strings.Cut(s, "@")
	if local == "" || strings.ContainsAny(local, " \t\r\n\x00<>\"") {
		return nil, errEmail
	}
	if err := checkDNSName(lower(domain)); err != nil {
		return nil, err
	}
	return emailName(local + "@" + lower(domain)), nil
}

func (n emailName) in(cert *x509.Certificate) bool {
	return slices.ContainsFunc(cert.EmailAddresses, func(s string) bool {
		local, domain, ok := strings.Cut(s, "@")
		return ok && emailName(local+"@"+lower(domain)) == n
	})
}

// uriName is compared byte by byte, but for the case of scheme and host (RFC
// 5280, section 7.4).
type uriName string

func parseURIName(s string) (peerName, error) {
	if scheme, _, _ := strings.Cut(s, "://"); strings.EqualFold(scheme, "spiffe") {
		return parseSPIFFEPattern(s)
	}
	u, err := url.Parse(s)
	if err != nil {
		return nil, err
	}
	notASCII := func(r rune) bool { return r >= utf8.RuneSelf } // which no certificate has
	if u.Scheme == "" || u.Host == "" || strings.ContainsFunc(u.Host, notASCII) {
		return nil, errURI
	}
	return canonicalURI(u), nil
}

func canonicalURI(u *url.URL) uriName {
	c := *u // net/url has lowered the scheme
	c.Host = strings.ToLower(u.Host)
	return uriName(c.String())
}

func (n uriName) in(cert *x509.Certificate) bool {
	return slices.ContainsFunc(cert.URIs, func(u *url.URL) bool { return canonicalURI(u) == n })
}
