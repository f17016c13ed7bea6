package tlsx

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// The bounds of names in the DNS (RFC 1035), and of what an ALPN extension
// holds (RFC 7301), in bytes.
const (
	maxName     = 253
	maxLabel    = 63
	maxProtocol = 255
	maxALPN     = 65535
)

var (
	errNotName      = errors.New("is neither a host name in ASCII nor an IP address without a zone")
	errDuplicate    = errors.New("is there twice")
	errEmptyElement = errors.New("is empty")
)

func (c *Config) checkNames(p *problems) {
	if c.UnknownName != PresentDefault && c.UnknownName != RefuseUnknown {
		p.add("config", "UnknownName", c.UnknownName.String(), fmt.Errorf("is none of %s", names(unknownNames)))
	}
	if c.ServerName != "" {
		if !isHost(normal(c.ServerName)) {
			p.add("config", "ServerName", c.ServerName, errNotName)
		}
		c.ServerName = strings.TrimSuffix(c.ServerName, ".")
	}
	checkALPN(p, c.ALPN)
	c.checkProtocol(p)
}

func checkALPN(p *problems, list []string) {
	size := 0
	for i, protocol := range list {
		size += 1 + len(protocol)
		field := fmt.Sprintf("ALPN[%d]", i)
		switch {
		case protocol == "":
			p.add("config", field, "", errEmptyElement)
		case len(protocol) > maxProtocol:
			p.add("config", field, fmt.Sprintf("%.16q...", protocol), fmt.Errorf("has %d bytes: want at most %d", len(protocol), maxProtocol))
		case earlier(list, i):
			p.add("config", field, protocol, errDuplicate)
		}
	}
	if size > maxALPN {
		p.add("config", "ALPN", "", fmt.Errorf("needs %d bytes: want at most %d", size, maxALPN))
	}
}

// checkServed looks at names that a certificate is presented for.
func checkServed(p *problems, field string, list []string) {
	seen := map[string]bool{}
	for i, name := range list {
		at := fmt.Sprintf("%s[%d]", field, i)
		plain := normal(name)
		if !isHost(strings.TrimPrefix(plain, "*.")) || (strings.HasPrefix(plain, "*.") && isIP(plain[2:])) {
			p.add("config", at, name, fmt.Errorf(`%w; a wildcard is the whole first label, as in "*.example.com"`, errNotName))
		}
		if seen[plain] {
			p.add("config", at, name, errDuplicate)
		}
		seen[plain] = true
	}
}

// earlier reports whether list[i] stands before i, too.
func earlier[T comparable](list []T, i int) bool { return slices.Contains(list[:i], list[i]) }

// normal is the form that names are compared in: small letters, no dot at the
// end, IP addresses as netip writes them, IPv4 ones as such.
func normal(name string) string {
	plain := lower(strings.TrimSuffix(name, "."))
	if plain == "" || (!strings.Contains(plain, ":") && !isDigit(plain[len(plain)-1])) {
		return plain // most names: without the cost of a parser's error
	}
	addr, err := netip.ParseAddr(plain)
	switch {
	case err != nil:
		return plain
	case len(plain) < len(name):
		return name // an address has no dot at its end
	}
	return addr.Unmap().String()
}

// lower is strings.ToLower, but leaves alone what has letters that are none of ASCII
// and become such: the Kelvin sign would be a k, and the I with a dot an i.
func lower(s string) string {
	if small := strings.ToLower(s); len(small) == len(s) {
		return small
	}
	return s
}

func isIP(name string) bool {
	_, err := netip.ParseAddr(name)
	return err == nil
}

func isDigit(b byte) bool { return '0' <= b && b <= '9' }

// isHost reports whether a name in its normal form is a host's. An underscore
// is none of a host name's letters, and in use.
func isHost(name string) bool {
	if addr, err := netip.ParseAddr(name); err == nil {
		return addr.Zone() == "" // certificates hold none
	}
	if name == "" || len(name) > maxName {
		return false
	}
	for label := range strings.SplitSeq(name, ".") {
		if label == "" || len(label) > maxLabel || strings.HasPrefix(label, "-") || strings.HasSuffix(label, "-") {
			return false
		}
		for i := range len(label) {
			if b := label[i]; b != '-' && b != '_' && !isDigit(b) && (b < 'a' || b > 'z') {
				return false
			}
		}
	}
	return true
}
