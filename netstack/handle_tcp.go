package netstack

import (
	"context"
	"errors"
	"math"
	"net/netip"
	"strconv"
	"sync"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"
)

// Verdict is what becomes of a SYN.
type Verdict uint8

// The verdicts.
const (
	Admit Verdict = iota
	Reset         // the client's connect is refused
	Drop          // the client tries again
)

// The defaults of a [TCPHandler].
const (
	defaultMaxPending       = 1024
	defaultHandshakeTimeout = 30 * time.Second
)

// TCPHandler takes the SYNs that no endpoint takes.
type TCPHandler struct {
	// Handle decides a request. It runs in a goroutine of its own. Required.
	Handle func(*TCPRequest)
	// Admit is asked before Handle, by the device's reader: it must not wait. pending is
	// the number of the requests that are undecided. nil admits all.
	Admit func(src, dst netip.AddrPort, pending int) Verdict
	// MaxPending bounds the requests that are undecided or in their handshake. 0 is 1024.
	MaxPending int
	// Overflow is what becomes of a SYN above MaxPending: Drop, also when it is zero,
	// or Reset.
	Overflow Verdict
	// OnOverflow is called with such a SYN, by the device's reader: it must not wait. nil
	// means not.
	OnOverflow func(src, dst netip.AddrPort)
	// HandshakeTimeout bounds the handshake that Accept makes. 0 is 30 s.
	HandshakeTimeout time.Duration
}

// HandleTCP hands every SYN that no endpoint takes to h. nil ends that: then they are
// answered with a reset. Requests that are undecided at that time are dropped. The NIC has
// to be [Promiscuous] and [Spoofing] for those that are not for an address of the stack.
func (s *Stack) HandleTCP(h *TCPHandler) error {
	if h == nil {
		if old := s.handlers.tcp.Swap(nil); old != nil {
			old.close()
		}
		return nil
	}
	if err := h.check(); err != nil {
		return err
	}
	t := newTCPHandler(s, *h)
	if old := s.handlers.tcp.Swap(t); old != nil {
		old.close()
	}
	return nil
}

// check returns an error for each bad field.
func (h *TCPHandler) check() error {
	var errs []error
	bad := func(field, value, cause string) {
		errs = append(errs, &Error{Op: "handle tcp", Field: field, Value: value, Err: errors.New(cause)})
	}
	if h.Handle == nil {
		bad("Handle", "nil", "required")
	}
	if h.MaxPending < 0 {
		bad("MaxPending", strconv.Itoa(h.MaxPending), "must not be negative")
	}
	if h.HandshakeTimeout < 0 {
		bad("HandshakeTimeout", h.HandshakeTimeout.String(), "must not be negative")
	}
	if h.Overflow > Drop {
		bad("Overflow", strconv.Itoa(int(h.Overflow)), "none of the verdicts")
	}
	return errors.Join(errs...)
}

// tcpHandler is a TCPHandler at work.
type tcpHandler struct {
	TCPHandler
	s         *Stack
	forwarder *tcp.Forwarder

	mu      sync.Mutex
	pending map[stack.TransportEndpointID]*TCPRequest
	closed  bool
}

func newTCPHandler(s *Stack, h TCPHandler) *tcpHandler {
	if h.MaxPending == 0 {
		h.MaxPending = defaultMaxPending
	}
	if h.HandshakeTimeout == 0 {
		h.HandshakeTimeout = defaultHandshakeTimeout
	}
	if h.Overflow == Admit {
		h.Overflow = Drop
	}
	t := &tcpHandler{TCPHandler: h, s: s, pending: make(map[stack.TransportEndpointID]*TCPRequest)}
	t.forwarder = tcp.NewForwarder(s.engine, 0, math.MaxInt, t.begin)
	return t
}

// packet is asked by the engine for every segment that is no endpoint's. What it does not
// take is answered with a reset.
func (t *tcpHandler) packet(id stack.TransportEndpointID, pkt *stack.PacketBuffer) bool {
	h := header.TCP(pkt.TransportHeader().Slice())
	switch h.Flags() & (header.TCPFlagSyn | header.TCPFlagAck | header.TCPFlagRst) {
	case header.TCPFlagSyn:
		return intact(h, pkt) && t.syn(id, h.SequenceNumber(), pkt)
	case header.TCPFlagRst, header.TCPFlagRst | header.TCPFlagAck:
		if intact(h, pkt) {
			t.rst(id, h.SequenceNumber())
		}
	}
	return false
}

// intact says that a segment has arrived as it was sent: what is damaged may neither begin
// nor end a request. The engine checks after its handlers, and counts it.
func intact(h header.TCP, pkt *stack.PacketBuffer) bool {
	n := pkt.Network()
	_, valid, ok := header.TCPValid(h, pkt.Data().Checksum, uint16(pkt.Data().Size()), //nolint:gosec // packets have at most 65535 bytes
		n.SourceAddress(), n.DestinationAddress(), pkt.RXChecksumValidated)
	return ok && valid
}

func (t *tcpHandler) syn(id stack.TransportEndpointID, isn uint32, pkt *stack.PacketBuffer) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return false
	}
	if r := t.pending[id]; r != nil {
		if r.isn == isn || !r.replace() {
			r.again()
			return true
		}
		delete(t.pending, id)
	}
	switch t.admit(id) {
	case Drop:
		return true
	case Reset:
		return false
	}
	r := newTCPRequest(t, id, isn, pkt)
	t.pending[id] = r
	if !t.forwarder.HandlePacket(id, pkt) {
		delete(t.pending, id)
		r.end(errRequestEnded)
		return false
	}
	return true
}

func (t *tcpHandler) admit(id stack.TransportEndpointID) Verdict {
	src, dst := netAddrPort(id.RemoteAddress, id.RemotePort), netAddrPort(id.LocalAddress, id.LocalPort)
	if len(t.pending) >= t.MaxPending {
		t.s.engine.Stats().TCP.ForwardMaxInFlightDrop.Increment() // the engine's own limit is never reached
		if t.OnOverflow != nil {
			t.OnOverflow(src, dst)
		}
		return t.Overflow
	}
	if t.Admit == nil {
		return Admit
	}
	return t.Admit(src, dst, len(t.pending))
}

// rst ends a request whose client gives up.
func (t *tcpHandler) rst(id stack.TransportEndpointID, seq uint32) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if r := t.pending[id]; r != nil && (seq == r.isn || seq == r.isn+1) {
		r.end(errClientGone)
	}
}

// begin runs a request, in the goroutine that the engine's forwarder made for it.
func (t *tcpHandler) begin(fr *tcp.ForwarderRequest) {
	t.mu.Lock()
	r := t.pending[fr.ID()]
	ok := r != nil && r.start(fr)
	t.mu.Unlock()
	if !ok {
		fr.Complete(false)
		return
	}
	t.Handle(r)
	r.Drop()
}

// remove forgets a request that is decided.
func (t *tcpHandler) remove(r *TCPRequest) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.pending[r.id] == r {
		delete(t.pending, r.id)
	}
}

// close drops what is undecided.
func (t *tcpHandler) close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.closed = true
	for _, r := range t.pending {
		r.end(context.Canceled)
	}
}
