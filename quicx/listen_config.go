package quicx

import (
	"crypto/tls"
	"net"
	"net/netip"
	"slices"
	"time"

	"github.com/quic-go/quic-go"

	"github.com/strata-net/strata/sockopt"
)

const (
	// DefaultHandshakeTimeout is used when ListenConfig.HandshakeTimeout is zero.
	DefaultHandshakeTimeout = 10 * time.Second
	// DefaultMaxHandshakes is used when ListenConfig.MaxHandshakes is zero.
	DefaultMaxHandshakes = 1024
	// DefaultMaxTokenAge is used when ListenConfig.MaxTokenAge is zero.
	DefaultMaxTokenAge = 24 * time.Hour
)

// ListenConfig describes a listener. [NewListener] takes copies and never
// changes it.
type ListenConfig struct {
	// Address is where to listen: "127.0.0.1:4433", "udp://[::1]:0",
	// "udp4://:443", "udp6://[::]:443". No scheme is udp. An empty host is all
	// addresses of the machine, port 0 a free one; ports are numbers. Replies
	// leave from the address that the client has sent to.
	Address string

	// Conn is an open, bound socket to use instead of Address. The listener
	// applies Options to it as far as they still can take effect, reads from it
	// until its last conn has ended, and does not close it. Nobody else may read
	// from it meanwhile.
	Conn *net.UDPConn

	// Options are set on the socket before it is bound, and verified.
	Options sockopt.Options

	// ReceiveBuffer and SendBuffer are the kernel's buffers of each socket, in
	// bytes, as in [DialConfig].
	ReceiveBuffer, SendBuffer int

	// TLS is required, with Certificates, GetCertificate or GetConfigForClient,
	// and with NextProtos (RFC 9001, section 8.1), unless GetConfigForClient
	// answers for them. TLS 1.3 must be allowed. One copy serves all conns, so
	// session tickets resume. What is to change while the listener runs belongs
	// into GetConfigForClient. A callback delays the conn that it is called for,
	// and no other.
	TLS *tls.Config

	// QUIC has the settings of quic-go, checked and with defaults as in
	// [DialConfig]. HandshakeIdleTimeout must be zero: it is half of
	// HandshakeTimeout. What GetConfigForClient returns is checked in the same
	// way, and a bad one refuses the conn; nil means QUIC itself. It is not
	// called for peers that Allow and Deny refuse. It runs in the goroutine
	// that takes all first packets of a socket: it must not block.
	//
	// Allow0RTT without Early takes the 0-RTT data of clients, but Accept
	// returns their conns when the handshake is done: a replay never gets there.
	QUIC *quic.Config

	// QLog records the events of each conn.
	QLog QLog

	// Allow and Deny are rules for the address of the peer. Of all prefixes in
	// both lists the longest one that contains it decides; Deny wins a tie. An
	// address that no prefix contains is admitted if Allow is empty, else
	// refused. 0.0.0.0/0 is all of IPv4, ::/0 all of IPv6; IPv4-mapped
	// addresses and prefixes are IPv4. A peer that is refused gets
	// CONNECTION_REFUSED for its first packet, while no more than a few of
	// them wait to be sent, else silence; it costs no Retry, no handshake and
	// no place. Rules look at the address with which a conn begins: a client
	// that migrates later stays.
	Allow, Deny []netip.Prefix

	// MaxConns bounds the open conns, handshakes in progress included. What is
	// above it is refused with CONNECTION_REFUSED. 0 means no bound. Negative is
	// an error.
	MaxConns int

	// MaxConnsPerSource bounds the open conns of one source: of one prefix of
	// SourceBits4 or SourceBits6 bits. A conn counts as soon as its address is
	// validated, by a token or by the handshake: so nobody can use up the
	// places of another one with packets in its name. From an address whose
	// source is at the limit a token is asked for (but for RetryNever), and the
	// client with the token is refused with CONNECTION_REFUSED. If it turns out
	// only after the handshake, the conn is closed with CloseCode. 0 means no
	// bound. Negative is an error.
	MaxConnsPerSource int

	// SourceBits4 and SourceBits6 say how many bits of an address make a
	// source, 1 to 32 and 1 to 128. 0 means 32 and 64.
	SourceBits4, SourceBits6 int

	// MaxHandshakes bounds the handshakes in progress together with the conns
	// that Accept has not returned yet, of all sockets. What is above it is
	// refused with CONNECTION_REFUSED, and so is, while half of the places are
	// taken, a source with a validated address that has a quarter of them. 0
	// means DefaultMaxHandshakes. Negative or above 1,048,576 is an error.
	MaxHandshakes int

	// HandshakeTimeout limits each handshake; a client that is silent for half
	// of it is given up then. 0 means DefaultHandshakeTimeout. Negative is an
	// error.
	HandshakeTimeout time.Duration

	// Retry says when a client has to show that it receives at the address that
	// it sends from (RFC 9000, section 8.1.2), which costs it a round trip. A
	// client with a token of an earlier conn has shown it.
	Retry RetryPolicy

	// RetryAbove is for RetryUnderLoad: with so many handshakes in progress
	// from addresses that are not validated, further clients get a Retry. It is
	// what spoofed packets can make the listener hold. It is less when
	// MaxConns leaves less than three times as many places. 0 means a quarter of
	// MaxHandshakes, and at least 1. Negative, above MaxHandshakes or with
	// another policy is an error.
	RetryAbove int

	// StatelessResetKey, 32 random bytes, lets the listener tell clients that it
	// does not know their conns (any more) (RFC 9000, section 10.3), instead of
	// leaving that to their idle timeout. It does so when they send a packet of
	// more than 42 bytes: a bare keep-alive is shorter. The key must be
	// the same before and after a restart, and for all processes behind one
	// address; who has it can end conns. nil means a key of this listener's
	// own, so that only conns that it had itself are reset.
	StatelessResetKey Key

	// TokenKey, 32 random bytes, protects the tokens of Retry and those for
	// later conns. Listeners with the same key take each other's. nil means a
	// key of this listener's own.
	TokenKey Key

	// MaxTokenAge is for how long a client may use a token of an earlier conn.
	// 0 means DefaultMaxTokenAge. Negative is an error. Those of a Retry live
	// for HandshakeTimeout.
	MaxTokenAge time.Duration

	// Shards is how many sockets share the port (SO_REUSEPORT, which is set by
	// itself). A program in the kernel gives each packet to a socket by its
	// connection ID, so a client stays with its socket when its address changes.
	// For that, connection IDs start with a byte that is the number of the
	// socket, modulo Shards. 0 and 1 mean one socket. On two cores, two shards
	// gave 1.03 of the throughput of one. Other processes of the same user can
	// join the port, and then get packets that are not theirs. At most 64;
	// negative or with Conn is an error. Linux 4.5 or newer, elsewhere
	// [errors.ErrUnsupported].
	Shards int

	// Early makes Accept return conns before their handshake is done: with the
	// data that a client has sent along with its first packet (0-RTT), if it
	// has a ticket. It sets QUIC.Allow0RTT.
	//
	// Anybody who has recorded such a packet can send it again, and Accept
	// returns a conn with the same data: only what may be repeated may be done
	// before HandshakeComplete of the conn is closed (RFC 9001, section 9.2).
	// Until then the peer's certificate is not known, and its address may be
	// another one's.
	Early bool

	// CloseCode is with what the listener itself closes conns whose handshake
	// is done: Shutdown the remaining ones, Close those that were not accepted,
	// and those above MaxConnsPerSource. Its meaning is that of the protocol
	// above. 0 is a code like others. At most 2^62-1.
	CloseCode quic.ApplicationErrorCode

	// OnEvent, when set, is called for each conn that is refused or fails
	// before it was accepted. It is called by the goroutine where that happens,
	// which takes the first packets of a socket, and by several at a time; it
	// must not block, nor call Close or Shutdown, which wait for them.
	OnEvent func(Event)
}

// clone returns a copy that shares nothing with the caller but what crypto/tls
// itself shares between clones.
func (c *ListenConfig) clone() *ListenConfig {
	if c == nil {
		return &ListenConfig{}
	}
	n := *c
	n.Options = slices.Clone(c.Options)
	n.Allow, n.Deny = slices.Clone(c.Allow), slices.Clone(c.Deny)
	n.StatelessResetKey, n.TokenKey = slices.Clone(c.StatelessResetKey), slices.Clone(c.TokenKey)
	return &n
}

// fill puts in the defaults of what is valid.
func (c *ListenConfig) fill() {
	if c.HandshakeTimeout == 0 {
		c.HandshakeTimeout = DefaultHandshakeTimeout
	}
	if c.MaxHandshakes == 0 {
		c.MaxHandshakes = DefaultMaxHandshakes
	}
	if c.MaxTokenAge == 0 {
		c.MaxTokenAge = DefaultMaxTokenAge
	}
	const share = 4 // of the places
	if c.RetryAbove == 0 {
		c.RetryAbove = max(1, c.MaxHandshakes/share)
	}
	c.Shards = max(1, c.Shards)
}
