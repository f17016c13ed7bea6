package main

import (
	"fmt"
	"net"
	"strconv"
	"strings"
)

// An Address is where to listen or what to dial.
type Address struct {
	Network string // tcp, tcp4, tcp6 or unix
	Host    string // host:port, or the path of a unix socket
}

// String returns the address with its network, such as tcp://127.0.0.1:80.
func (a Address) String() string { return a.Network + "://" + a.Host }

// hostname returns the host without its port; empty for a unix socket.
func (a Address) hostname() string {
	if a.Network == "unix" {
		return ""
	}
	host, _, _ := net.SplitHostPort(a.Host)
	return host
}

// anyPort says whether listening takes a free port, so that the address can
// stand in a file twice.
func (a Address) anyPort() bool {
	return a.Host == "" || a.Network != "unix" && strings.HasSuffix(a.Host, ":0")
}

// parseListenAddress reads the address of a listener. Port 0 takes a free one.
func parseListenAddress(s string) (Address, error) { return parseAddress(s, 0) }

// parseDialAddress reads the address of an upstream.
func parseDialAddress(s string) (Address, error) {
	a, err := parseAddress(s, 1)
	if err == nil && a.Network != "unix" && a.hostname() == "" {
		return Address{}, fmt.Errorf("want a host to dial, got %q", s)
	}
	return a, err
}

// parseAddress reads scheme://address; without a scheme it is tcp.
func parseAddress(s string, minPort int) (Address, error) {
	network, host, ok := strings.Cut(s, "://")
	if !ok {
		network, host = "tcp", s
	}
	switch network {
	case "unix":
		if host == "" {
			return Address{}, fmt.Errorf("want unix:///path, got %q", s)
		}
	case "tcp", "tcp4", "tcp6":
		if err := checkHostPort(host, minPort); err != nil {
			return Address{}, err
		}
	default:
		return Address{}, fmt.Errorf("want tcp://, tcp4://, tcp6:// or unix://, got %q", s)
	}
	return Address{Network: network, Host: host}, nil
}

// checkHostPort wants host:port with a number as port.
func checkHostPort(s string, minPort int) error {
	host, port, err := net.SplitHostPort(s)
	if err != nil {
		return fmt.Errorf("want host:port, got %q", s)
	}
	n, err := strconv.Atoi(port)
	if err != nil || n < minPort || n > 65535 {
		return fmt.Errorf("want a port from %d to 65535, got %q", minPort, port)
	}
	if strings.ContainsAny(host, "/ \t") {
		return fmt.Errorf("want a host name or an IP address, got %q", host)
	}
	return nil
}
