package xquic

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"time"

	"golang.org/x/net/quic"

	"github.com/strata-net/strata/sockopt"
)

// DialConfig describes a [Client]. Only TLS is needed. NewDialer takes copies
// and never changes it.
type DialConfig struct {
	// LocalAddr is the source address: "127.0.0.1:0", "[::1]:4000", ":5000" or
	// "" to let the system choose. Hosts are IP literals, ports are numbers
	// from 0 to 65535. With an IP only addresses of its version can be dialled.
	LocalAddr string

	// Options are applied to each socket before it is bound, and read back.
	// Those that QUIC cannot have are an error that says why.
	Options sockopt.Options

	// ReceiveBuffer and SendBuffer are the sizes of the socket's buffers in
	// bytes. 0 leaves the system's default. A size that the kernel does not give
	// is an error of the first dial (on Linux above net.core.rmem_max and
	// wmem_max without CAP_NET_ADMIN).
	ReceiveBuffer, SendBuffer int

	// TLS is needed, with NextProtos, and must allow TLS 1.3. An empty ServerName
	// means the host that is dialled. Sessions are resumed with a
	// ClientSessionCache only.
	TLS *tls.Config

	// QUIC has the settings of x/net/quic; TLSConfig must be nil. Values that it
	// would cut or ignore are errors, and so are those that switch off a
	// timeout. RequireAddressValidation and StatelessResetKey are for listeners.
	// QLogLogger gets the events of qlog.
	QUIC *quic.Config

	// Timeout limits a whole dial, name resolution included. 0 means no limit
	// but the context's; an address without an answer is given up after
	// QUIC.HandshakeTimeout, 10 s if that is zero. Negative is an error.
	Timeout time.Duration

	// Resolver resolves names. nil means net.DefaultResolver. It is kept and not
	// copied.
	Resolver *net.Resolver

	_ [0]func() // not comparable, so that fields can be added
}

// Check says what [NewDialer] would say of the config, and opens nothing. nil is
// the zero DialConfig.
func (c *DialConfig) Check() error {
	_, _, err := c.prepare()
	return err
}

// prepare returns a copy with everything checked and filled in.
func (c *DialConfig) prepare() (*DialConfig, netip.AddrPort, error) {
	var n DialConfig
	if c != nil {
		n = *c
	}
	var p problems
	local, err := parseLocal(n.LocalAddr)
	p.add("LocalAddr", n.LocalAddr, err)
	n.Options = slices.Clone(n.Options)
	checkSocket(&p, "udp", n.Options, n.ReceiveBuffer, n.SendBuffer)
	n.QUIC = prepare(&p, n.QUIC, n.TLS, dialing)
	if n.Timeout < 0 {
		p.add("Timeout", n.Timeout.String(), errNegative)
	}
	if n.Resolver == nil {
		n.Resolver = net.DefaultResolver
	}
	return &n, local, p.err()
}

// parseLocal resolves nothing. The address is invalid if there is none.
func parseLocal(s string) (netip.AddrPort, error) {
	if s == "" {
		return netip.AddrPort{}, nil
	}
	host, port, err := net.SplitHostPort(s)
	if err != nil {
		return netip.AddrPort{}, errors.New("must be IP:port")
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("port %q is not a number from 0 to 65535", port)
	}
	var ip netip.Addr
	if host != "" {
		if ip, err = netip.ParseAddr(host); err != nil {
			return netip.AddrPort{}, fmt.Errorf("host %q is not an IP literal", host)
		}
	}
	return netip.AddrPortFrom(ip.Unmap(), uint16(n)), nil
}
