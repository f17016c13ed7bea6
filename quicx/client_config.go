package quicx

import (
	"crypto/tls"
	"errors"
	"net"
	"slices"
	"time"

	"github.com/quic-go/quic-go"

	"github.com/strata-net/strata/sockopt"
)

// DialConfig describes a [Client]. Only TLS is needed. NewDialer takes copies
// and never changes it.
type DialConfig struct {
	// LocalAddr is the source address: "127.0.0.1:0", "[fe80::1%eth0]:0",
	// ":5000", "[::1]:4000" or a bare IP (port 0); "" lets the system choose.
	// Hosts are IP literals, ports are numbers from 0 to 65535. With an IP only
	// addresses of its version can be dialled.
	LocalAddr string

	// Options are applied to each socket before it is bound, and read back.
	// Those that QUIC cannot have are an error that says why: IP_TOS,
	// IPV6_TCLASS and IP_MTU_DISCOVER, which quic-go sets itself, IP_RECVERR,
	// with which an ICMP message for one conn ends others, UDP_GRO, UDP_SEGMENT,
	// UDP_CORK and UDP_ENCAP.
	Options sockopt.Options

	// ReceiveBuffer and SendBuffer are the sizes of the socket's buffers in
	// bytes, as SO_RCVBUF and SO_SNDBUF take them; at most 2 GiB less a byte.
	// 0 means 7 MiB (2 MiB on OpenBSD), or as much of it as the kernel gives.
	// A size that was asked for and is not given is an error of the first
	// dial: Linux cuts at net.core.rmem_max and wmem_max without
	// CAP_NET_ADMIN. SocketInfo has what the kernel gave.
	ReceiveBuffer, SendBuffer int

	// TLS is needed, with NextProtos. MinVersion and MaxVersion must allow
	// TLS 1.3, which is what QUIC uses; CipherSuites are for older versions and
	// do not count. An empty ServerName means the host that is dialled. A nil
	// ClientSessionCache means one of DefaultSessions entries, of this Client.
	TLS *tls.Config

	// QUIC has the settings of quic-go. A value that quic-go would cut or ignore
	// is an error that names the field. Zero fields have the defaults of this
	// package (DefaultHandshakeIdleTimeout and others).
	QUIC *quic.Config

	// Timeout limits a whole dial, name resolution included. 0 means no limit
	// but the context's, and that of QUIC: an address is given up after
	// QUIC.HandshakeIdleTimeout without an answer. Negative is an error.
	Timeout time.Duration

	// FallbackDelay is how long a dial of a name waits for one of its addresses
	// before it tries the next beside it, IPv6 and IPv4 by turns (RFC 8305). 0
	// means 300 ms. Negative turns it off: one is tried after the other, each
	// with its share of the time, which with an address that does not answer
	// is QUIC.HandshakeIdleTimeout at the most.
	FallbackDelay time.Duration

	// Resolver resolves names. nil means net.DefaultResolver. It is kept and not
	// copied.
	Resolver *net.Resolver

	// QLog records the events of each conn.
	QLog QLog

	// Tokens keeps the tokens with which servers know an address again, and
	// spare it a round trip (RFC 9000, section 8.1.3). nil means a store of
	// DefaultTokenOrigins names with DefaultTokensPerOrigin each, of this Client.
	// It is QUIC.TokenStore under another name.
	Tokens quic.TokenStore

	// OnEvent, when set, is called at the end of each dial, by the goroutine that
	// dials, which goes on when it returns, and by several at a time, with no lock
	// held: it should not block. It may dial. A panic in it is the caller's. A dial
	// without a context is not told. nil costs nothing.
	OnEvent func(DialEvent)
}

// The bounds of the stores that a Client makes. A token has some hundred bytes,
// a session some kilobytes, more with long certificate chains.
const (
	DefaultSessions        = 256
	DefaultTokenOrigins    = 256
	DefaultTokensPerOrigin = 4
)

// Check says what [NewDialer] would say of the configuration, without making
// anything: for those who keep one to dial later. nil is the zero DialConfig. What
// only the kernel and the file system know is left to NewDialer and to the first
// dial.
func (c *DialConfig) Check() error {
	_, _, err := c.prepare()
	return err
}

// prepare returns a copy with everything checked and filled in.
func (c *DialConfig) prepare() (*DialConfig, local, error) {
	var n DialConfig
	if c != nil {
		n = *c
	}
	var p problems
	l, err := parseLocal(n.LocalAddr)
	p.add("LocalAddr", n.LocalAddr, err)
	n.Options = slices.Clone(n.Options)
	n.socket("udp", "").check(&p)
	n.TLS = prepareTLS(&p, n.TLS, dialing)
	n.QUIC = prepareQUIC(&p, n.QUIC, dialing)
	n.stores(&p)
	n.QLog.prepare(&p, n.QUIC)
	p.span("Timeout", n.Timeout)
	zero(&n.FallbackDelay, defaultFallbackDelay)
	if n.Resolver == nil {
		n.Resolver = net.DefaultResolver
	}
	return &n, l, p.err()
}

// stores makes those that are not given.
func (c *DialConfig) stores(p *problems) {
	if c.Tokens != nil && c.QUIC.TokenStore != nil {
		p.add("Tokens", "", errors.New("not together with QUIC.TokenStore"))
	}
	switch {
	case c.Tokens != nil:
		c.QUIC.TokenStore = c.Tokens
	case c.QUIC.TokenStore == nil:
		c.QUIC.TokenStore = quic.NewLRUTokenStore(DefaultTokenOrigins, DefaultTokensPerOrigin)
	}
	if c.TLS.ClientSessionCache == nil {
		c.TLS.ClientSessionCache = tls.NewLRUClientSessionCache(DefaultSessions)
	}
	c.TLS.ClientSessionCache = sessions{c.TLS.ClientSessionCache}
}

// socket is how to open a socket.
func (c *DialConfig) socket(network, address string) *socketConfig {
	return &socketConfig{network, address, c.Options, c.ReceiveBuffer, c.SendBuffer}
}
