package udpbatch

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
)

// address is [network://]host:port, checked.
type address struct {
	network string // "udp", "udp4", "udp6"
	text    string // "127.0.0.1:53"
	ip      netip.Addr
	host    string
	port    uint16
}

func parseAddress(s string) (address, error) {
	if s == "" {
		return address{}, errors.New("must be set")
	}
	a := address{network: "udp", text: s}
	if network, text, found := strings.Cut(s, "://"); found {
		a.network, a.text = network, text
	}
	switch a.network {
	case "udp", "udp4", "udp6":
	default:
		return address{}, net.UnknownNetworkError(a.network)
	}
	host, port, err := net.SplitHostPort(a.text)
	if err != nil {
		return address{}, err
	}
	number, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return address{}, fmt.Errorf("port %q is not a number from 0 to 65535", port)
	}
	a.host, a.port = host, uint16(number)
	if ip, err := netip.ParseAddr(host); err == nil {
		a.ip = ip.Unmap()
	}
	return a, a.checkVersion()
}

// checkVersion refuses a literal of the other version than the network's.
func (a *address) checkVersion() error {
	if a.ip.IsValid() && (a.network == "udp4" && !a.ip.Is4() || a.network == "udp6" && a.ip.Is4()) {
		return fmt.Errorf("%s is not an address of network %s", a.host, a.network)
	}
	return nil
}

// from makes the parsed source of a dial, and its network that of both.
func (a *address) from(source address) (*net.UDPAddr, error) {
	if source.host != "" && !source.ip.IsValid() {
		return nil, fmt.Errorf("host %q is not an IP literal", source.host)
	}
	switch {
	case a.network == "udp":
		a.network = source.network
	case source.network != "udp" && source.network != a.network:
		return nil, fmt.Errorf("network %s cannot dial %s", source.network, a.network)
	}
	if err := a.checkVersion(); err != nil {
		return nil, err
	}
	return net.UDPAddrFromAddrPort(netip.AddrPortFrom(source.ip, source.port)), nil
}
