package main

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// An Address is where to listen or what to dial.
type Address struct {
	Network string // tcp, tcp4, tcp6, udp, udp4, udp6, unix or unixpacket; to listen also fd or systemd
	Host    string // host:port, the path of a unix socket, or what is inherited
}

// String returns the address with its network, such as tcp://127.0.0.1:80.
func (a Address) String() string { return a.Network + "://" + a.Host }

// protocol returns the network without its version of IP: tcp, udp, unix...
func (a Address) protocol() string { return strings.TrimRight(a.Network, "46") }

// hasPort says whether Host is host:port.
func (a Address) hasPort() bool { return a.protocol() == "tcp" || a.protocol() == "udp" }

// inherited says whether the socket is there already; its network is not known.
func (a Address) inherited() bool { return a.Network == "fd" || a.Network == "systemd" }

// streams says whether a conn is a stream of bytes.
func (a Address) streams() bool { return a.protocol() == "tcp" || a.Network == "unix" }

// hostname returns the host without its port; empty for a unix socket.
func (a Address) hostname() string {
	if !a.hasPort() {
		return ""
	}
	host, _, _ := net.SplitHostPort(a.Host)
	return host
}

// places returns what of an address can be listened on only once, each as text:
// nothing when the system chooses the port, and each port of a range.
func (a Address) places() []string {
	switch {
	case a.Network == "":
		return nil // it is wrong
	case a.inherited():
		return []string{a.String()}
	case !a.hasPort():
		return []string{a.Host}
	}
	low, high, err := splitPorts(a.Host)
	if err != nil || low == 0 {
		return nil
	}
	var list []string
	for port := low; port <= high; port++ {
		text := net.JoinHostPort(a.hostname(), strconv.Itoa(port))
		if a.protocol() == "udp" {
			text = "udp://" + text
		}
		list = append(list, text)
	}
	return list
}

// clashes says whether two addresses may be in each other's way: the same, or
// all addresses of the machine, or a name that could be any.
func (a Address) clashes(b Address) bool {
	switch {
	case a.inherited() || b.inherited():
		return a == b
	case !a.hasPort() || !b.hasPort():
		return a.hasPort() == b.hasPort() && a.Host == b.Host
	}
	low1, high1, err1 := splitPorts(a.Host)
	low2, high2, err2 := splitPorts(b.Host)
	if err1 != nil || err2 != nil || a.protocol() != b.protocol() || max(low1, low2, 1) > min(high1, high2) {
		return false
	}
	one, err1 := netip.ParseAddr(a.hostname())
	other, err2 := netip.ParseAddr(b.hostname())
	return err1 != nil || err2 != nil || one.IsUnspecified() || other.IsUnspecified() || one.Unmap() == other.Unmap()
}

// hasPortOf says whether a socket at t may be one of the address.
func (a Address) hasPortOf(t *net.TCPAddr) bool {
	low, high, err := splitPorts(a.Host)
	return err == nil && (low == 0 || low <= t.Port && t.Port <= high)
}

// The networks that can be listened on, and dialled.
var (
	listenNetworks = []string{"tcp", "tcp4", "tcp6", "udp", "udp4", "udp6", "unix", "unixpacket", "fd", "systemd"}
	dialNetworks   = []string{"tcp", "tcp4", "tcp6", "udp", "udp4", "udp6", "unix", "unixpacket"}
)

// parseListenAddress reads the address of a listener. Port 0 takes a free one,
// and a range is all of its ports. Without a scheme the network is left to the
// protocol.
func parseListenAddress(s string) (Address, error) {
	a, err := parseAddress(s, listenNetworks)
	if err != nil {
		return Address{}, err
	}
	if a.Network != "" && !a.hasPort() {
		return a, nil
	}
	if _, _, err = splitPorts(a.Host); err != nil {
		return Address{}, err
	}
	return a, nil
}

// parseDialAddress reads the address of an upstream; without a scheme it is tcp.
func parseDialAddress(s string) (Address, error) {
	a, err := parseAddress(s, dialNetworks)
	if err != nil {
		return Address{}, err
	}
	if a.Network == "" {
		a.Network = "tcp"
	}
	if !a.hasPort() {
		return a, nil
	}
	low, _, err := splitPorts(a.Host)
	_, port, _ := net.SplitHostPort(a.Host)
	switch {
	case err != nil:
		return Address{}, err
	case strings.Contains(port, "-") || low == 0:
		return Address{}, fmt.Errorf("want a port from 1 to 65535, got %q", port)
	case a.hostname() == "":
		return Address{}, fmt.Errorf("want a host to dial, got %q", s)
	}
	return a, nil
}

// parseAddress reads [scheme://]address.
func parseAddress(s string, networks []string) (Address, error) {
	network, host, ok := strings.Cut(s, "://")
	switch {
	case !ok:
		return Address{Host: s}, nil
	case !slices.Contains(networks, network):
		return Address{}, fmt.Errorf("want %s, got %q", orList(schemes(networks)), s)
	case strings.HasPrefix(network, "unix") && host == "":
		return Address{}, fmt.Errorf("want %s:///path, got %q", network, s)
	}
	return Address{Network: network, Host: host}, nil
}

// schemes returns how networks are written.
func schemes(networks []string) []string {
	list := make([]string, len(networks))
	for i, n := range networks {
		list[i] = n + "://"
	}
	return list
}

// splitPorts reads the ports of host:port or host:low-high.
func splitPorts(s string) (low, high int, err error) {
	host, ports, err := net.SplitHostPort(s)
	if err != nil {
		return 0, 0, fmt.Errorf("want host:port, got %q", s)
	}
	if strings.ContainsAny(host, "/ \t") {
		return 0, 0, fmt.Errorf("want a host name or an IP address, got %q", host)
	}
	first, last, isRange := strings.Cut(ports, "-")
	l, err1 := strconv.ParseUint(first, 10, 16)
	h, err2 := l, error(nil)
	if isRange {
		h, err2 = strconv.ParseUint(last, 10, 16)
	}
	switch {
	case err1 != nil || err2 != nil:
		return 0, 0, fmt.Errorf("want a port from 0 to 65535, got %q", ports)
	case isRange && (l == 0 || l > h || h-l >= maxPorts):
		return 0, 0, fmt.Errorf("want a range of at most %d ports from 1 to 65535, got %q", maxPorts, ports)
	}
	return int(l), int(h), nil
}

// maxPorts bounds a range: a listener has at most as many sockets.
const maxPorts = 1024
