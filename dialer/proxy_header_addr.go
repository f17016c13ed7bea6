package dialer

import (
	"errors"
	"fmt"
	"net"
	"net/netip"

	"github.com/pires/go-proxyproto"
)

// family is how a header calls what an address belongs to.
type family struct {
	ipv4, ipv6 proxyproto.AddressFamilyAndProtocol
}

var (
	streams   = family{ipv4: proxyproto.TCPv4, ipv6: proxyproto.TCPv6}
	datagrams = family{ipv4: proxyproto.UDPv4, ipv6: proxyproto.UDPv6}
)

// maxUnixName is the room that a header has for a path.
const maxUnixName = 108

// sides returns the addresses as a header has them, and what they are called.
func sides(source, destination net.Addr) (from, to net.Addr, kind proxyproto.AddressFamilyAndProtocol, err error) {
	switch s := source.(type) {
	case *net.TCPAddr:
		if d, ok := destination.(*net.TCPAddr); ok && s != nil && d != nil {
			kind, err = streams.of(s.IP, d.IP)
			return s, d, kind, err
		}
	case *net.UDPAddr:
		if d, ok := destination.(*net.UDPAddr); ok && s != nil && d != nil {
			kind, err = datagrams.of(s.IP, d.IP)
			return s, d, kind, err
		}
	case *net.UnixAddr:
		if d, ok := destination.(*net.UnixAddr); ok && s != nil && d != nil {
			kind, err = unixKind(s, d)
			return s, d, kind, err
		}
	default:
		return nil, nil, kind, fmt.Errorf("the source is %s, not a *net.TCPAddr, *net.UDPAddr or *net.UnixAddr", describe(source))
	}
	return nil, nil, kind, fmt.Errorf("the source is %s, the destination %s", describe(source), describe(destination))
}

// of fails unless both are of one version. The same IPv4 address may be written as
// IPv6 by a socket that takes both.
func (f family) of(source, destination net.IP) (kind proxyproto.AddressFamilyAndProtocol, err error) {
	s, ok1 := netip.AddrFromSlice(source)
	d, ok2 := netip.AddrFromSlice(destination)
	s, d = s.Unmap(), d.Unmap()
	switch {
	case !ok1 || !ok2:
		return kind, errors.New("source or destination has no IP address")
	case s.Is4() != d.Is4():
		return kind, fmt.Errorf("source %s and destination %s are not of one version of IP", s, d)
	case s.Is4():
		return f.ipv4, nil
	}
	return f.ipv6, nil
}

func unixKind(source, destination *net.UnixAddr) (kind proxyproto.AddressFamilyAndProtocol, err error) {
	switch {
	case max(len(source.Name), len(destination.Name)) > maxUnixName:
		return kind, fmt.Errorf("a header has room for paths of %d bytes", maxUnixName)
	case source.Net != destination.Net:
		return kind, fmt.Errorf("the source is of network %s, the destination of %s", source.Net, destination.Net)
	case source.Net == "unix":
		return proxyproto.UnixStream, nil
	case source.Net == "unixgram":
		return proxyproto.UnixDatagram, nil
	}
	return kind, fmt.Errorf("the PROXY protocol has no network %s", source.Net)
}

func describe(a net.Addr) string {
	if a == nil {
		return "nil"
	}
	return fmt.Sprintf("a %T", a)
}
