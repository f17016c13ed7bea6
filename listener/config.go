package listener

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"net"
	"net/netip"
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
	// Address is where to listen. Forms:
	// "tcp://127.0.0.1:8443", "tcp4://:80", "tcp6://[::1]:0", "127.0.0.1:0"
	// (no scheme is tcp), "unix:///run/x.sock", "unix://@name" (abstract,
	// Linux), "unixpacket:///run/x.sock".
	//
	// An empty host is all addresses of the machine, port 0 a free one. Ports
	// are numbers from 0 to 65535. A host name is resolved once, and IPv4 is
	// preferred. A range of ports, "127.0.0.1:8000-8010", is a socket for each;
	// a listener has at most 1,024 sockets.
	//
	// A file at a unix path is replaced if it is a socket that no process has
	// open, else left alone and an error. Close removes the file, unless another
	// process has replaced it. For both, the folder is locked for a moment
	// (flock), so it must be readable; otherwise the file stays.
	//
	// "fd://3" is a listening socket that the process has inherited. The
	// listener uses a duplicate: descriptor 3 stays open after Close, and is
	// marked close-on-exec. "systemd://web" are those that LISTEN_FDNAMES calls
	// web, "systemd://" are all, see sd_listen_fds(3) and [Pass]. They belong to
	// the listeners that use them: the last Close closes them for good. If New
	// fails it leaves them open. As inherited sockets are bound already, an
	// option that has to be set before must have its value already, and the
	// file of a unix socket stays as it is: it belongs to who made it. Unix only.
	Address string

	// Addresses are more of them; then Address can be empty. New listens on all
	// or on none, and one that is there twice is an error.
	Addresses []string

	// UnixMode are the permissions of the files of unix sockets, at most 0777.
	// 0 leaves what the umask gives, that is, mostly 0755. On Linux the file
	// never has more; elsewhere it has the umask's between bind and chmod. An
	// error if no address is a path. Linux, macOS and BSD.
	UnixMode fs.FileMode

	// UnixOwner is the owner of the files of unix sockets, nil the user of the
	// process. An error if no address is a path. Linux, macOS and BSD.
	UnixOwner *UnixOwner

	// Shards is how many sockets share each TCP port (SO_REUSEPORT, which is set
	// by itself; SO_REUSEPORT_LB on FreeBSD). The kernel spreads new conns among
	// them. 0 and 1 mean one. Where the system does not spread conns there is
	// one whatever Shards says; Stats.Sockets tells. Other processes of the same user can join the
	// port in the same way, those of other users cannot. More shards than CPUs
	// gain nothing. Unix and inherited sockets cannot be sharded. Negative is an
	// error.
	Shards int

	// SteerByCPU gives each conn to the shard of the CPU that took its first
	// packet, modulo Shards, instead of a hash of its addresses. It needs
	// Shards from 2 to the number of CPUs; a shard gets nothing while its CPU
	// takes no packets. Multipath TCP is not used then, as the kernel lacks the
	// two together. Linux 4.6 or newer.
	SteerByCPU bool

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

	// MaxHandshakes bounds the TLS handshakes and the PROXY headers in progress
	// together with the finished ones that Accept has not returned yet, of all
	// sockets. Clients above it wait in the kernel's queue, but for one a
	// socket. When a client waits, one that has taken longer than a quarter of
	// its time (HandshakeTimeout, HeaderTimeout or both) is dropped for it: the oldest of a source (SourceBits4,
	// SourceBits6) that has more than a quarter of the places, else the oldest
	// of all. So silent clients cannot keep the others out. 0 means
	// DefaultMaxHandshakes. Negative is an error. Unused without TLS and
	// ProxyProtocol.
	MaxHandshakes int

	// Allow and Deny are rules for the address of the peer. Of all prefixes in
	// both lists the longest one that contains it decides; Deny wins a tie. An
	// address that no prefix contains is admitted if Allow is empty, else
	// refused. 0.0.0.0/0 is all of IPv4, ::/0 all of IPv6; IPv4-mapped
	// addresses and prefixes are IPv4. ParsePrefix reads a prefix. A peer that
	// is refused is reset, and costs no slot.
	//
	// The rules do not concern the peers of unix sockets: mode and owner of the
	// file say who may connect. With unix addresses only, rules are an error.
	Allow, Deny []netip.Prefix

	// MaxConnsPerSource bounds the open conns of one source: of one prefix of
	// SourceBits4 or SourceBits6 bits. What is above it is refused, whatever
	// OverLimit says. 0 means no bound. Negative is an error, and so is a bound
	// with unix addresses only, whose peers it does not concern.
	MaxConnsPerSource int

	// SourceBits4 and SourceBits6 say how many bits of an address make a
	// source, 1 to 32 and 1 to 128. 0 means DefaultSourceBits4 and
	// DefaultSourceBits6.
	SourceBits4, SourceBits6 int

	// AcceptRate bounds how many conns a second are accepted, of those that
	// rules and MaxConnsPerSource admit. 0 means no bound. Negative, infinite
	// and NaN are errors.
	AcceptRate float64

	// AcceptBurst is how many conns may be accepted at once after a pause. 0
	// means AcceptRate, but at least 1. Negative is an error, and so is a
	// burst without AcceptRate.
	AcceptBurst int

	// MaxConns bounds the open conns, handshakes in progress included. A conn
	// is open until it is closed. 0 means no bound. Negative is an error.
	MaxConns int

	// OverLimit says what becomes of a client above MaxConns or AcceptRate.
	OverLimit OverLimit

	// ProxyProtocol, when set, takes the addresses of conns from the header that
	// a proxy sends first. It is read beside Accept, as handshakes are, and
	// MaxHandshakes bounds both together.
	ProxyProtocol *ProxyProtocol

	// IdleTimeout cuts a conn that has no traffic for so long. Traffic is data
	// that is received, or sent and acknowledged: keep-alive probes are none,
	// nor are repetitions to a peer that is gone. On Linux the kernel is asked
	// when the time may be over, so it costs nothing per Read and Write and
	// holds during one long io.Copy; a moment of traffic is known to 4 ms, and
	// that of an acknowledgement may be taken for later if a probe followed.
	// Elsewhere, for unix sockets and for Multipath TCP, Read and Write count,
	// and io.Copy is done in user space. 0 means none. Negative is an error.
	//
	// When a conn is cut, for this or for one of the next two reasons, its
	// descriptor and its slots are free at once. Reads and writes then fail
	// with an *Error that names the field and is os.ErrDeadlineExceeded; Close
	// returns nil. Deadlines of the application are independent of all three.
	// One timer serves all conns: it cuts none too early, and each at most 1/32
	// of the smallest of IdleTimeout, MaxAge and half MinReceiveGrace too late
	// (1 ms at least). The bounds hold after Close.
	IdleTimeout time.Duration

	// MaxAge cuts a conn that is open for so long, from accept or from the end
	// of its PROXY header, whatever it does. 0 means none. Negative is an error.
	MaxAge time.Duration

	// MinReceiveRate, in bytes a second, cuts clients that send so slowly that
	// they only want to hold the conn. The time of the client runs from accept
	// until we write, and again from the first byte that follows until we write
	// again. When bytes arrive, and in that time less than MinReceiveRate times
	// (the time - MinReceiveGrace) have, the conn is reset. So a client that
	// sends nothing is not slow, as it may wait for us: IdleTimeout is for that.
	// Time in which the application leaves bytes unread is not the client's. On
	// Linux this is looked at each half MinReceiveGrace (1 ms at least), else as
	// IdleTimeout says. Below TLS the bytes are those of TLS. 0 means no bound.
	// Negative is an error.
	MinReceiveRate int

	// MinReceiveGrace is the time that a client has in addition. 0 means
	// DefaultMinReceiveGrace. Negative is an error, and so is a grace without
	// MinReceiveRate.
	MinReceiveGrace time.Duration

	// Track counts the open conns, for Stats and for Shutdown. MaxConns,
	// MaxConnsPerSource, ProxyProtocol, IdleTimeout, MaxAge and MinReceiveRate
	// imply it. Then the conns below TLS are wrappers that
	// have all methods of *net.TCPConn or *net.UnixConn that make sense for a
	// stream, and NetConn, which returns the bare conn.
	Track bool

	// OnEvent, when set, is called for each conn that is refused or fails, for
	// each failure to accept, for each conn that Accept returns, and, with Track or
	// what implies it, when that one is closed. Closed is the last that is told of
	// a conn, and can follow the return of Close and Shutdown. OnEvent is called by
	// the goroutine where it happens, which goes on when it returns, and by several
	// at a time, with no lock held. It must not call Close or Shutdown, which wait
	// for it, and should not block; nobody recovers a panic in it. At most 256
	// conns are cut at the same time, calls for those included. nil costs nothing.
	OnEvent func(Event)
}

// clone returns a copy that shares nothing with the caller but what crypto/tls
// itself shares between clones.
func (c *Config) clone() *Config {
	if c == nil {
		return &Config{}
	}
	n := *c
	n.Addresses = slices.Clone(c.Addresses)
	n.Options = slices.Clone(c.Options)
	if c.UnixOwner != nil {
		owner := *c.UnixOwner
		n.UnixOwner = &owner
	}
	if c.TLS != nil {
		n.TLS = c.TLS.Clone()
		n.TLS.Certificates = slices.Clone(c.TLS.Certificates)
		n.TLS.NextProtos = slices.Clone(c.TLS.NextProtos)
		n.TLS.CipherSuites = slices.Clone(c.TLS.CipherSuites)
		n.TLS.CurvePreferences = slices.Clone(c.TLS.CurvePreferences)
	}
	n.ProxyProtocol = c.ProxyProtocol.clone()
	n.Allow, n.Deny = slices.Clone(c.Allow), slices.Clone(c.Deny)
	if n.HandshakeTimeout == 0 {
		n.HandshakeTimeout = DefaultHandshakeTimeout
	}
	if n.MaxHandshakes == 0 {
		n.MaxHandshakes = DefaultMaxHandshakes
	}
	return &n
}

// Check says what New would say of the Config, and opens nothing. Names of hosts
// are not resolved, and sockets of fd:// and systemd:// need not be there. nil is
// the zero Config, which has no Address.
func (c *Config) Check() error { return c.clone().validate(expected) }

// validate finds everything that is wrong with the Config, and adds the options
// that the platform and Shards ask for.
func (c *Config) validate(find systemd) error {
	places, p := c.addresses(find)
	c.checkShards(&p, places)
	c.checkUnix(&p, places)
	if err := c.exclusive(places); err != nil {
		p.add("Options", "SO_REUSEADDR=true", err)
	}
	c.checkNetworks(&p, places)
	if c.HandshakeTimeout < 0 {
		p.add("HandshakeTimeout", c.HandshakeTimeout.String(), errNegative)
	}
	if c.MaxHandshakes < 0 {
		p.add("MaxHandshakes", strconv.Itoa(c.MaxHandshakes), errNegative)
	}
	c.checkRules(&p, places)
	c.checkLimits(&p, places)
	return errors.Join(p...)
}

// checkNetworks says what each of the networks cannot have. Those of inherited
// sockets are not known yet.
func (c *Config) checkNetworks(p *problems, places []place) {
	if len(places) == 0 {
		places = []place{{}} // all addresses are bad, and the rest may be too
	}
	seen := map[string]bool{}
	for _, place := range places {
		a := place.address
		if a.inherited() {
			a = address{}
		}
		if seen[a.network] {
			continue
		}
		seen[a.network] = true
		p.add("TLS", "", checkTLS(c.TLS, a.network))
		p.add("Options", c.Options.String(), c.Options.Check(a.network,
			sockopt.Bind, sockopt.Listening, sockopt.Established))
		_, err := plainTCP(c, a)
		p.add("Multipath", c.Multipath.String(), err)
	}
}

// exclusive adds the option that keeps other processes off a port on Windows.
func (c *Config) exclusive(places []place) (err error) {
	isTCP := func(a place) bool { return a.protocol() == "tcp" }
	if runtime.GOOS == "windows" && slices.ContainsFunc(places, isTCP) {
		c.Options, err = exclusive(c.Options)
	}
	return err
}

// checkUnix says what is wrong with the fields for the files of unix sockets.
func (c *Config) checkUnix(p *problems, places []place) {
	isPath := func(a place) bool { return a.path() }
	usable := error(nil)
	switch {
	case !ownFiles:
		usable = fmt.Errorf("of a socket's file on %s: %w", runtime.GOOS, errors.ErrUnsupported)
	case len(places) > 0 && !slices.ContainsFunc(places, isPath):
		usable = errors.New("no address is a path at which a file is made")
	}
	if m := c.UnixMode; m != 0 {
		p.add("UnixMode", m.String(), usable)
		if m&^fs.ModePerm != 0 {
			p.add("UnixMode", m.String(), errors.New("has more than the permissions 0777"))
		}
	}
	if o := c.UnixOwner; o != nil {
		p.add("UnixOwner", fmt.Sprintf("%d:%d", o.UID, o.GID), usable)
		if min(o.UID, o.GID) < -1 || int64(max(o.UID, o.GID)) >= math.MaxUint32 {
			p.add("UnixOwner", fmt.Sprintf("%d:%d", o.UID, o.GID), errors.New("is not from -1 to 4294967294"))
		}
	}
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
