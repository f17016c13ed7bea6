package tunx

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"sync"
)

// PacketRelay is a [PacketProxy] in the pull shape: who sends requests also asks for the
// answers, in its own time. Its methods may be called at the same time.
type PacketRelay interface {
	// NewAssociation begins a session. The context bounds that, and not the session.
	NewAssociation(ctx context.Context) (PacketAssociation, error)
}

// PacketAssociation is a session of a [PacketRelay]. Its methods may be called at the same
// time.
type PacketAssociation interface {
	PacketRequestSender

	// ReadFrom waits for an answer, copies it to p, and returns its length and source.
	// What does not fit into p is cut off. It fails with the error of the context, with
	// [io.EOF] when no more answers come, and with [ErrClosed] after Close. An error that is
	// [ErrPortUnreachable] says that nobody listens at the source; answers can follow it.
	ReadFrom(ctx context.Context, p []byte) (n int, source netip.AddrPort, err error)
}

// The bounds of what waits in an association that is made of a session.
const (
	relayDatagrams = 256
	relayBytes     = DefaultQueueBytes
)

// PacketRelayFrom returns the pull shape of proxy, which must not be nil. Up to 256 answers
// of 256 KiB in all wait to be asked for. What comes then is dropped, as the buffer of a
// socket does.
func PacketRelayFrom(proxy PacketProxy) PacketRelay { return relayOfProxy{proxy} }

type relayOfProxy struct{ proxy PacketProxy }

func (r relayOfProxy) NewAssociation(ctx context.Context) (PacketAssociation, error) {
	a := &association{wake: make(chan struct{}, 1), ended: make(chan struct{}), closed: make(chan struct{})}
	var err error
	a.PacketRequestSender, err = newProxySession(ctx, r.proxy, (*inbox)(a))
	if err != nil {
		return nil, err
	}
	return a, nil
}

// association is one that is made of a session.
type association struct {
	PacketRequestSender

	wake   chan struct{} // there is something
	ended  chan struct{} // by the proxy
	closed chan struct{} // by Close

	mu         sync.Mutex
	head, tail *datagram
	count      int
	bytes      int
	over, done bool
}

func (a *association) ReadFrom(ctx context.Context, p []byte) (int, netip.AddrPort, error) {
	for {
		if d := a.take(); d != nil {
			defer d.free()
			if d.again { // it stands for a port that is closed
				return 0, d.remote, writeError(d.remote, ErrPortUnreachable)
			}
			return copy(p, d.data), d.remote, nil
		}
		select {
		case <-a.closed:
			return 0, netip.AddrPort{}, ErrClosed
		default:
		}
		select {
		case <-a.wake:
		case <-a.closed:
		case <-a.ended:
			if !a.waiting() {
				return 0, netip.AddrPort{}, io.EOF
			}
		case <-ctx.Done():
			return 0, netip.AddrPort{}, &Error{Op: "read", Err: context.Cause(ctx)}
		}
	}
}

// waiting reports whether there is something to read.
func (a *association) waiting() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.head != nil || a.done
}

// take takes an answer, and wakes the next reader when there are more.
func (a *association) take() *datagram {
	a.mu.Lock()
	defer a.mu.Unlock()
	d := a.head
	if d == nil {
		return nil
	}
	if a.head = d.next; a.head == nil {
		a.tail = nil
	} else {
		a.signal()
	}
	a.count--
	a.bytes -= cap(d.data)
	return d
}

func (a *association) signal() {
	select {
	case a.wake <- struct{}{}:
	default:
	}
}

// put keeps an answer, or a port that is closed.
func (a *association) put(p []byte, from netip.AddrPort, refused bool) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case a.over || a.done:
		return ErrClosed
	case a.count == relayDatagrams || a.bytes+room(len(p)) > relayBytes:
		return nil
	}
	d := newDatagram(len(p))
	d.data, d.remote, d.again = append(d.data, p...), from, refused
	if a.tail == nil {
		a.head = d
	} else {
		a.tail.next = d
	}
	a.tail = d
	a.count++
	a.bytes += cap(d.data)
	a.signal()
	return nil
}

func (a *association) Close() error {
	a.mu.Lock()
	first := !a.done
	a.done = true
	list := a.head
	a.head, a.tail = nil, nil
	a.mu.Unlock()
	freeAll(list)
	if !first {
		return nil
	}
	close(a.closed)
	return a.PacketRequestSender.Close()
}

// inbox is an association as its proxy sees it.
type inbox association

func (i *inbox) WriteFrom(p []byte, source net.Addr) (int, error) {
	from, err := addrPort(source)
	if err != nil {
		return 0, err
	}
	return i.WriteFromAddrPort(p, from)
}

func (i *inbox) WriteFromAddrPort(p []byte, source netip.AddrPort) (int, error) {
	if err := (*association)(i).put(p, unmap(source), false); err != nil {
		return 0, err
	}
	return len(p), nil
}

func (i *inbox) Unreachable(destination netip.AddrPort) {
	_ = (*association)(i).put(nil, destination, true) // nobody is there who could want to know
}

func (i *inbox) Close() error {
	i.mu.Lock()
	defer i.mu.Unlock()
	if !i.over {
		i.over = true
		close(i.ended)
	}
	return nil
}

// PacketProxyFrom returns the push shape of relay, which must not be nil. Each session has a
// goroutine that asks for the answers, with a buffer of 64 KiB.
func PacketProxyFrom(relay PacketRelay) ContextPacketProxy { return proxyOfRelay{relay} }

type proxyOfRelay struct{ relay PacketRelay }

func (p proxyOfRelay) NewSession(receiver PacketResponseReceiver) (PacketRequestSender, error) {
	return p.NewSessionContext(context.Background(), receiver)
}

func (p proxyOfRelay) NewSessionContext(ctx context.Context, to PacketResponseReceiver) (PacketRequestSender, error) {
	if to == nil {
		return nil, &Error{Op: "session", Field: "receiver", Value: "nil", Err: errNil}
	}
	a, err := p.relay.NewAssociation(ctx)
	if err != nil {
		return nil, err
	}
	s := &pulled{PacketAssociation: a}
	s.receiver.use(to)
	s.ctx, s.cancel = context.WithCancel(context.Background())
	go s.pull()
	return s, nil
}

// pulled is a session that is made of an association.
type pulled struct {
	PacketAssociation

	receiver receiver
	ctx      context.Context // of ReadFrom
	cancel   context.CancelFunc
}

func (s *pulled) WriteTo(p []byte, destination netip.AddrPort) (int, error) {
	if s.receiver.takeRefused(unmap(destination)) {
		return 0, writeError(destination, ErrPortUnreachable)
	}
	return s.PacketAssociation.WriteTo(p, destination)
}

func (s *pulled) pull() {
	defer s.receiver.to.Close()
	defer s.Close()
	p := make([]byte, maxPacket)
	for {
		n, from, err := s.ReadFrom(s.ctx, p)
		switch {
		case err == nil:
			if s.receiver.deliver(p[:n], from) != nil {
				return
			}
		case from.IsValid() && errors.Is(err, ErrPortUnreachable):
			s.receiver.refuse(unmap(from))
		default:
			return
		}
	}
}

func (s *pulled) Close() error {
	s.cancel()
	return s.PacketAssociation.Close()
}
