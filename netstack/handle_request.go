package netstack

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"
	"gvisor.dev/gvisor/pkg/waiter"
)

// The ends of a request that its handler did not decide on.
var (
	errRequestEnded = errors.New("the request has been decided")
	errClientGone   = errors.New("the client gave up")
)

// patience is what a client's next SYN may be late by. Clients wait 1 to 3 s before the
// second one and then up to twice as long each time (RFC 6298).
var patience atomic.Int64

func init() { patience.Store(int64(5 * time.Second)) } //nolint:gochecknoinits // an atomic has no literal

// TCPRequest is a SYN that has no answer yet. The first call of Accept, Reject, Drop or
// Unreachable decides; later ones do nothing. One that its handler leaves undecided is
// dropped. Its methods may be called at the same time.
type TCPRequest struct {
	NIC      NICID
	Src, Dst netip.AddrPort

	t      *tcpHandler
	id     stack.TransportEndpointID
	isn    uint32
	quote  []byte // the begin of the packet
	ctx    context.Context
	cancel context.CancelCauseFunc
	first  time.Time // of its SYNs
	silent *time.Timer

	mu      sync.Mutex
	fr      *tcp.ForwarderRequest
	decided bool
}

func newTCPRequest(t *tcpHandler, id stack.TransportEndpointID, isn uint32, pkt *stack.PacketBuffer) *TCPRequest {
	r := &TCPRequest{
		NIC: NICID(pkt.NICID), Src: netAddrPort(id.RemoteAddress, id.RemotePort), Dst: netAddrPort(id.LocalAddress, id.LocalPort),
		t: t, id: id, isn: isn, first: time.Now(),
		quote: slices.Concat(pkt.NetworkHeader().Slice(), pkt.TransportHeader().Slice()),
	}
	r.ctx, r.cancel = context.WithCancelCause(context.Background())
	r.silent = time.AfterFunc(time.Duration(patience.Load()), func() { r.cancel(errClientGone) })
	return r
}

// Context ends when the client gives up: by a reset, by a new SYN for the same ports, or
// because its SYNs stop; when the handler is replaced or the stack closed; and with the
// decision.
func (r *TCPRequest) Context() context.Context { return r.ctx }

// Accept completes the handshake and returns the conn. It waits for the client.
func (r *TCPRequest) Accept() (*TCPConn, error) {
	fr := r.decide()
	if fr == nil {
		return nil, failRequest(r.Dst, context.Cause(r.ctx))
	}
	if cause := context.Cause(r.ctx); cause != nil {
		r.complete(fr, false)
		return nil, failRequest(r.Dst, cause)
	}
	var wq waiter.Queue
	stop := r.watch()
	deep()
	ep, err := fr.CreateEndpoint(&wq)
	stop()
	r.complete(fr, false)
	if err != nil {
		cause := context.Cause(r.ctx)
		r.cancel(errRequestEnded)
		if cause == nil {
			cause = wrap(err)
		}
		return nil, failRequest(r.Dst, cause)
	}
	r.cancel(errRequestEnded)
	return newTCPConn(r.t.s.adopt(ep, &wq, TCP, networkOf(r.Dst.Addr()))), nil
}

// Reject answers with a reset: the client's connect is refused.
func (r *TCPRequest) Reject() { r.refuse(true) }

// Drop answers nothing: the client sends its SYN again, which is a new request.
func (r *TCPRequest) Drop() { r.refuse(false) }

// Unreachable answers with an ICMP message: the client's connect fails with the reason.
func (r *TCPRequest) Unreachable(reason Unreachable) error {
	if !r.refuse(false) {
		return nil
	}
	return r.t.s.sendUnreachable(reason, r.NIC, r.Src.Addr(), r.Dst.Addr(), r.quote)
}

func (r *TCPRequest) refuse(reset bool) bool {
	fr := r.decide()
	if fr == nil {
		return false
	}
	r.complete(fr, reset)
	r.cancel(errRequestEnded)
	return true
}

// complete gives the engine its request back. The order matters: what the engine has in
// flight is always among the pending.
func (r *TCPRequest) complete(fr *tcp.ForwarderRequest, reset bool) {
	fr.Complete(reset)
	r.t.remove(r)
}

// decide returns the engine's request to whoever comes first.
func (r *TCPRequest) decide() *tcp.ForwarderRequest {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.decided {
		return nil
	}
	r.decided = true
	r.silent.Stop()
	return r.fr
}

// start joins the request with the engine's.
func (r *TCPRequest) start(fr *tcp.ForwarderRequest) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.fr != nil {
		return false
	}
	r.fr = fr
	return true
}

// replace drops the request for a newer one with the same ports, if nobody has decided.
func (r *TCPRequest) replace() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.decided || r.fr == nil {
		return false
	}
	r.decided = true
	r.fr.Complete(false)
	r.end(errClientGone)
	return true
}

// again notes that the client still waits.
func (r *TCPRequest) again() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.decided {
		r.silent.Reset(2*time.Since(r.first) + time.Duration(patience.Load()))
	}
}

// end ends the context. The handler sees it, and decides.
func (r *TCPRequest) end(cause error) {
	r.silent.Stop()
	r.cancel(cause)
}

// watch aborts the handshake when it takes too long or the context ends.
func (r *TCPRequest) watch() (stop func()) {
	ctx, cancel := context.WithTimeout(r.ctx, r.t.HandshakeTimeout)
	ended := make(chan struct{})
	unhook := context.AfterFunc(ctx, func() { r.abort(ended) })
	return func() {
		close(ended)
		unhook()
		cancel()
	}
}

// abort aborts the endpoint of the handshake, which the engine keeps to itself until it is
// complete. It may not be there yet.
func (r *TCPRequest) abort(ended <-chan struct{}) {
	network := tcpip.NetworkProtocolNumber(networkOf(r.Dst.Addr()))
	for {
		ep := r.t.s.engine.FindTransportEndpoint(network, tcp.ProtocolNumber, r.id, tcpip.NICID(r.NIC))
		if ep != nil {
			ep.Abort()
		}
		select {
		case <-ended:
			return
		case <-time.After(10 * time.Millisecond):
		}
	}
}

func networkOf(a netip.Addr) NetworkProtocolNumber { return NetworkProtocolNumber(protocolOf(a)) }

func failRequest(dst netip.AddrPort, cause error) error {
	return &net.OpError{Op: "accept", Net: "tcp", Addr: net.TCPAddrFromAddrPort(dst), Err: cause}
}
