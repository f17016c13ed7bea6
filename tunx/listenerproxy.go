package tunx

import (
	"context"
	"errors"
	"time"
)

// PacketListenerProxy is a [PacketProxy] with a socket for each session. Sockets that are a
// *net.UDPConn cost about 4 KiB a session while nothing comes, others 64 KiB: a buffer
// for what they read.
//
// On Linux a session learns from ICMP that nobody listens at a port, and tells an
// [UnreachableReceiver], or fails the next WriteTo with [ErrPortUnreachable]. Elsewhere
// the system does not tell sockets that are not connected: there, use
// [NewPacketProxyFromDialer].
type PacketListenerProxy struct {
	listener  PacketListener
	writeIdle time.Duration
}

// WithPacketListenerWriteIdleTimeout sets for how long a session may be without a WriteTo:
// then it ends as if Close was called. It must be positive; without this option it is
// [DefaultWriteIdle]. [Sessions] have idle times of their own, and the shorter one counts.
func WithPacketListenerWriteIdleTimeout(timeout time.Duration) func(*PacketListenerProxy) error {
	return func(p *PacketListenerProxy) error {
		if timeout <= 0 {
			return &Error{Op: "config", Field: "write idle timeout", Value: timeout.String(), Err: errPositive}
		}
		p.writeIdle = timeout
		return nil
	}
}

// NewPacketProxyFromPacketListener returns a proxy whose sessions have a socket of pl
// each. Errors of several options come joined.
func NewPacketProxyFromPacketListener(pl PacketListener, options ...func(*PacketListenerProxy) error) (*PacketListenerProxy, error) {
	p := &PacketListenerProxy{listener: pl, writeIdle: DefaultWriteIdle}
	var bad []error
	if pl == nil {
		bad = append(bad, &Error{Op: "config", Field: "pl", Value: "nil", Err: errNil})
	}
	for _, option := range options {
		if option == nil {
			bad = append(bad, &Error{Op: "config", Field: "option", Value: "nil", Err: errNil})
		} else if err := option(p); err != nil {
			bad = append(bad, err)
		}
	}
	if err := errors.Join(bad...); err != nil {
		return nil, err
	}
	return p, nil
}

// NewSession opens a socket.
func (p *PacketListenerProxy) NewSession(receiver PacketResponseReceiver) (PacketRequestSender, error) {
	return p.NewSessionContext(context.Background(), receiver)
}

// NewSessionContext is NewSession with a context for the opening of the socket.
func (p *PacketListenerProxy) NewSessionContext(ctx context.Context, receiver PacketResponseReceiver) (PacketRequestSender, error) {
	if receiver == nil {
		return nil, &Error{Op: "session", Field: "receiver", Value: "nil", Err: errNil}
	}
	conn, err := p.listener.ListenPacket(ctx)
	if err != nil {
		return nil, &Error{Op: "listen", Err: err}
	}
	if err := ctx.Err(); err != nil { // which a listener for UDP does not look at
		return nil, &Error{Op: "listen", Err: errors.Join(err, conn.Close())}
	}
	s := &listenerSession{conn: conn, idle: p.writeIdle}
	s.receiver.use(receiver)
	if s.socket, err = newSocket(conn, &s.receiver); err != nil {
		return nil, &Error{Op: "listen", Err: errors.Join(err, conn.Close())}
	}
	s.start()
	return s, nil
}
