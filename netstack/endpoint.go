package netstack

import (
	"sync"
	"sync/atomic"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/waiter"
)

// Endpoint is a transport endpoint of a stack: a TCP, UDP or ICMP (echo) socket. No method
// waits for a peer: what cannot be done now is [ErrWouldBlock] or [ErrConnectStarted], and
// Notify tells when to try again. A call that sends waits for a device that is slow.
//
// Every error is an *[Error] around one of this package's sentinels; the two above come
// bare. The methods may be called at the same time.
type Endpoint interface { //nolint:interfacebloat // what an endpoint can do
	// Read takes a datagram, or what has arrived of a stream, and stores the sender in
	// from unless that is nil. It returns bytes or an error, never both. What a datagram
	// has beyond p is lost; RecvMsg tells. An empty datagram is 0 bytes and no error. The
	// end of a stream is [ErrClosedForReceive].
	Read(p []byte, from *FullAddress) (int, error)
	// Write sends p to the peer, or as a datagram to to. It takes a part of p, without an
	// error, when a TCP endpoint has no room for all.
	Write(p []byte, to *FullAddress) (int, error)
	// RecvMsg is Read, with all that is known of a datagram. nil is Read without sender.
	RecvMsg(p []byte, m *Message) (int, error)
	// SendMsg is Write, with what Message says. nil is Write to the peer.
	SendMsg(p []byte, m *Message) (int, error)
	// Peek is Read of what stays there.
	Peek(p []byte) (int, error)

	// Connect names the peer. On TCP it begins a handshake, returns ErrConnectStarted, and
	// once the endpoint is writable ErrorOption gives the outcome. The unspecified address
	// is this stack itself. The zero FullAddress takes a UDP endpoint's peer away.
	Connect(address FullAddress) error
	// ConnectEndpoint is Connect to the address that server, of this or another stack, is
	// bound to. It goes through the route table as Connect does: where server is bound to
	// no address in particular, the first of its stack's that this stack can reach is taken.
	ConnectEndpoint(server Endpoint) error
	// Bind gives the endpoint its local address; port 0 is a free one, the zero Address any.
	// commit, which may be nil, is called once the address is taken; if it fails, the
	// endpoint is not bound, its address is free again and Bind returns that error. In
	// between nobody can use the endpoint, but commit may ask for its address.
	Bind(address FullAddress, commit func() error) error
	// Listen makes a TCP endpoint accept conns. backlog is how many can wait for Accept,
	// besides one: 0 to 65535, and 0 is 1. Called again it changes the backlog.
	Listen(backlog int) error
	// Accept returns a conn that is established.
	Accept() (Endpoint, error)
	// Shutdown ends one direction or both. On a bound UDP endpoint without a peer it does
	// so, too, and returns ErrNotConnected, as the kernel.
	Shutdown(flags ShutdownFlags) error
	// Close ends the endpoint. What TCP has queued is still sent. It may be called twice.
	Close() error
	// Abort ends the endpoint at once: a TCP peer gets a reset.
	Abort() error

	// GetLocalAddress returns the address that the endpoint is bound to, the zero
	// FullAddress while it is not.
	GetLocalAddress() (FullAddress, error)
	// GetRemoteAddress returns the peer, also when a conn has ended.
	GetRemoteAddress() (FullAddress, error)
	// Readiness returns those events of mask that there are now, EventErr and EventHUp
	// whether they are in mask or not.
	Readiness(mask EventMask) EventMask
	// Notify calls f with events of mask: once with those that there are now, then as they
	// occur, until stop is called. Calls come one at a time from a goroutine that holds no
	// lock: f may call any method. They are hints: there can be one too many, and what
	// comes while f runs is in the next one. What f leaves unread is not announced again, so
	// it reads, accepts or writes until [ErrWouldBlock].
	Notify(mask EventMask, f func(EventMask)) (stop func())

	// SetSockOpt sets an option: a value of one of the Option types.
	SetSockOpt(opt SettableOption) error
	// GetSockOpt stores an option where opt points to.
	GetSockOpt(opt GettableOption) error
}

// endpoint is the Endpoint of this package, around one of the engine.
type endpoint struct {
	s         *Stack
	wq        *waiter.Queue
	transport TransportProtocolNumber
	network   NetworkProtocolNumber

	mu sync.RWMutex // guards ep and binding; never held where a device could be slow
	// ep changes only when Bind undoes itself, so whoever has a bound endpoint of its own
	// may read it without mu.
	ep      tcpip.Endpoint
	binding bool         // Bind's commit runs
	sending sync.RWMutex // held alone while something is sent with another TOS
	cork    cork
	closed  atomic.Bool
	once    sync.Once
}

var _ Endpoint = (*endpoint)(nil)

// NewEndpoint returns an endpoint of TCP or UDP over IPv4 or IPv6, ICMPv4 over IPv4 or
// ICMPv6 over IPv6. One over IPv6 has both families, unless V6OnlyOption is set. An ICMP
// endpoint sends echo requests, whose identifier is its port, and gets the answers.
func (s *Stack) NewEndpoint(t TransportProtocolNumber, n NetworkProtocolNumber) (Endpoint, error) {
	e, err := s.newEndpoint(t, n)
	if err != nil {
		return nil, err
	}
	return e, nil
}

// newEndpoint returns an endpoint that Close of the stack aborts.
func (s *Stack) newEndpoint(t TransportProtocolNumber, n NetworkProtocolNumber) (*endpoint, error) {
	wq := new(waiter.Queue)
	ep, err := s.newEngineEndpoint(t, n, wq)
	if err != nil {
		return nil, err
	}
	e := s.adopt(ep, wq, t, n)
	if e.closed.Load() {
		return nil, &Error{Op: "new endpoint", Err: ErrStackClosed}
	}
	return e, nil
}

func (s *Stack) newEngineEndpoint(t TransportProtocolNumber, n NetworkProtocolNumber, wq *waiter.Queue) (tcpip.Endpoint, error) {
	if n != IPv4 && n != IPv6 { // the engine panics
		return nil, &Error{Op: "new endpoint", Field: "network", Value: hex(uint32(n)), Err: ErrUnknownProtocol}
	}
	ep, err := s.engine.NewEndpoint(tcpip.TransportProtocolNumber(t), tcpip.NetworkProtocolNumber(n), wq)
	if err != nil {
		return nil, &Error{Op: "new endpoint", Field: "transport", Value: hex(uint32(t)), Err: wrap(err)}
	}
	if t != TCP {
		wantControl(ep.SocketOptions())
	}
	return ep, nil
}

// adopt makes an endpoint of what the engine made: by Accept or by a forwarder. An endpoint
// that comes when the stack is closed is aborted.
func (s *Stack) adopt(ep tcpip.Endpoint, wq *waiter.Queue, t TransportProtocolNumber, n NetworkProtocolNumber) *endpoint {
	e := &endpoint{s: s, ep: ep, wq: wq, transport: t, network: n}
	if !s.endpoints.add(e) {
		e.abort()
	}
	return e
}

// Close implements Endpoint.
func (e *endpoint) Close() error { e.close(); return nil }

// Abort implements Endpoint.
func (e *endpoint) Abort() error { e.abort(); return nil }

// close ends the endpoint in order: what is queued is still sent.
func (e *endpoint) close() {
	e.uncork()
	e.end(tcpip.Endpoint.Close)
}

// abort ends the endpoint at once: a TCP peer gets a reset.
func (e *endpoint) abort() { e.end(tcpip.Endpoint.Abort) }

func (e *endpoint) end(how func(tcpip.Endpoint)) {
	e.once.Do(func() {
		e.s.endpoints.remove(e)
		e.closed.Store(true)
		how(e.engine())
	})
}

// engine returns the engine's endpoint.
func (e *endpoint) engine() tcpip.Endpoint {
	e.mu.RLock()
	defer e.mu.RUnlock()
	return e.ep
}

// use returns the engine's endpoint for what needs it open, and not in the middle of Bind.
func (e *endpoint) use(op string) (tcpip.Endpoint, error) {
	e.mu.RLock()
	defer e.mu.RUnlock()
	if e.closed.Load() {
		return nil, &Error{Op: op, Err: errClosedEndpoint}
	}
	if e.binding {
		return nil, &Error{Op: op, Err: ErrInvalidEndpointState}
	}
	return e.ep, nil
}
