package dialer

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/strata-net/strata/sockopt"
)

// networks are the names that package net knows, the ip ones without protocol.
var networks = []string{
	"tcp", "tcp4", "tcp6", "udp", "udp4", "udp6", "ip", "ip4", "ip6",
	"unix", "unixgram", "unixpacket",
}

func known(network string) bool { return slices.Contains(networks, network) }

// plan is all that can be decided for a network before an address is known.
// Plans are made once in New, so that a dial only looks its plan up.
type plan struct {
	network        string        // what net is asked for
	net            net.Dialer    // ready for use, but for LocalAddr if there is a pool
	timeout        time.Duration // of a whole dial
	addressTimeout time.Duration // of an address, 0 for a share of what is left
	family         Family
	custom         lookupFunc // Config.Lookup
	single         local      // Config.LocalAddr
	pool           *pool      // Config.LocalAddrs, nil for none
	netns          *namespace // Config.Netns, nil for none
	expand         bool       // dial all that net would dial side by side in turns of our own
	established    sockopt.Options
	fields         map[string]field // of the Config, by the option that they set
	requireMP      bool
	told           bool    // there may be a record in the context
	fastAlways     bool    // Options has TCP_FASTOPEN_CONNECT
	fastData       bool    // dials with data use it
	errs           []Error // why this network cannot be dialled

	sourceField, sourceValue string // LocalAddr or LocalAddrs, whichever is set
}

// lookupFunc is the type of Config.Lookup.
type lookupFunc = func(ctx context.Context, network, host string) ([]netip.Addr, error)

// A field is one of the Config, with its value as text.
type field struct{ name, value string }

func newPlan(c *Config, locals []local, netns *namespace, network string, mptcp bool) *plan {
	p := &plan{
		netns:   netns,
		network: network,
		net: net.Dialer{
			Timeout:         least(c.Timeout, c.AddressTimeout),
			FallbackDelay:   c.FallbackDelay,
			KeepAliveConfig: c.KeepAlive,
			Resolver:        c.Resolver,
		},
		timeout:        c.Timeout,
		addressTimeout: c.AddressTimeout,
		family:         c.Family,
		custom:         c.Lookup,
		established:    c.Options.At(sockopt.Established),
		told:           c.OnEvent != nil,
	}
	p.net.SetMultipathTCP(mptcp)
	p.requireMP = strings.HasPrefix(network, "tcp") && c.Multipath == sockopt.MultipathRequire
	p.narrow(c)
	p.from(c, locals)
	p.options(c, locals)
	p.prepareFast(c.Options, mptcp)
	p.expand = p.pool != nil || p.netns != nil
	p.refuse("ProxyProtocol", strconv.Itoa(c.ProxyProtocol), proxyProtocolFits(c.ProxyProtocol, network))
	return p
}

// least is the shorter one of two times of which 0 is none.
func least(a, b time.Duration) time.Duration {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}

// narrow leaves the version of IP that is allowed.
func (p *plan) narrow(c *Config) {
	network, err := c.Family.narrow(p.network)
	if err != nil {
		p.refuse("Family", c.Family.String(), err)
		return
	}
	p.network = network
}

// from prepares the source address, or the pool of them.
func (p *plan) from(c *Config, locals []local) {
	var err error
	if len(c.LocalAddrs) > 0 {
		p.sourceField, p.sourceValue = "LocalAddrs", joined(c.LocalAddrs)
		p.pool, err = newPool(locals, c.LocalPolicy, p.network)
	} else if p.single = locals[0]; p.single.set {
		p.sourceField, p.sourceValue = "LocalAddr", c.LocalAddr
		var network string
		if p.net.LocalAddr, network, err = p.single.on(p.network); err == nil {
			p.network = network
		}
	}
	p.refuse(p.sourceField, p.sourceValue, err)
}

// hasSource reports whether a version of IP can be dialled.
func (p *plan) hasSource(version int) bool {
	switch {
	case p.pool != nil:
		return len(p.pool.of(version).addrs) > 0
	case p.single.set:
		return p.single.carries(version)
	}
	return true
}

// options prepares what is set before bind and connect. Those of the fields come after those of the list, and count.
func (p *plan) options(c *Config, locals []local) {
	p.refuse("Options", c.Options.String(), c.Options.Check(p.network, sockopt.Bind, sockopt.Established))
	var bind sockopt.Options
	protocol, _ := split(p.network)
	hasPorts := protocol == "tcp" || protocol == "udp"
	if hasPorts && slices.ContainsFunc(locals, local.leavesPort) {
		// Without it bind takes a port for all targets.
		bind = append(bind, sockopt.Prefer(sockopt.IPBindAddressNoPort.Value(true)))
	}
	bind = append(bind, c.Options.At(sockopt.Bind)...)
	if c.LocalPorts != (sockopt.PortRange{}) {
		bind = append(bind, sockopt.IPLocalPortRange.Value(c.LocalPorts))
		p.owns(&sockopt.IPLocalPortRange, "LocalPorts", c.LocalPorts.String())
		p.refuse("LocalPorts", c.LocalPorts.String(), without(!hasPorts, p.network, "ports"))
	}
	if c.Interface != "" {
		p.owns(&sockopt.BindToDevice, "Interface", c.Interface)
		p.refuse("Interface", c.Interface, without(isUnix(p.network), p.network, "interfaces"))
	}
	p.net.Control = onDevice(c.Interface, bind)
}

// owns notes which field an option belongs to.
func (p *plan) owns(option interface{ Info() sockopt.Info }, name, value string) {
	if p.fields == nil {
		p.fields = make(map[string]field)
	}
	p.fields[option.Info().Name] = field{name, value}
}

func without(is bool, network, what string) error {
	if is {
		return fmt.Errorf("network %s has no %s", network, what)
	}
	return nil
}

// control is the type of net.Dialer.Control.
type control = func(network, address string, c syscall.RawConn) error

// newControl returns nil if there is nothing to do: a Control costs net four allocations a dial.
func newControl(bind sockopt.Options) control {
	if len(bind) == 0 {
		return nil
	}
	return bind.Control
}

func (p *plan) refuse(field, value string, err error) {
	if err != nil {
		p.errs = append(p.errs, Error{Op: "dial", Field: field, Value: value, Err: err})
	}
}

// failure is nil or why network and address cannot be dialled.
func (p *plan) failure(network, address string) error {
	if len(p.errs) == 0 {
		return nil
	}
	errs := make([]error, 0, len(p.errs))
	for _, e := range p.errs {
		e.Network, e.Address = network, address
		errs = append(errs, &e)
	}
	return errors.Join(errs...)
}

// name returns what net is to dial when the caller asked for network.
func (p *plan) name(network string) string {
	base, protocol, found := strings.Cut(network, ":")
	switch {
	case base == p.network:
		return network
	case !found:
		return p.network
	}
	return p.network + ":" + protocol
}
