package dnstruncate

import (
	"errors"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"

	"github.com/strata-net/strata/tunx"
)

const dnsPort = 53

// NewPacketProxy returns a proxy that answers what is sent to port 53 as [Answer] does.
// Its sessions have no goroutine: WriteTo calls the receiver. WriteTo fails for other
// ports, with [tunx.ErrPortUnreachable], and for what is no query.
func NewPacketProxy() (tunx.PacketProxy, error) { return proxy{}, nil }

type proxy struct{}

func (proxy) NewSession(receiver tunx.PacketResponseReceiver) (tunx.PacketRequestSender, error) {
	if receiver == nil {
		return nil, &tunx.Error{Op: "session", Field: "receiver", Value: "nil", Err: errors.New("must not be nil")}
	}
	return &session{receiver: receiver}, nil
}

type session struct {
	receiver tunx.PacketResponseReceiver
	closed   atomic.Bool
}

var buffers = sync.Pool{New: func() any { return new([]byte) }}

func (s *session) WriteTo(p []byte, destination netip.AddrPort) (int, error) {
	switch {
	case s.closed.Load():
		return 0, tunx.ErrClosed
	case destination.Port() != dnsPort:
		return 0, &tunx.Error{Op: "dns", Field: "destination", Value: destination.String(), Err: tunx.ErrPortUnreachable}
	}
	b := buffers.Get().(*[]byte)
	defer buffers.Put(b)
	answer, err := AppendAnswer((*b)[:0], p)
	*b = answer
	if err != nil {
		return 0, err
	}
	if _, err = s.receiver.WriteFrom(answer, net.UDPAddrFromAddrPort(destination)); err != nil {
		return 0, err
	}
	return len(p), nil
}

// Close closes the receiver too: no more answers come.
func (s *session) Close() error {
	if s.closed.Swap(true) {
		return nil
	}
	return s.receiver.Close()
}
