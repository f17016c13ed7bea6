package pki

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strings"
)

const (
	maxCommonName = 64  // bytes, RFC 5280 appendix A.1
	maxDNSName    = 253 // bytes
	maxLabel      = 63  // bytes
)

var (
	errEmpty      = errors.New("is empty")
	errZone       = errors.New("is an IP address with a zone, which a certificate cannot hold")
	errLabel      = fmt.Errorf("has a label that is empty or longer than %d bytes", maxLabel)
	errHyphen     = errors.New("has a label that starts or ends with '-'")
	errNumber     = errors.New("ends in a number as IP addresses do, but is none")
	errLongDNS    = fmt.Errorf("is longer than %d bytes", maxDNSName)
	errLongCommon = fmt.Errorf("is longer than %d bytes", maxCommonName)
	errEmail      = errors.New("is not an e-mail address in ASCII: want one '@' with text before and a name after it")
	errURI        = errors.New("is not a URI in ASCII: want scheme:rest")
	errHTTP       = errors.New("is not the URL of a server: want http://host/path")
	errControl    = errors.New("is not printable UTF-8")
	errNameless   = errors.New("is empty, as is CommonName: a certificate needs one of them")
)

// addName adds name to t, as what its form says that it is.
func addName(t *x509.Certificate, name string) error {
	if ip, err := netip.ParseAddr(name); err == nil {
		if ip.Zone() != "" {
			return errZone
		}
		t.IPAddresses = append(t.IPAddresses, ip.Unmap().AsSlice())
		return nil
	}
	switch {
	case strings.Contains(name, ":"):
		uri, err := parseURI(name)
		if err == nil {
			t.URIs = append(t.URIs, uri)
		}
		return err
	case strings.Contains(name, "@"):
		t.EmailAddresses = append(t.EmailAddresses, name)
		return checkEmail(name)
	default:
		t.DNSNames = append(t.DNSNames, name)
		return checkDNS(strings.TrimPrefix(name, "*."))
	}
}

func parseURI(name string) (*url.URL, error) {
	uri, err := url.Parse(name)
	if err != nil {
		return nil, err
	}
	if uri.Scheme == "" || !graphic(name) {
		return nil, errURI
	}
	// Go refuses to read a certificate with a URI of any other host.
	if host := uri.Hostname(); host != "" {
		if _, err := netip.ParseAddr(host); err != nil {
			return uri, checkDNS(host)
		}
	}
	return uri, nil
}

func checkEmail(name string) error {
	local, domain, _ := strings.Cut(name, "@")
	if local == "" || strings.Contains(domain, "@") || !graphic(name) {
		return errEmail
	}
	return checkDNS(domain)
}

func checkDNS(name string) error {
	if len(name) > maxDNSName {
		return errLongDNS
	}
	if name == "" {
		return errEmpty
	}
	label := ""
	for label = range strings.SplitSeq(name, ".") {
		if err := checkLabel(label); err != nil {
			return err
		}
	}
	if strings.Trim(label, "0123456789") == "" {
		return errNumber
	}
	return nil
}

func checkLabel(label string) error {
	if label == "" || len(label) > maxLabel {
		return errLabel
	}
	if strings.HasPrefix(label, "-") || strings.HasSuffix(label, "-") {
		return errHyphen
	}
	for _, r := range label {
		if !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_", r) {
			return fmt.Errorf("holds %q: want letters, digits, '-' and '_'", r)
		}
	}
	return nil
}

// graphic reports whether s is visible ASCII without spaces.
func graphic(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r <= ' ' || r >= 0x7f }) < 0
}

// checkServer says whether the URL of an OCSP or CRL server is one; "" is.
func checkServer(server string) error {
	if server == "" {
		return nil
	}
	u, err := url.Parse(server)
	if err != nil {
		return err
	}
	if (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || !graphic(server) {
		return errHTTP
	}
	return nil
}

func checkCommonName(name string) error {
	if len(name) > maxCommonName {
		return errLongCommon
	}
	for _, r := range name {
		if r == '\uFFFD' || r < ' ' || r == 0x7f {
			return errControl
		}
	}
	return nil
}
