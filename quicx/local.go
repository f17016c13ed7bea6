package quicx

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
)

// local is a parsed source address. The zero value is any.
type local struct {
	ip   netip.Addr // invalid for any
	port uint16
}

// parseLocal resolves nothing: hosts are IP literals and ports are numbers.
func parseLocal(s string) (local, error) {
	if s == "" {
		return local{}, nil
	}
	bare := s
	if strings.HasPrefix(s, "[") && strings.HasSuffix(s, "]") {
		bare = s[1 : len(s)-1]
	}
	if ip, err := parseIP(bare); err == nil {
		return local{ip: ip}, nil
	}
	host, port, err := net.SplitHostPort(s)
	if err != nil {
		return local{}, errors.New("must be an IP literal or IP:port")
	}
	var l local
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return local{}, fmt.Errorf("port %q is not a number from 0 to 65535", port)
	}
	l.port = uint16(n)
	if host != "" {
		l.ip, err = parseIP(host)
	}
	return l, err
}

// parseIP takes an IP literal. A bracket in its zone could not be written with a port.
func parseIP(s string) (netip.Addr, error) {
	ip, err := netip.ParseAddr(s)
	if err != nil || strings.ContainsAny(ip.Zone(), "[]") {
		return netip.Addr{}, fmt.Errorf("host %q is not an IP literal", s)
	}
	return ip.Unmap(), nil
}

// allows reports whether the address can be dialled from here.
func (l local) allows(ip netip.Addr) bool { return !l.ip.IsValid() || l.ip.Is4() == ip.Is4() }

// text is the address for package net.
func (l local) text() string {
	if !l.ip.IsValid() {
		return ":" + strconv.Itoa(int(l.port))
	}
	return netip.AddrPortFrom(l.ip, l.port).String()
}

// family returns the network of the version of IP.
func family(ip netip.Addr) string {
	if ip.Is4() {
		return "udp4"
	}
	return "udp6"
}
