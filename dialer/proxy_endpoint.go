package dialer

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
)

// An endpoint is a target as a proxy is told: a port number, and an address if the
// host is one.
type endpoint struct {
	host string
	ip   netip.Addr
	port uint16
}

// newEndpoint takes what could be dialled, and could not be misread by a proxy.
func newEndpoint(network, address string) (endpoint, error) {
	host, service, err := net.SplitHostPort(address)
	if err != nil {
		return endpoint{}, err
	}
	protocol, _ := split(network)
	port, ok := portNumber(protocol, service)
	if !ok || port == 0 {
		return endpoint{}, fmt.Errorf("port %q is neither a number from 1 to 65535 nor a known service", service)
	}
	e := endpoint{host: host, port: uint16(port)} //nolint:gosec // portNumber has checked it
	if ip, err := netip.ParseAddr(host); err == nil {
		e.ip = ip.Unmap()
		if ip.Zone() != "" {
			return endpoint{}, fmt.Errorf("zone %q is one of this machine and means nothing to a proxy", ip.Zone())
		}
		return e, local{ip: e.ip}.fits(network)
	}
	return e, checkName(host)
}

// checkName lets only through what is a name for everybody: a proxy must not find
// another line, host or path in it.
func checkName(host string) error {
	switch {
	case host == "":
		return errors.New("a proxy needs a host")
	case len(host) > maxHost:
		return fmt.Errorf("the host is longer than %d bytes", maxHost)
	}
	for i := range len(host) {
		if c := host[i]; c <= ' ' || c >= 0x7f || strings.IndexByte(`"#%/:<>?@[\]^{|}`+"`", c) >= 0 {
			return fmt.Errorf("byte %q in the host", c)
		}
	}
	return nil
}

// String returns host:port, or IP:port.
func (e endpoint) String() string {
	host := e.host
	if e.ip.IsValid() {
		host = e.ip.String()
	}
	return net.JoinHostPort(host, strconv.Itoa(int(e.port)))
}
