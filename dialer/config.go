package dialer

import (
	"crypto/tls"
	"errors"
	"net"
	"slices"
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

	// Timeout limits a whole dial: name resolution, connecting to all
	// addresses and the TLS handshake. 0 means no limit but the context's and
	// the operating system's. Negative is an error.
	Timeout time.Duration

	// HandshakeTimeout limits the TLS handshake, whatever Timeout is. 0 means
	// DefaultHandshakeTimeout. Negative is an error. Unused without TLS.
	HandshakeTimeout time.Duration

	// FallbackDelay is how long a dial of tcp waits for IPv6 before it also
	// tries IPv4 (RFC 6555). 0 means 300 ms, negative turns it off.
	FallbackDelay time.Duration

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
}

// clone returns a copy that shares nothing with the caller but the Resolver and
// the values that crypto/tls itself shares between clones.
func (c *Config) clone() *Config {
	if c == nil {
		return &Config{}
	}
	n := *c
	n.Options = slices.Clone(c.Options)
	if c.TLS != nil {
		n.TLS = c.TLS.Clone()
		n.TLS.Certificates = slices.Clone(c.TLS.Certificates)
		n.TLS.NextProtos = slices.Clone(c.TLS.NextProtos)
		n.TLS.CipherSuites = slices.Clone(c.TLS.CipherSuites)
		n.TLS.CurvePreferences = slices.Clone(c.TLS.CurvePreferences)
	}
	if n.HandshakeTimeout == 0 {
		n.HandshakeTimeout = DefaultHandshakeTimeout
	}
	return &n
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
	report("Timeout", c.Timeout.String(), notNegative(c.Timeout))
	report("HandshakeTimeout", c.HandshakeTimeout.String(), notNegative(c.HandshakeTimeout))
	_, err = plainTCP(c)
	report("Multipath", c.Multipath.String(), err)
	report("Options", c.Options.String(), c.Options.Check("", sockopt.Bind, sockopt.Established))
	_, err = newRewrites(c.Rewrites)
	return errors.Join(append(errs, err)...)
}

func notNegative(d time.Duration) error {
	if d < 0 {
		return errors.New("must not be negative")
	}
	return nil
}
