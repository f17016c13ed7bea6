package tlsx

import (
	"crypto/x509"
	"errors"
	"fmt"
	"strings"
)

// The rules are those of the SPIFFE-ID and X509-SVID documents of spiffe.io.
var (
	errSPIFFE       = errors.New("want \"spiffe://\", a trust domain and a path")
	errTrustDomain  = errors.New("a SPIFFE trust domain has 1 to 255 of a-z, 0-9, '.', '-' and '_'")
	errSPIFFEPath   = errors.New("a SPIFFE path has segments of letters, digits, '.', '-' and '_', none of them empty, \".\" or \"..\"")
	errSPIFFELength = fmt.Errorf("a SPIFFE ID has at most %d bytes", maxSPIFFE)
)

const maxSPIFFE = 2048

// spiffeID is a valid ID.
type spiffeID string

// spiffePrefix is "spiffe://example.org/" for "spiffe://example.org/*".
type spiffePrefix string

func parseSPIFFEPattern(s string) (peerName, error) {
	if base, ok := strings.CutSuffix(s, "/*"); ok {
		id, err := parseSPIFFE(base)
		return spiffePrefix(id + "/"), err
	}
	return parseSPIFFE(s)
}

func parseSPIFFE(s string) (spiffeID, error) {
	rest, ok := strings.CutPrefix(s, "spiffe://")
	if !ok {
		return "", errSPIFFE
	}
	if len(s) > maxSPIFFE {
		return "", errSPIFFELength
	}
	domain, path, hasPath := strings.Cut(rest, "/")
	if domain == "" || len(domain) > 255 || strings.ContainsFunc(domain, notTrustDomain) {
		return "", errTrustDomain
	}
	if !hasPath {
		return spiffeID(s), nil
	}
	for segment := range strings.SplitSeq(path, "/") {
		if segment == "" || segment == "." || segment == ".." || strings.ContainsFunc(segment, notPath) {
			return "", errSPIFFEPath
		}
	}
	return spiffeID(s), nil
}

func notTrustDomain(r rune) bool {
	return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '.' && r != '-' && r != '_'
}

func notPath(r rune) bool { return notTrustDomain(r) && (r < 'A' || r > 'Z') }

func (n spiffeID) in(cert *x509.Certificate) bool { return svid(cert) == n }

func (n spiffePrefix) in(cert *x509.Certificate) bool {
	return strings.HasPrefix(string(svid(cert)), string(n))
}

// svid returns the ID that a leaf proves, "" if it is no X509-SVID: one has a
// single URI, is not a CA's, and its key signs neither certificates nor revocation
// lists (X509-SVID, section 5.2).
func svid(cert *x509.Certificate) spiffeID {
	if len(cert.URIs) != 1 || cert.IsCA || cert.KeyUsage&(x509.KeyUsageCertSign|x509.KeyUsageCRLSign) != 0 {
		return ""
	}
	id, err := parseSPIFFE(cert.URIs[0].String())
	if err != nil {
		return ""
	}
	return id
}
