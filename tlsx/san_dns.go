package tlsx

import (
	"crypto/x509"
	"errors"
	"strings"
)

var (
	errDNSName  = errors.New("want a DNS name in ASCII: labels of letters, digits, hyphens and underscores")
	errWildcard = errors.New("a wildcard is the whole first label, as in \"*.example.com\"")
)

// dnsName is a name in lower case without the last dot.
type dnsName string

// wildcardName is ".example.com" for "*.example.com".
type wildcardName string

func parseDNSName(s string) (peerName, error) {
	s = lower(strings.TrimSuffix(s, "."))
	base, wild := strings.CutPrefix(s, "*.")
	if strings.Contains(base, "*") {
		return nil, errWildcard
	}
	if err := checkDNSName(base); err != nil {
		return nil, err
	}
	if wild {
		return wildcardName("." + base), nil
	}
	return dnsName(base), nil
}

func checkDNSName(s string) error {
	if !isHost(s) || isIP(s) {
		return errDNSName
	}
	return nil
}

// in holds also if the certificate has a wildcard that the name is under: it is
// valid for the name then.
func (n dnsName) in(cert *x509.Certificate) bool {
	_, parent, _ := strings.Cut(string(n), ".")
	for _, san := range cert.DNSNames {
		san = lowerDNS(san)
		if san == string(n) || parent != "" && san == "*."+parent {
			return true
		}
	}
	return false
}

func (n wildcardName) in(cert *x509.Certificate) bool {
	for _, san := range cert.DNSNames {
		label, ok := strings.CutSuffix(lowerDNS(san), string(n))
		if ok && (label == "*" || isHost(label) && !strings.Contains(label, ".")) {
			return true
		}
	}
	return false
}

func lowerDNS(s string) string { return lower(strings.TrimSuffix(s, ".")) }
