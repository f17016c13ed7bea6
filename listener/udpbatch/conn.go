package udpbatch

import (
	"context"
	"errors"
	"math"
	"net"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/strata-net/strata/sockopt"
)

// Conn is a UDP socket. It is a [net.PacketConn] and, for a connected socket, a
// [net.Conn]. All methods are safe for concurrent use, but see ReadBatch for
// whose memory the data is in.
type Conn struct {
	udp    *net.UDPConn
	raw    syscall.RawConn
	config *Config
	local  netip.AddrPort
	remote netip.AddrPort // zero if not connected
	v6     bool           // the socket is of IPv6, and may carry IPv4 too
	tos4   int            // IP_TOS and IPV6_TCLASS when the Conn was opened
	tos6   int
	able   Capabilities

	reading sync.Mutex
	shared  *Reader    // that of the Conn's own reading methods
	one     [1]Message // what they read into

	writing sync.Mutex
	out     sink

	closed       atomic.Bool
	opened       time.Time
	readDeadline atomic.Int64 // in nanoseconds since opened, 0 for none
}

// A sink sends messages and returns how many it sent; an error concerns the
// next one.
type sink interface {
	send(ms []Message) (int, error)
}

// NewReader returns a Reader of the Conn with memory of its own. It needs no
// closing. What it has received and not returned yet is lost with it.
func (c *Conn) NewReader() *Reader { return &Reader{conn: c, in: c.newSource()} }

// ReadBatch is [Reader.ReadBatch] of the Reader that ReadFrom and the other
// reading methods of the Conn use as well. The data is valid until one of them
// is called. Goroutines that read at the same time need a Reader each.
func (c *Conn) ReadBatch(ms []Message) (int, error) {
	c.reading.Lock()
	defer c.reading.Unlock()
	return c.reader().ReadBatch(ms)
}

// reader returns the shared Reader, whose mutex is held.
func (c *Conn) reader() *Reader {
	if c.shared == nil {
		c.shared = c.NewReader()
	}
	return c.shared
}

// WriteBatch sends messages and returns how many were sent. It waits while the
// socket's buffer is full. If that is fewer than len(ms) the error says why, and
// is about the message of that index; the ones after it were not tried.
//
// The order is kept. A run of messages of one size to the same Addr, with the
// same Local, Interface and ECN, leaves as one large datagram where GSO is in
// use. ms and its data are not changed or kept.
func (c *Conn) WriteBatch(ms []Message) (int, error) {
	c.writing.Lock()
	defer c.writing.Unlock()
	n, err := c.out.send(ms)
	if err == nil {
		return n, nil
	}
	e := c.failed("write", err)
	e.Value = aboutMessage(n, len(ms[n].Data))
	if !c.connected() {
		e.Address = ms[n].Addr.String()
	}
	return n, e
}

// Capabilities says what the Conn has, and why not what it lacks.
func (c *Conn) Capabilities() Capabilities {
	able := c.able
	able.Off = append([]error(nil), able.Off...)
	return able
}

// Close closes the socket and wakes all who wait for it. A second Close returns
// an error that is [net.ErrClosed].
func (c *Conn) Close() error {
	c.closed.Store(true)
	if err := c.udp.Close(); err != nil {
		return c.failed("close", err)
	}
	return nil
}

// LocalAddr returns the *net.UDPAddr of the socket.
func (c *Conn) LocalAddr() net.Addr { return c.udp.LocalAddr() }

// RemoteAddr returns the *net.UDPAddr of the peer, or nil if the Conn is not
// connected.
func (c *Conn) RemoteAddr() net.Addr { return c.udp.RemoteAddr() }

// SetDeadline sets the deadlines of all methods that read or write. A time in
// the past wakes those that wait; the zero time means none.
func (c *Conn) SetDeadline(t time.Time) error {
	return errors.Join(c.SetReadDeadline(t), c.SetWriteDeadline(t))
}

// SetReadDeadline sets the deadline of the methods that read.
func (c *Conn) SetReadDeadline(t time.Time) error {
	var at time.Duration
	if now := time.Since(c.opened); !t.IsZero() {
		at = max(now+min(time.Until(t), math.MaxInt64-now), 1)
	}
	c.readDeadline.Store(int64(at))
	return c.udp.SetReadDeadline(t)
}

// SetWriteDeadline sets the deadline of the methods that write.
func (c *Conn) SetWriteDeadline(t time.Time) error { return c.udp.SetWriteDeadline(t) }

// SetReadBuffer sets SO_RCVBUF in bytes. The system may round and limit it.
func (c *Conn) SetReadBuffer(bytes int) error { return c.udp.SetReadBuffer(bytes) }

// SetWriteBuffer sets SO_SNDBUF in bytes. The system may round and limit it.
func (c *Conn) SetWriteBuffer(bytes int) error { return c.udp.SetWriteBuffer(bytes) }

// SyscallConn gives access to the socket. Reading from it past the Conn can
// return joined datagrams, if GRO is in use.
func (c *Conn) SyscallConn() (syscall.RawConn, error) { return c.udp.SyscallConn() }

func (c *Conn) connected() bool { return c.remote.IsValid() }

// readable says why datagrams that are here already must not be returned.
func (c *Conn) readable() error {
	if c.closed.Load() {
		return net.ErrClosed
	}
	if at := c.readDeadline.Load(); at != 0 && int64(time.Since(c.opened)) >= at {
		return os.ErrDeadlineExceeded
	}
	return nil
}

func (c *Conn) failed(op string, err error) *Error {
	at := c.local
	if c.connected() {
		at = c.remote
	}
	return &Error{Op: op, Network: c.network(), Address: at.String(), Err: err}
}

func (c *Conn) network() string {
	if c.v6 {
		return "udp6"
	}
	return "udp4"
}

// Listen opens a Conn that receives from everybody. The context limits the
// opening only. A bad Config is reported as a whole: the error joins an [*Error]
// for every bad field. If anything fails nothing stays open.
func Listen(ctx context.Context, cfg *Config) (*Conn, error) {
	a, config, err := cfg.listening()
	if err != nil {
		return nil, err
	}
	lc := net.ListenConfig{Control: config.control}
	return open(ctx, "listen", &a, config, func() (any, error) {
		return lc.ListenPacket(ctx, a.network, a.text)
	})
}

// Dial opens a Conn that is connected to remote, of the same form as
// Config.Address: it receives from there only, and messages need no Addr. A
// host name is resolved. The context limits the opening only.
func Dial(ctx context.Context, remote string, cfg *Config) (*Conn, error) {
	if cfg == nil {
		cfg = &Config{}
	}
	var p problems
	a, err := parseAddress(remote)
	p.add("remote", remote, err)
	var local net.Addr
	if cfg.Address != "" {
		source, err := parseAddress(cfg.Address)
		if err == nil && len(p) == 0 {
			local, err = a.from(source)
		}
		p.add("Address", cfg.Address, err)
	}
	config, err := cfg.clone(a.network)
	if err := errors.Join(append(p, err)...); err != nil {
		return nil, err
	}
	d := net.Dialer{LocalAddr: local, Control: config.control}
	return open(ctx, "dial", &a, config, func() (any, error) {
		return d.DialContext(ctx, a.network, a.text)
	})
}

// control is what package net calls before bind and connect.
func (c *Config) control(network, address string, raw syscall.RawConn) error {
	if err := c.Options.At(sockopt.Bind).Control(network, address, raw); err != nil {
		return err
	}
	return c.want().Control(network, address, raw)
}

// open opens a socket and makes a Conn of it.
func open(ctx context.Context, op string, a *address, config *Config, socket func() (any, error)) (*Conn, error) {
	failed := func(op string, err error) error {
		return &Error{Op: op, Network: a.network, Address: a.text, Err: err}
	}
	if ctx == nil {
		return nil, failed(op, errors.New("the context is nil"))
	}
	if err := ctx.Err(); err != nil {
		return nil, failed(op, err)
	}
	s, err := socket()
	if err != nil {
		if _, ok := errors.AsType[*sockopt.Error](err); ok {
			op = "set option"
		}
		return nil, failed(op, err)
	}
	c, err := newConn(s.(*net.UDPConn), config)
	if err != nil {
		return nil, failed("set option", err)
	}
	return c, nil
}

// newConn takes the socket over.
func newConn(udp *net.UDPConn, config *Config) (*Conn, error) {
	c := &Conn{udp: udp, config: config, opened: time.Now()}
	c.local = udp.LocalAddr().(*net.UDPAddr).AddrPort()
	c.v6 = c.local.Addr().Is6() // also ::ffff:127.0.0.1
	if a, ok := udp.RemoteAddr().(*net.UDPAddr); ok {
		c.remote = new(zones).decimal(unmap(a.AddrPort()))
	}
	err := c.setUp()
	if err != nil {
		udp.Close()
		return nil, err
	}
	return c, nil
}

func (c *Conn) setUp() error {
	var err error
	if c.raw, err = c.udp.SyscallConn(); err != nil {
		return err
	}
	options := c.config.Options.At(sockopt.Established)
	if err := options.ApplyStage(sockopt.Established, c.network(), c.raw); err != nil {
		return err
	}
	if err := c.readTOS(); err != nil {
		return err
	}
	c.able = Capabilities{Batch: 1, Segments: 1, PacketInfo: c.config.PacketInfo, ECN: c.config.ECN, HopLimit: c.config.HopLimit}
	if err := c.start(); err != nil {
		return err
	}
	c.able.off("PacketInfo", whyOff(c.config.PacketInfo))
	c.able.off("ECN", whyOff(c.config.ECN))
	c.able.off("HopLimit", whyOff(c.config.HopLimit))
	return nil
}

var errNotAsked = errors.New("the Config does not ask for it")

func whyOff(asked bool) error {
	if asked {
		return nil
	}
	return errNotAsked
}

// unmap returns the address as IPv4 if it is that in IPv6.
func unmap(a netip.AddrPort) netip.AddrPort { return netip.AddrPortFrom(a.Addr().Unmap(), a.Port()) }
