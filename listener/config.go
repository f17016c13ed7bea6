package listener

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"runtime"
	"slices"
	"strconv"
	"time"

	"github.com/strata-net/strata/sockopt"
)

const (
	// DefaultHandshakeTimeout is used when Config.HandshakeTimeout is zero.
	DefaultHandshakeTimeout = 10 * time.Second
	// DefaultMaxHandshakes is used when Config.MaxHandshakes is zero.
	DefaultMaxHandshakes = 1024
)

// Config describes a stream listener. New takes copies and never changes it.
type Config struct {
	// Address is where to listen; it must be set. Forms:
	// "tcp://127.0.0.1:8443", "tcp4://:80", "tcp6://[::1]:0", "127.0.0.1:0"
	// (no scheme is tcp), "unix:///run/x.sock", "unix://@name" (abstract,
	// Linux), "unixpacket:///run/x.sock".
	//
	// An empty host is all addresses of the machine, port 0 a free one. Ports
	// are numbers from 0 to 65535. A host name is resolved once, and IPv4 is
	// preferred. A unix path must not exist; Close removes it.
	Address string

	// TLS, when set, puts TLS on every conn. It needs Certificates,
	// GetCertificate or GetConfigForClient, and a stream of bytes, which
	// unixpacket is not. The listener uses one copy for all its conns;
	// what is to change while it runs belongs into GetConfigForClient. The
	// callbacks run in goroutines of the listener, which Close waits for.
	TLS *tls.Config

	// Options are applied at their stage to the listener and to each accepted
	// conn.
	Options sockopt.Options

	// KeepAlive is what package net sets on accepted TCP conns. The zero value
	// means probes after 15 s idle, each 15 s, 9 times. Options of the same
	// purpose (SO_KEEPALIVE, TCP_KEEPIDLE ...) are applied later and win;
	// SO_KEEPALIVE=false is the way to have no probes.
	KeepAlive net.KeepAliveConfig

	// Multipath chooses between MPTCP and TCP, independent of
	// GODEBUG=multipathtcp. The zero value and MultipathPrefer mean MPTCP where
	// the kernel has it and no option in Options refuses it, else plain TCP
	// (see the function [Multipath] for the reason). With MultipathRequire
	// that is an error. A client that does not speak MPTCP gets a plain TCP
	// conn in any case. Linux 5.6 or newer.
	Multipath sockopt.Multipath

	// HandshakeTimeout limits each TLS handshake. 0 means
	// DefaultHandshakeTimeout. Negative is an error. Unused without TLS.
	HandshakeTimeout time.Duration

	// MaxHandshakes bounds the TLS handshakes in progress together with the
	// finished ones that Accept has not returned yet. Clients above it wait in
	// the kernel's queue. 0 means DefaultMaxHandshakes. Negative is an error.
	// Unused without TLS.
	MaxHandshakes int
}

// clone returns a copy that shares nothing with the caller but what crypto/tls
// itself shares between clones.
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
	if n.MaxHandshakes == 0 {
		n.MaxHandshakes = DefaultMaxHandshakes
	}
	return &n
}

// addresses returns what to listen on, and an [*Error] for each bad address.
func (c *Config) addresses() ([]address, error) {
	var p problems
	a, err := parseAddress(c.Address, streams, "tcp")
	p.add("Address", c.Address, err)
	return []address{a}, errors.Join(p...)
}

// validate finds everything that is wrong with the Config, and adds the options
// that the platform asks for.
func (c *Config) validate() error {
	var p problems
	addresses, err := c.addresses()
	if err != nil {
		p = append(p, err)
	}
	a := addresses[0]
	p.add("TLS", "", checkTLS(c.TLS, a.network))
	if runtime.GOOS == "windows" && a.protocol() == "tcp" {
		c.Options, err = exclusive(c.Options)
		p.add("Options", "SO_REUSEADDR=true", err)
	}
	p.add("Options", c.Options.String(), c.Options.Check(a.network,
		sockopt.Bind, sockopt.Listening, sockopt.Established))
	_, err = plainTCP(c, a)
	p.add("Multipath", c.Multipath.String(), err)
	if c.HandshakeTimeout < 0 {
		p.add("HandshakeTimeout", c.HandshakeTimeout.String(), errNegative)
	}
	if c.MaxHandshakes < 0 {
		p.add("MaxHandshakes", strconv.Itoa(c.MaxHandshakes), errNegative)
	}
	return errors.Join(p...)
}

// problems collects an *Error for each bad field.
type problems []error

var errNegative = errors.New("must not be negative")

func (p *problems) add(field, value string, err error) {
	if err != nil {
		*p = append(*p, &Error{Op: "config", Field: field, Value: value, Err: err})
	}
}

func checkTLS(c *tls.Config, network string) error {
	switch {
	case c == nil:
		return nil
	case network == "unixpacket":
		// It cuts a packet that does not fit the reader's buffer.
		return fmt.Errorf("network %s is not a stream of bytes: %w", network, errors.ErrUnsupported)
	case len(c.Certificates) == 0 && c.GetCertificate == nil && c.GetConfigForClient == nil:
		return errors.New("needs Certificates, GetCertificate or GetConfigForClient")
	}
	return nil
}
