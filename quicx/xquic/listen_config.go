package xquic

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/quic"

	"github.com/strata-net/strata/sockopt"
	"github.com/strata-net/strata/sockopt/access"
)

// DefaultBacklog is used when ListenConfig.Backlog is zero.
const DefaultBacklog = 128

// ListenConfig describes a [Listener]. NewListener takes copies and never
// changes it.
type ListenConfig struct {
	// Address is where to listen: "127.0.0.1:4433", "udp://[::1]:0",
	// "udp4://:443". No scheme is udp. An empty host is all addresses of the
	// machine, port 0 a free one; ports are numbers.
	Address string

	// Options, ReceiveBuffer and SendBuffer are as in [DialConfig].
	Options                   sockopt.Options
	ReceiveBuffer, SendBuffer int

	// TLS is needed, with Certificates, GetCertificate or GetConfigForClient, and
	// with NextProtos, unless GetConfigForClient answers for them. One copy
	// serves all conns, so session tickets resume.
	TLS *tls.Config

	// QUIC has the settings of x/net/quic, as in [DialConfig].
	// RequireAddressValidation asks every client to repeat its first packet with
	// a token (Retry), StatelessResetKey tells clients of an earlier process at
	// once that their conns are gone.
	QUIC *quic.Config

	// Allow and Deny are rules for the address of the peer. Of all prefixes in
	// both lists the longest one that contains it decides; Deny wins a tie. An
	// address that no prefix contains is admitted if Allow is empty, else
	// refused. 0.0.0.0/0 is all of IPv4, ::/0 all of IPv6; IPv4-mapped
	// addresses and prefixes are IPv4. x/net/quic shows a conn no sooner than
	// after its handshake: only then the rules are applied, and the limits
	// below, and the conn is closed with application error code 0.
	Allow, Deny []netip.Prefix

	// MaxConns bounds the open conns. What is above it is closed. 0 means no
	// bound. Negative is an error.
	MaxConns int

	// MaxConnsPerSource bounds the open conns of one source: of one prefix of
	// SourceBits4 or SourceBits6 bits. 0 means no bound. Negative is an error.
	MaxConnsPerSource int

	// SourceBits4 and SourceBits6 say how many bits of an address make a
	// source, 1 to 32 and 1 to 128. 0 means 32 and 64.
	SourceBits4, SourceBits6 int

	// Backlog bounds the conns that wait for Accept. What is above it is closed.
	// 0 means DefaultBacklog. Negative is an error.
	Backlog int

	_ [0]func() // not comparable, so that fields can be added
}

// Check says what [NewListener] would say of the config, and opens nothing. A host
// name in Address is not resolved. nil is the zero ListenConfig, which has no
// Address.
func (c *ListenConfig) Check() error {
	_, _, err := c.prepare()
	return err
}

// prepare returns a copy with everything checked and filled in.
func (c *ListenConfig) prepare() (*ListenConfig, *socket, error) {
	var n ListenConfig
	if c != nil {
		n = *c
	}
	var p problems
	network, address, err := parseAddress(n.Address)
	p.add("Address", n.Address, err)
	n.Options = slices.Clone(n.Options)
	n.Allow, n.Deny = slices.Clone(n.Allow), slices.Clone(n.Deny)
	checkSocket(&p, network, n.Options, n.ReceiveBuffer, n.SendBuffer)
	n.QUIC = prepare(&p, n.QUIC, n.TLS, listening)
	plain(&p, "Allow", n.Allow)
	plain(&p, "Deny", n.Deny)
	n.checkLimits(&p)
	if n.Backlog == 0 {
		n.Backlog = DefaultBacklog
	}
	return &n, &socket{network, address, n.Options, n.ReceiveBuffer, n.SendBuffer}, p.err()
}

// parseAddress takes "udp4://host:port" apart.
func parseAddress(s string) (network, address string, err error) {
	network, address, found := strings.Cut(s, "://")
	if !found {
		network, address = "udp", s
	}
	if !slices.Contains([]string{"udp", "udp4", "udp6"}, network) {
		return "udp", address, net.UnknownNetworkError(network)
	}
	if address == "" {
		return network, address, errors.New("must be set")
	}
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return network, address, err
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return network, address, fmt.Errorf("port %q is not a number from 0 to 65535", port)
	}
	return network, address, nil
}

// plain brings the prefixes into the form in which they are compared.
func plain(p *problems, field string, list []netip.Prefix) {
	for i, prefix := range list {
		var err error
		list[i], err = access.Plain(prefix)
		p.add(fmt.Sprintf("%s[%d]", field, i), prefix.String(), err)
	}
}

func (c *ListenConfig) checkLimits(p *problems) {
	for _, f := range []struct {
		name       string
		value, max int
	}{
		{"MaxConns", c.MaxConns, 0},
		{"MaxConnsPerSource", c.MaxConnsPerSource, 0},
		{"Backlog", c.Backlog, 1 << 20},
		{"SourceBits4", c.SourceBits4, 32},
		{"SourceBits6", c.SourceBits6, 128},
	} {
		switch {
		case f.value < 0:
			p.add(f.name, strconv.Itoa(f.value), errNegative)
		case f.max > 0 && f.value > f.max:
			p.add(f.name, strconv.Itoa(f.value), fmt.Errorf("must not be above %d", f.max))
		}
	}
}
