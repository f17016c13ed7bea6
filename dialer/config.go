package dialer

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"time"

	"github.com/strata-net/strata/sockopt"
)

// DefaultHandshakeTimeout is used when Config.HandshakeTimeout is zero.
const DefaultHandshakeTimeout = 10 * time.Second

// Config describes a [Dialer]. The zero value dials like a zero net.Dialer.
// New takes copies and never changes it.
type Config struct {
	// LocalAddr is the source address. "" lets the system choose.
	//
	// Without a scheme it belongs to whatever network is dialled:
	// "127.0.0.1:0", "[fe80::1%eth0]:0", ":5000" or a bare IP (port 0) for tcp
	// and udp, a bare IP for ip, "/path" or "@name" (Linux) for unix networks.
	// With one ("tcp://127.0.0.1:0", "udp4://127.0.0.1:0", "ip://127.0.0.1",
	// "unix:///path") it is an error to dial a network that the scheme does
	// not cover; "tcp4://" makes a dial of tcp one of tcp4.
	//
	// Hosts are IP literals, ports are numbers from 0 to 65535. A unix path is
	// created by the dial and stays after Close: removing it is up to the caller.
	LocalAddr string

	// LocalAddrs is a pool of source addresses in the forms of LocalAddr,
	// instead of it. Members that do not fit the network or the version of IP
	// of a target are passed over; a dial that none fits is an error.
	LocalAddrs []string

	// LocalPolicy chooses from LocalAddrs: LocalRoundRobin (the default) or
	// LocalHash. Unused without them.
	LocalPolicy LocalPolicy

	// LocalPorts is the range from which the system takes the local port of
	// tcp and udp conns, both ends included; the zero value is the system's
	// own range, a zero end the system's limit (IP_LOCAL_PORT_RANGE, Linux
	// 6.3; the system ignores what is outside of its own range, so that is an
	// error). A LocalAddr may then not have a port.
	//
	// With a local IP and no local port IP_BIND_ADDRESS_NO_PORT is set where
	// there is such an option (Linux 4.2), so that conns to different targets
	// may share a port.
	LocalPorts sockopt.PortRange

	// Interface is the name of the network interface that conns go through,
	// "" for any: SO_BINDTODEVICE on Linux, IP_BOUND_IF on macOS, IP_UNICAST_IF
	// on Windows; elsewhere it is an error in New. It is looked for at each
	// dial, since interfaces come and go.
	Interface string

	// Netns is the network namespace in which sockets are opened: a name of
	// ip-netns(8) (of /run/netns) or, with a slash in it, a path such as
	// /proc/1234/ns/net. "" is the one of the process. Each dial opens it
	// again, so it need not exist yet. Names are resolved outside of it, in the
	// namespace of the process; the zone of an IPv6 address is an interface of
	// the namespace. Needs CAP_SYS_ADMIN; elsewhere than on Linux it is an error
	// in New.
	Netns string

	// Timeout limits a whole dial: name resolution, connecting to all
	// addresses, proxies and the TLS handshake. 0 means no limit but the context's and
	// the operating system's. Negative is an error.
	Timeout time.Duration

	// AddressTimeout limits the attempt to connect to one address. 0 means that
	// the addresses of a name share what is left of the whole time, with at
	// least 2 s for each, as in package net. Negative is an error.
	AddressTimeout time.Duration

	// HandshakeTimeout limits the TLS handshake, whatever Timeout is. 0 means
	// DefaultHandshakeTimeout. Negative is an error. It also limits the writing
	// of a PROXY protocol header; without both it is unused.
	HandshakeTimeout time.Duration

	// FallbackDelay is how long a dial of tcp to a name with addresses of both
	// versions of IP tries those of the first one before it also tries the
	// others (RFC 8305). 0 means 300 ms, negative turns it off: all are tried
	// in turn.
	FallbackDelay time.Duration

	// Family chooses between IPv4 and IPv6. The zero value takes the
	// resolver's order. Unix networks are not concerned.
	Family Family

	// KeepAlive is what package net sets on TCP conns. The zero value means
	// probes after 15 s idle, each 15 s, 9 times. Options of the same purpose
	// (SO_KEEPALIVE, TCP_KEEPIDLE ...) are applied later and win;
	// SO_KEEPALIVE=false is the way to have no probes.
	KeepAlive net.KeepAliveConfig

	// Multipath chooses between MPTCP and TCP, independent of
	// GODEBUG=multipathtcp. The zero value is plain TCP. MultipathPrefer tries
	// MPTCP unless an option in Options refuses it (see the function
	// [Multipath] for the reason). With MultipathRequire such an option is an
	// error in New, and a dial fails when the peer does not speak MPTCP.
	// Linux 5.6 or newer; 5.16 for MultipathRequire to notice the peer.
	Multipath sockopt.Multipath

	// Resolver resolves names. nil means net.DefaultResolver. It is the one
	// pointer that is kept and not copied.
	Resolver *net.Resolver

	// Lookup, when set, finds the addresses of a name instead of Resolver,
	// which still knows the ports of services. The network is "ip", "ip4" or
	// "ip6", what does not belong to it is left out. It is called by many
	// goroutines at the same time and has to return when the context ends.
	Lookup func(ctx context.Context, network, host string) ([]netip.Addr, error)

	// Options are applied to each socket at their stage. Options of the
	// listening stage are an error unless they are preferred only.
	Options sockopt.Options

	// TLS, when set, puts TLS on every tcp and unix conn; udp, ip, unixgram
	// and unixpacket cannot be dialled then. An empty ServerName means the
	// host that was dialled; unix has none, so it needs a ServerName or
	// InsecureSkipVerify.
	TLS *tls.Config

	// Rewrites make dials of some targets go to others; see [Rewrite]. It is
	// an error if two contradict each other, or if one leads to a network
	// that LocalAddr or Options make impossible.
	Rewrites []Rewrite

	// Proxies are the upstream proxies on the way to each tcp target, which is
	// the one that Rewrites lead to; proxies themselves are not rewritten. The
	// first one is dialled, with LocalAddr and Options, and asked for the second
	// one, and so on. A dial of tcp4 or tcp6 makes the first conn one of that
	// version, and the lookups for socks5; a proxy that is given a name resolves
	// it as it likes. unix is dialled without them; udp and ip are
	// errors.ErrUnsupported.
	Proxies []Proxy

	// ProxyFromEnvironment takes the proxy from the variables HTTPS_PROXY
	// (for port 443), HTTP_PROXY (for other ports) and, where those are not
	// set, ALL_PROXY, also in lower case. NO_PROXY lists what is dialled
	// directly; localhost and loopback addresses always are. The variables
	// are read once, in New. An error beside Proxies.
	ProxyFromEnvironment bool

	// ProxyProtocol is the version of the PROXY protocol header that each tcp
	// and unix conn begins with, before TLS: 0 for none, 1 or 2. The target is
	// the one who gets it, not a proxy. It says what [WithProxyHeader] put into
	// the context, else UNKNOWN (version 1) or LOCAL (version 2). Writing
	// it is limited by HandshakeTimeout. Networks that are not streams cannot
	// be dialled then.
	ProxyProtocol int

	// OnEvent, when set, is called when a dial begins and when it is done, with
	// each of its steps. It is called by the goroutine that dials, which goes on
	// when it returns, and by several at a time, with no lock held: it should not
	// block. It may dial. A panic in it is the caller's. A dial without a context
	// is refused before it begins. nil costs nothing.
	OnEvent func(Event)
}

// clone returns a copy that shares nothing with the caller but the Resolver and
// the values that crypto/tls itself shares between clones.
func (c *Config) clone() *Config {
	if c == nil {
		return &Config{}
	}
	n := *c
	n.Options = slices.Clone(c.Options)
	n.LocalAddrs = slices.Clone(c.LocalAddrs)
	if c.TLS != nil {
		n.TLS = cloneTLS(c.TLS)
	}
	if n.HandshakeTimeout == 0 {
		n.HandshakeTimeout = DefaultHandshakeTimeout
	}
	return &n
}

func cloneTLS(c *tls.Config) *tls.Config {
	n := c.Clone()
	n.Certificates = slices.Clone(c.Certificates)
	n.NextProtos = slices.Clone(c.NextProtos)
	n.CipherSuites = slices.Clone(c.CipherSuites)
	n.CurvePreferences = slices.Clone(c.CurvePreferences)
	return n
}

// Check says what New would say of the Config, and opens nothing. nil is the zero
// Config.
func (c *Config) Check() error {
	_, err := New(c)
	return err
}

// validate finds everything that is wrong whatever network will be dialled.
func (c *Config) validate() error {
	var errs []error
	report := func(field, value string, err error) {
		if err != nil {
			errs = append(errs, &Error{Op: "config", Field: field, Value: value, Err: err})
		}
	}
	_, err := parseLocal(c.LocalAddr)
	report("LocalAddr", c.LocalAddr, err)
	report("LocalAddrs", joined(c.LocalAddrs), c.checkLocals())
	report("LocalPolicy", c.LocalPolicy.String(), c.LocalPolicy.validate())
	report("LocalPorts", c.LocalPorts.String(), c.checkPorts())
	report("Interface", c.Interface, checkDevice(c.Interface))
	_, err = newNamespace(c.Netns)
	report("Netns", c.Netns, err)
	report("Family", c.Family.String(), c.Family.validate())
	report("AddressTimeout", c.AddressTimeout.String(), notNegative(c.AddressTimeout))
	report("Timeout", c.Timeout.String(), notNegative(c.Timeout))
	report("HandshakeTimeout", c.HandshakeTimeout.String(), notNegative(c.HandshakeTimeout))
	_, err = plainTCP(c)
	report("Multipath", c.Multipath.String(), err)
	report("Options", c.Options.String(), c.Options.Check("", sockopt.Bind, sockopt.Established))
	if c.ProxyFromEnvironment && len(c.Proxies) > 0 {
		report("ProxyFromEnvironment", "true", errors.New("there are Proxies as well"))
	}
	report("ProxyProtocol", strconv.Itoa(c.ProxyProtocol), checkProxyProtocol(c.ProxyProtocol))
	_, rewrites := newRewrites(c.Rewrites)
	_, proxies := newHops(c.Proxies)
	return errors.Join(append(errs, rewrites, proxies)...)
}

var errNegative = errors.New("must not be negative")

func notNegative(d time.Duration) error {
	if d < 0 {
		return errNegative
	}
	return nil
}

// locals returns LocalAddrs, or LocalAddr alone.
func (c *Config) locals() ([]local, error) {
	if len(c.LocalAddrs) > 0 {
		return parseLocals(c.LocalAddrs)
	}
	l, err := parseLocal(c.LocalAddr)
	return []local{l}, err
}

func (c *Config) checkLocals() error {
	if len(c.LocalAddrs) > 0 && c.LocalAddr != "" {
		return errors.New("not together with LocalAddr")
	}
	_, err := parseLocals(c.LocalAddrs)
	return err
}

// checkPorts says why LocalPorts cannot be.
func (c *Config) checkPorts() error {
	if c.LocalPorts == (sockopt.PortRange{}) {
		return nil
	}
	locals, _ := c.locals() // its errors are reported elsewhere
	for _, l := range locals {
		if l.port != 0 {
			return errors.New("the local address has a port")
		}
	}
	return sockopt.Options{sockopt.IPLocalPortRange.Value(c.LocalPorts)}.Check("")
}
