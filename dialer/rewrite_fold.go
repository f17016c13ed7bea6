package dialer

import (
	"net"
	"net/netip"
	"strings"
)

// maxHost is longer than every name (253 bytes) and every address with a zone.
const maxHost = 255

// fold writes the one form that all notations of a host have in common: lower
// case, no trailing dot, IPv4 not mapped. The host is not IPv6, which has a
// value of its own, and fits into the buffer.
func fold(buf *[maxHost]byte, host string) []byte {
	// What has no colon is a name, or IPv4, of which there is one notation only.
	if strings.IndexByte(host, ':') >= 0 {
		if ip, err := netip.ParseAddr(host); err == nil {
			return ip.Unmap().AppendTo(buf[:0])
		}
	}
	name := buf[:copy(buf[:], strings.TrimSuffix(host, "."))]
	for i, c := range name {
		if 'A' <= c && c <= 'Z' {
			name[i] = c + 'a' - 'A'
		}
	}
	return name
}

// ipv6 returns the host if it is one that is not IPv4 in another notation.
func ipv6(host string) (netip.Addr, bool) {
	// ParseAddr would allocate an error for every name.
	if strings.IndexByte(host, ':') < 0 {
		return netip.Addr{}, false
	}
	ip, err := netip.ParseAddr(host)
	return ip, err == nil && !ip.Is4In6()
}

// numeric is true for what no top-level domain is called: the last part of IPv4.
func numeric(label []byte) bool {
	for _, c := range label {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}

// portNumber takes a number or the name of a service. Package net knows the
// usual ones itself and asks the system's list of services for others.
func portNumber(protocol, s string) (int, bool) {
	if s == "" {
		return 0, false
	}
	n := 0
	for i := range len(s) {
		c := s[i]
		if c < '0' || c > '9' {
			port, err := net.LookupPort(protocol, s) //nolint:noctx // a table and a file: nothing that could block
			return port, err == nil
		}
		if n = n*10 + int(c-'0'); n > 65535 {
			return 0, false
		}
	}
	return n, true
}
