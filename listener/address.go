package listener

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"runtime"
	"slices"
	"strconv"
	"strings"
)

// The networks of New and of NewPacketConn; the ip ones take a protocol. Those
// of fd and systemd are known when the descriptor has been looked at.
var (
	streams = []string{"tcp", "tcp4", "tcp6", "unix", "unixpacket", "fd", "systemd"}
	packets = []string{"udp", "udp4", "udp6", "ip", "ip4", "ip6", "unixgram"}
)

// address is what net.ListenConfig takes, checked, or an inherited descriptor.
type address struct {
	network string // "tcp4", "unix", "ip4", "fd"
	suffix  string // ":icmp" for the ip networks
	text    string // "127.0.0.1:80", "/run/x.sock", "3"
	fd      int    // of networks fd and systemd
	inode   string // which the descriptor must have, "" if that is not known
}

// full returns the network as net wants it.
func (a address) full() string { return a.network + a.suffix }

// inherited reports whether the socket is there already.
func (a address) inherited() bool { return a.network == "fd" || a.network == "systemd" }

// path reports whether text is the path of a file. Names that start with @ are
// abstract on Linux; package net treats them alike on Windows.
func (a address) path() bool {
	if a.protocol() != "unix" && a.protocol() != "unixpacket" {
		return false
	}
	return !strings.HasPrefix(a.text, "@") || !abstractNames
}

// abstractNames is where unix(7)'s abstract names exist.
const abstractNames = runtime.GOOS == "linux" || runtime.GOOS == "android" || runtime.GOOS == "windows"

// protocol returns the network without IP version.
func (a address) protocol() string { return strings.TrimRight(a.network, "46") }

// parseAddress takes [network://]address, where the network must be one of allowed.
func parseAddress(s string, allowed []string, fallback string) (address, error) {
	if s == "" {
		return address{}, errors.New("must be set")
	}
	scheme, text, found := strings.Cut(s, "://")
	if !found {
		scheme, text = fallback, s
	}
	network, protocol, hasProtocol := strings.Cut(scheme, ":")
	a := address{network: network, text: text}
	if hasProtocol {
		a.suffix = ":" + protocol
	}
	if !slices.Contains(allowed, network) || hasProtocol != (a.protocol() == "ip") {
		return address{}, wrongNetwork(scheme, network)
	}
	if err := a.check(); err != nil {
		return address{}, err
	}
	return a, nil
}

func wrongNetwork(scheme, network string) error {
	switch {
	case slices.Contains(streams, scheme):
		return fmt.Errorf("network %s is one of streams: use New", scheme)
	case slices.Contains(packets, network) && !strings.HasPrefix(network, "ip"):
		return fmt.Errorf("network %s is one of packets: use NewPacketConn", scheme)
	case scheme == network && slices.Contains(packets, network):
		return fmt.Errorf("network %s needs a protocol, as in %s:icmp", network, network)
	}
	return net.UnknownNetworkError(scheme)
}

func (a address) check() error {
	switch a.protocol() {
	case "tcp", "udp":
		return a.checkHostPort()
	case "ip":
		return a.checkIP(a.text)
	case "fd", "systemd":
		return nil // checked where they are looked up
	}
	switch {
	case a.text == "":
		return errors.New("the path is empty")
	case strings.ContainsRune(a.text, 0):
		// The kernel would stop reading there and bind to another path.
		return errors.New("the path contains a NUL byte")
	}
	return nil
}

func (a address) checkHostPort() error {
	host, port, err := net.SplitHostPort(a.text)
	if err != nil {
		return err
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return fmt.Errorf("port %q is not a number from 0 to 65535", port)
	}
	if _, err := netip.ParseAddr(host); err == nil {
		return a.checkIP(host)
	}
	return nil // a name, or all addresses
}

// checkIP takes a literal of the network's version, or "" for all addresses.
func (a address) checkIP(host string) error {
	if host == "" {
		return nil
	}
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return fmt.Errorf("host %q is not an IP literal", host)
	}
	is4 := ip.Unmap().Is4()
	if (is4 && strings.HasSuffix(a.network, "6")) || (!is4 && strings.HasSuffix(a.network, "4")) {
		return fmt.Errorf("%s is not an address of network %s", host, a.network)
	}
	return nil
}
