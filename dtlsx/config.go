package dtlsx

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"time"

	"github.com/pion/dtls/v3"
)

const (
	// DefaultHandshakeTimeout is used when Config.HandshakeTimeout is zero.
	DefaultHandshakeTimeout = 10 * time.Second
	// DefaultRetransmitInterval is used when Config.RetransmitInterval is zero
	// (RFC 6347, section 4.2.4.1).
	DefaultRetransmitInterval = time.Second
	// DefaultMTU is used when Config.MTU is zero. It fits every IPv6 path.
	DefaultMTU = 1200
	// DefaultReplayWindow is used when Config.ReplayWindow is zero.
	DefaultReplayWindow = 64
	// DefaultReceiveQueue is used when Config.ReceiveQueue is zero.
	DefaultReceiveQueue = 256
	// MaxPayload is the most that one Write sends, in bytes. The library reads
	// datagrams of 8,192 bytes, from which the headers, the longest connection
	// ID and the overhead of every cipher are taken off.
	MaxPayload = 7800
)

// The bounds of fields.
const (
	minMTU, maxMTU          = 256, 8192
	minWindow, maxWindow    = 32, 1 << 16
	maxReceiveQueue         = 1 << 20
	minInterval             = 10 * time.Millisecond
	maxInterval             = time.Minute
	maxConnectionID         = 32
	recordOverhead          = 13 + 12 // the headers of a record and of a handshake fragment
	maxIdentity, maxHintLen = 1 << 15, 1 << 15
)

// Config is the protocol, the same for both sides. Constructors take copies and
// never change it.
type Config struct {
	// TLS has certificates and who is trusted. It is nil when PSK does both.
	//
	// These fields carry over with the meaning they have in crypto/tls:
	// Certificates, GetCertificate, GetClientCertificate, RootCAs (nil means
	// the system's), ClientCAs, ClientAuth, ServerName, NextProtos,
	// VerifyPeerCertificate, VerifyConnection, InsecureSkipVerify, CipherSuites
	// and CurvePreferences (unless CipherSuites or Curves below are set),
	// KeyLogWriter (unless KeyLog is). Without meaning in DTLS, and ignored,
	// are SessionTicketsDisabled, DynamicRecordSizingDisabled and
	// PreferServerCipherSuites. MinVersion and MaxVersion must allow TLS 1.2, on
	// which DTLS 1.2 stands. Any other field that is set is an error.
	//
	// What callbacks are told is what the library knows: a ClientHelloInfo has
	// the server name, the cipher suites and the addresses, and stands for DTLS
	// with the algorithms of this config otherwise; its Context and that of a
	// CertificateRequestInfo are nil. The ConnectionState of VerifyConnection
	// has no OCSP response, no SCTs and cannot export keys yet. On a resumed
	// conn VerifyConnection is called; VerifyPeerCertificate is called by a
	// client before it offers the session, and not by a server.
	TLS *tls.Config

	// PSK is a key that both sides know already (RFC 4279). A client then
	// takes no certificates, so that TLS may have none and no RootCAs. A server
	// may have both, and the client's cipher suites decide.
	PSK *PSK

	// CipherSuites are those to use, the best first; see [ParseCipherSuite].
	// Empty means those of TLS, with the default ones for PSK behind them if
	// there are none; if TLS has none it means [DefaultCipherSuites]. One that
	// is unknown, there twice, of no use without PSK or a certificate, or
	// insecure is an error.
	CipherSuites []uint16

	// Curves are the groups for the key exchange, the best first; see
	// [ParseCurve]. Empty means X25519, P-256, P-384.
	Curves []tls.CurveID

	// AllowInsecure admits the cipher suites of CBC mode, which DTLS 1.2 as
	// the library has it uses without encrypt-then-MAC (RFC 7366), and the SRTP
	// profiles that encrypt nothing. They must still be named.
	AllowInsecure bool

	// ConnectionID says whether the records of a conn are told by an ID instead
	// of the peer's address (RFC 9146). The zero value is off.
	ConnectionID ConnectionID

	// ExtendedMasterSecret is the policy for RFC 7627. The zero value requires
	// it: without it a session is not bound to its handshake, and a man in the
	// middle can have the same keys with both sides. All libraries of the last
	// ten years have it.
	ExtendedMasterSecret ExtendedMasterSecret

	// MTU is the size of the largest datagram of the handshake, in bytes
	// without the headers of IP and UDP: 256 to 8,192. 0 means DefaultMTU.
	// Records of Write are not concerned, since each is one datagram.
	MTU int

	// ReplayWindow is how many records one may be late before it is dropped
	// as a possible replay: 32 to 65,536. 0 means DefaultReplayWindow.
	ReplayWindow int

	// SRTPProfiles are offered or accepted with use_srtp (RFC 5764), the best
	// first; see [ParseSRTPProfile]. A client fails if the server chooses none
	// of them. Empty means no use_srtp.
	SRTPProfiles []dtls.SRTPProtectionProfile

	// KeyLog gets the secrets of every conn in the format of NSS, for
	// Wireshark. Who can read it can read the traffic. Writes are one at a
	// time. nil means no log, unless TLS has a KeyLogWriter; both is an error.
	KeyLog io.Writer

	// Sessions keeps what is needed to resume sessions by their ID
	// (RFC 5246), for instance a [SessionCache]. It is called by many
	// goroutines at the same time. nil means no resumption. Sessions whose
	// client showed a certificate are not resumed by servers.
	Sessions dtls.SessionStore

	// RetransmitInterval is how long the handshake waits for an answer before
	// it sends its last flight again; the wait then doubles up to a minute.
	// 10 ms to a minute, 0 means DefaultRetransmitInterval.
	RetransmitInterval time.Duration

	// HandshakeTimeout limits each handshake. 0 means DefaultHandshakeTimeout.
	// Negative is an error.
	HandshakeTimeout time.Duration

	// ReceiveQueue bounds the datagrams that wait in a conn of a listener until
	// they are read, at most 1,048,576. What comes when it is full is dropped
	// and counted. 0 means DefaultReceiveQueue. A dialled conn has a socket of
	// its own, whose buffer in the kernel is the queue: there it is an error,
	// and SO_RCVBUF in Options is the bound.
	ReceiveQueue int
}

// A PSK is a key known to both sides.
type PSK struct {
	// Identity is what a client says who it is, 1 to 32,768 bytes; an error for
	// a server.
	Identity []byte

	// Hint is what a server says to help the client choose, at most 32,768
	// bytes, nil for none; an error for a client. RFC 4279, section 5.2, wants
	// clients to ignore it unless they know the profile that defines it.
	Hint []byte

	// Key returns the key. A server gives it the identity of the client, a
	// client the server's hint, nil without one. An error fails the handshake.
	// A session is resumed only if Key returns the same as before. It is called
	// by many goroutines at the same time and must not block. Keys may not be
	// empty.
	Key func(identityOrHint []byte) ([]byte, error)
}

// A ConnectionID is how conns use connection IDs (RFC 9146): one of the
// constants, or the length of the IDs of this side, 1 to 32 bytes.
type ConnectionID int

const (
	// NoConnectionID neither offers nor accepts them.
	NoConnectionID ConnectionID = 0
	// SendConnectionID puts the peer's ID into what is sent and wants none in
	// what is received: right for clients, whose socket has one conn.
	SendConnectionID ConnectionID = -1
)

// An ExtendedMasterSecret is a policy for RFC 7627.
type ExtendedMasterSecret uint8

const (
	// RequireExtendedMasterSecret refuses peers without it.
	RequireExtendedMasterSecret ExtendedMasterSecret = iota
	// RequestExtendedMasterSecret uses it if the peer does.
	RequestExtendedMasterSecret
	// DisableExtendedMasterSecret never uses it.
	DisableExtendedMasterSecret
)

// String returns "require", "request" or "disable".
func (e ExtendedMasterSecret) String() string {
	switch e {
	case RequireExtendedMasterSecret:
		return "require"
	case RequestExtendedMasterSecret:
		return "request"
	case DisableExtendedMasterSecret:
		return "disable"
	}
	return fmt.Sprintf("ExtendedMasterSecret(%d)", uint8(e))
}

// A side is an end of a conn.
type side bool

const (
	client side = true
	server side = false
)

// clone returns a copy that shares with the caller what callbacks, pools and
// writers are, and has the defaults in the place of zeros.
func (c *Config) clone() *Config {
	n := *c
	if c.TLS != nil {
		n.TLS = c.TLS.Clone()
		n.TLS.Certificates = parsed(c.TLS.Certificates)
		n.TLS.NextProtos = slices.Clone(c.TLS.NextProtos)
	}
	if c.PSK != nil {
		n.PSK = &PSK{Identity: slices.Clone(c.PSK.Identity), Hint: slices.Clone(c.PSK.Hint), Key: c.PSK.Key}
	}
	n.CipherSuites = slices.Clone(c.CipherSuites)
	n.Curves = slices.Clone(c.Curves)
	n.SRTPProfiles = slices.Clone(c.SRTPProfiles)
	setDefault(&n.MTU, DefaultMTU)
	setDefault(&n.ReplayWindow, DefaultReplayWindow)
	setDefault(&n.RetransmitInterval, DefaultRetransmitInterval)
	setDefault(&n.HandshakeTimeout, DefaultHandshakeTimeout)
	setDefault(&n.ReceiveQueue, DefaultReceiveQueue)
	return &n
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// check finds everything that is wrong with the protocol of one side. It is
// called with what the caller wrote.
func (c *Config) check(s side, p *problems) {
	c.checkTLS(s, p)
	c.checkPSK(s, p)
	c.checkChoices(p)
	p.add("ConnectionID", strconv.Itoa(int(c.ConnectionID)), within(int(c.ConnectionID), int(SendConnectionID), maxConnectionID))
	if c.ExtendedMasterSecret > DisableExtendedMasterSecret {
		p.add("ExtendedMasterSecret", c.ExtendedMasterSecret.String(), errors.New("is not a policy"))
	}
	p.add("MTU", strconv.Itoa(c.MTU), within(c.MTU, minMTU, maxMTU))
	p.add("ReplayWindow", strconv.Itoa(c.ReplayWindow), within(c.ReplayWindow, minWindow, maxWindow))
	p.add("RetransmitInterval", c.RetransmitInterval.String(), within(c.RetransmitInterval, minInterval, maxInterval))
	p.span("HandshakeTimeout", c.HandshakeTimeout)
	if c.KeyLog != nil && c.TLS != nil && c.TLS.KeyLogWriter != nil {
		p.add("KeyLog", "", errors.New("there is TLS.KeyLogWriter as well"))
	}
	queue := within(c.ReceiveQueue, 1, maxReceiveQueue)
	if s == client && c.ReceiveQueue != 0 {
		queue = errors.New("a dialled conn has a socket of its own: set SO_RCVBUF in Options")
	}
	p.add("ReceiveQueue", strconv.Itoa(c.ReceiveQueue), queue)
}

// within returns an error unless v is zero or within bounds.
func within[T int | time.Duration](v, low, high T) error {
	if v == 0 || low <= v && v <= high {
		return nil
	}
	return fmt.Errorf("must be from %v to %v, or 0", low, high)
}

// checkPSK finds what is wrong with PSK for one side.
func (c *Config) checkPSK(s side, p *problems) {
	switch {
	case c.PSK == nil:
		return
	case c.PSK.Key == nil:
		p.add("PSK.Key", "", errors.New("is missing"))
	}
	identity, hint := strconv.Quote(string(c.PSK.Identity)), strconv.Quote(string(c.PSK.Hint))
	if s == server {
		if c.PSK.Identity != nil {
			p.add("PSK.Identity", identity, errors.New("is the client's: a server has a Hint"))
		}
		if len(c.PSK.Hint) > maxHintLen {
			p.add("PSK.Hint", "", fmt.Errorf("has %d bytes, more than %d", len(c.PSK.Hint), maxHintLen))
		}
		return
	}
	if c.PSK.Hint != nil {
		p.add("PSK.Hint", hint, errors.New("is the server's: a client has an Identity"))
	}
	if n := len(c.PSK.Identity); n == 0 || n > maxIdentity {
		p.add("PSK.Identity", "", fmt.Errorf("has %d bytes, must have 1 to %d", n, maxIdentity))
	}
}
