package tunx

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// DefaultMaxDestinations is used when PacketDialerConfig.MaxDestinations is zero.
const DefaultMaxDestinations = 64

// PacketDialerConfig is how a proxy of [NewPacketProxyFromDialer] behaves. Its zero value
// can be used.
type PacketDialerConfig struct {
	// Network is what is dialled. "" means "udp".
	Network string
	// MaxDestinations bounds the conns of a session: above, the one that was written to
	// longest ago is closed. 0 means [DefaultMaxDestinations].
	MaxDestinations int
	// WriteIdle is for how long a conn may be without a WriteTo, before it is closed.
	// 0 means [DefaultWriteIdle].
	WriteIdle time.Duration
	// DialTimeout bounds each dial, for which WriteTo waits. 0 means [DefaultDialTimeout].
	DialTimeout time.Duration
}

// DefaultDialTimeout is used when PacketDialerConfig.DialTimeout is zero.
const DefaultDialTimeout = 10 * time.Second

// NewPacketProxyFromDialer returns a proxy whose sessions have a conn of d for each
// destination: a symmetric NAT (RFC 4787), for [Sessions] with the mapping [Symmetric].
// Only the destination can answer, or what d has dialled in its place. A socket that is connected is told by the system that
// nobody listens at its port, so that [ErrPortUnreachable] comes on every one but Windows,
// where package net switches that off.
//
// One conn carries one datagram for each Write and Read. Those that are a *net.UDPConn cost
// about 4 KiB, others 64 KiB. cfg is copied; nil is the zero PacketDialerConfig.
func NewPacketProxyFromDialer(d ContextDialer, cfg *PacketDialerConfig) (PacketProxy, error) {
	var c PacketDialerConfig
	if cfg != nil {
		c = *cfg
	}
	var p problems
	if d == nil {
		p.add("d", "nil", errNil)
	}
	if c.MaxDestinations < 0 {
		p.add("MaxDestinations", strconv.Itoa(c.MaxDestinations), errNegative)
	}
	if c.WriteIdle < 0 {
		p.add("WriteIdle", c.WriteIdle.String(), errNegative)
	}
	if c.DialTimeout < 0 {
		p.add("DialTimeout", c.DialTimeout.String(), errNegative)
	}
	setDefault(&c.Network, "udp")
	setDefault(&c.MaxDestinations, DefaultMaxDestinations)
	setDefault(&c.WriteIdle, DefaultWriteIdle)
	setDefault(&c.DialTimeout, DefaultDialTimeout)
	if err := p.err(); err != nil {
		return nil, err
	}
	return &dialerProxy{d, c}, nil
}

type dialerProxy struct {
	dialer ContextDialer
	config PacketDialerConfig
}

func (p *dialerProxy) NewSession(to PacketResponseReceiver) (PacketRequestSender, error) {
	if to == nil {
		return nil, &Error{Op: "session", Field: "receiver", Value: "nil", Err: errNil}
	}
	s := &dialerSession{proxy: p, conns: make(map[netip.AddrPort]*dialled)}
	s.receiver.use(to)
	s.ctx, s.cancel = context.WithCancel(context.Background())
	return s, nil
}

type dialerSession struct {
	proxy    *dialerProxy
	receiver receiver
	ctx      context.Context // of dials
	cancel   context.CancelFunc

	mu     sync.Mutex
	closed bool
	conns  map[netip.AddrPort]*dialled
}

// dialled is a conn to a destination.
type dialled struct {
	net.Conn

	receiver  receiver // conns deliver at the same time
	socket    socket
	remote    netip.AddrPort
	lastWrite atomic.Int64 // since epoch
}

func (s *dialerSession) WriteTo(p []byte, destination netip.AddrPort) (int, error) {
	destination = unmap(destination)
	if s.receiver.takeRefused(destination) {
		return 0, writeError(destination, ErrPortUnreachable)
	}
	for {
		d, fresh, err := s.conn(destination)
		if err != nil {
			return 0, err
		}
		d.lastWrite.Store(sinceEpoch())
		n, err := d.socket.writeTo(p, destination)
		switch {
		case err == nil:
			return n, nil
		case fresh || !errors.Is(err, net.ErrClosed):
			return n, writeError(destination, err)
		}
		s.drop(d) // it was idle: another one
	}
}

// conn returns the conn to a destination, which is dialled if there is none.
func (s *dialerSession) conn(destination netip.AddrPort) (d *dialled, fresh bool, err error) {
	s.mu.Lock()
	closed, d := s.closed, s.conns[destination]
	s.mu.Unlock()
	switch {
	case closed:
		return nil, false, ErrClosed
	case d != nil:
		return d, false, nil
	}
	ctx, cancel := context.WithTimeout(s.ctx, s.proxy.config.DialTimeout)
	defer cancel()
	c, err := s.proxy.dialer.DialContext(ctx, s.proxy.config.Network, destination.String())
	if err != nil {
		return nil, true, s.dialError(destination, err)
	}
	d = &dialled{Conn: c, remote: destination}
	d.receiver.use(s.receiver.to)
	d.receiver.only = destination // a dialler with rewrites has dialled another address
	d.receiver.shared = &s.receiver
	d.lastWrite.Store(sinceEpoch())
	if d.socket, err = newConnSocket(c, destination, &d.receiver); err != nil {
		return nil, true, errors.Join(s.dialError(destination, err), c.Close())
	}
	return s.keep(d)
}

func (s *dialerSession) dialError(destination netip.AddrPort, err error) error {
	if s.ctx.Err() != nil {
		return ErrClosed
	}
	if isRefused(err) {
		return writeError(destination, err)
	}
	return &Error{Op: "dial", Field: "destination", Value: destination.String(), Err: err}
}

// keep takes a new conn, unless the session was closed meanwhile, or another goroutine has
// dialled as well.
func (s *dialerSession) keep(d *dialled) (*dialled, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	other := s.conns[d.remote]
	switch {
	case s.closed:
		d.Close()
		return nil, true, ErrClosed
	case other != nil:
		d.Close()
		return other, false, nil
	}
	if len(s.conns) >= s.proxy.config.MaxDestinations {
		s.evict()
	}
	s.conns[d.remote] = d
	go s.relay(d)
	return d, true, nil
}

// evict closes the conn that was written to longest ago. The lock is held.
func (s *dialerSession) evict() {
	var oldest *dialled
	for _, d := range s.conns {
		if oldest == nil || d.lastWrite.Load() < oldest.lastWrite.Load() {
			oldest = d
		}
	}
	delete(s.conns, oldest.remote)
	oldest.Close()
}

// relay hands the answers of a conn to the receiver, until it is idle or closed.
func (s *dialerSession) relay(d *dialled) {
	defer s.drop(d)
	_ = d.SetReadDeadline(time.Now().Add(s.proxy.config.WriteIdle)) // a conn without deadlines has no idle time
	for {
		err := d.socket.receive()
		if err == nil {
			continue
		}
		left := idleLeft(s.proxy.config.WriteIdle, d.lastWrite.Load())
		if !errors.Is(err, os.ErrDeadlineExceeded) || left <= 0 || d.SetReadDeadline(time.Now().Add(left)) != nil {
			return
		}
	}
}

func (s *dialerSession) drop(d *dialled) {
	s.mu.Lock()
	if s.conns[d.remote] == d {
		delete(s.conns, d.remote)
	}
	s.mu.Unlock()
	d.Close()
}

// Close closes the conns and the receiver.
func (s *dialerSession) Close() error {
	s.mu.Lock()
	first := !s.closed
	s.closed = true
	conns := s.conns
	s.conns = nil
	s.mu.Unlock()
	s.cancel()
	var all []error
	for _, d := range conns {
		all = append(all, d.Close())
	}
	if first {
		all = append(all, s.receiver.to.Close())
	}
	return errors.Join(all...)
}
