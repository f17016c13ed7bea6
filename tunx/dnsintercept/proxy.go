package dnsintercept

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"

	"github.com/strata-net/strata/tunx"
	"github.com/strata-net/strata/tunx/internal/dnswire"
)

// ErrBusy is what OnQuery gets for a query above MaxInFlight.
var ErrBusy = errors.New("too many queries in flight")

// NewPacketProxy returns a proxy whose sessions hand queries to cfg.Resolve, and all else to
// a session of next, which begins with the first such datagram. WriteTo does not wait for
// answers: each query has a goroutine. What is no query, for instance a response, is
// dropped. cfg is copied.
func NewPacketProxy(next tunx.PacketProxy, cfg *Config) (tunx.PacketProxy, error) {
	if err := cfg.check(next); err != nil {
		return nil, err
	}
	c := cfg.clone()
	return &proxy{next: next, config: c, slots: make(chan struct{}, c.MaxInFlight)}, nil
}

type proxy struct {
	next   tunx.PacketProxy
	config Config
	slots  chan struct{} // one for each query in flight
}

func (p *proxy) NewSession(receiver tunx.PacketResponseReceiver) (tunx.PacketRequestSender, error) {
	if receiver == nil {
		return nil, &tunx.Error{Op: "session", Field: "receiver", Value: "nil", Err: errors.New("must not be nil")}
	}
	s := &session{proxy: p, receiver: receiver}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	return s, nil
}

// session has the receiver, and lets the next proxy have it too.
type session struct {
	proxy    *proxy
	receiver tunx.PacketResponseReceiver
	ctx      context.Context // ends with the session
	cancel   context.CancelFunc

	mu     sync.Mutex
	closed bool
	ready  chan struct{} // closed when the next session has begun, or could not
	sender tunx.PacketRequestSender
	err    error // why it could not
}

func (s *session) WriteTo(p []byte, destination netip.AddrPort) (int, error) {
	switch {
	case s.ctx.Err() != nil:
		return 0, tunx.ErrClosed
	case !s.proxy.config.Match(destination):
		return s.pass(p, destination)
	}
	q, err := dnswire.Parse(p)
	if err != nil {
		return 0, &tunx.Error{Op: "dns", Field: "query", Value: fmt.Sprintf("%d bytes", len(p)), Err: err}
	}
	select {
	case s.proxy.slots <- struct{}{}:
		query := bytes.Clone(p)
		go s.resolve(query, destination)
	default:
		s.deliver(q.Append(nil, dnswire.ServerFailure, false), destination, ErrBusy)
	}
	return len(p), nil
}

// pass gives a datagram to the next proxy.
func (s *session) pass(p []byte, destination netip.AddrPort) (int, error) {
	sender, err := s.open()
	if err != nil {
		return 0, err
	}
	return sender.WriteTo(p, destination)
}

// open begins the next session, unless it is there, or another goroutine is at it. Nothing
// is locked while the next proxy is at work: Close must not wait for it.
func (s *session) open() (tunx.PacketRequestSender, error) {
	s.mu.Lock()
	ready, first := s.ready, s.ready == nil
	if first {
		ready = make(chan struct{})
		s.ready = ready
	}
	s.mu.Unlock()
	if first {
		return s.begin(ready)
	}
	select {
	case <-ready:
	case <-s.ctx.Done():
		return nil, tunx.ErrClosed
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sender, s.err
}

func (s *session) begin(ready chan struct{}) (tunx.PacketRequestSender, error) {
	sender, err := newSession(s.ctx, s.proxy.next, s.receiver)
	if s.keep(sender, err) {
		close(ready)
		return sender, err
	}
	close(ready)
	if err == nil {
		sender.Close() // without the lock: it may close the receiver, and that one the session
	}
	return nil, tunx.ErrClosed
}

// keep notes what has become of the next session, unless this one was closed meanwhile.
func (s *session) keep(sender tunx.PacketRequestSender, err error) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closed:
		s.err = tunx.ErrClosed
	case err != nil:
		s.err, s.ready = err, nil // the next datagram tries again
	default:
		s.sender, s.err = sender, nil
	}
	return !s.closed
}

func newSession(ctx context.Context, p tunx.PacketProxy, r tunx.PacketResponseReceiver) (tunx.PacketRequestSender, error) {
	if p, ok := p.(tunx.ContextPacketProxy); ok {
		return p.NewSessionContext(ctx, r)
	}
	return p.NewSession(r)
}

// resolve answers a query.
func (s *session) resolve(query []byte, destination netip.AddrPort) {
	defer func() { <-s.proxy.slots }()
	ctx, cancel := context.WithTimeout(s.ctx, s.proxy.config.Timeout)
	defer cancel()
	q, _ := dnswire.Parse(bytes.Clone(query)) // WriteTo parsed it; Resolve may keep the other
	answer, err := s.proxy.config.Resolve(ctx, query, destination)
	switch {
	case errors.Is(err, ErrPass):
		var n int
		n, err = s.pass(query, destination)
		s.done(destination, n, err)
		return
	case err == nil && !q.Answers(answer):
		err = errAnswer
	}
	if err != nil {
		answer = q.Append(nil, dnswire.ServerFailure, false)
	} else if len(answer) > q.Size() {
		answer = q.Append(nil, dnswire.Success, true)
	}
	s.deliver(answer, destination, err)
}

var errAnswer = errors.New("the resolver returned what is no DNS response")

// deliver hands an answer to the receiver, if it still wants one.
func (s *session) deliver(answer []byte, from netip.AddrPort, cause error) {
	if s.ctx.Err() != nil {
		s.done(from, 0, errors.Join(cause, tunx.ErrClosed))
		return
	}
	n, err := s.receiver.WriteFrom(answer, net.UDPAddrFromAddrPort(from))
	s.done(from, n, errors.Join(cause, err))
}

func (s *session) done(destination netip.AddrPort, n int, err error) {
	if f := s.proxy.config.OnQuery; f != nil {
		f(destination, n, err)
	}
}

// Close ends what the session has in flight, and the next session, which closes the
// receiver.
func (s *session) Close() error {
	s.mu.Lock()
	first, sender := !s.closed, s.sender
	s.closed = true
	s.mu.Unlock()
	s.cancel()
	switch {
	case !first:
		return nil
	case sender != nil:
		return sender.Close()
	}
	return s.receiver.Close()
}
