package lonet

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/strata-net/strata/virtnet"
)

// dialer is that of all: keep-alives find nobody dead on one machine.
var dialer = net.Dialer{KeepAlive: -1}

// maxTries is how often a dial that nobody has answered is tried again, with pauses that
// are doubled: a second in all.
const maxTries = 10

// VNetDial connects to the process of dst's host and tells it who is calling. If
// nobody answers there it asks the registry again, for the host may have another
// process by now. If it has the same, and that has hung up, it took the dial for a
// stranger's: very many came at once, and this one had no time to speak.
func (e *engine) VNetDial(ctx context.Context, src, dst *virtnet.Addr, dsthostdata string) (net.Conn, *virtnet.Addr, error) {
	c, addr, err := e.dial(ctx, src, dst, dsthostdata)
	for try := 0; unanswered(err) && try < maxTries; try++ {
		data, failed := e.registry.Query(ctx, dst.Host)
		if failed != nil {
			return nil, nil, failed
		}
		if data == dsthostdata {
			if !leftAlone(err) {
				break
			}
			pause(ctx, time.Millisecond<<try)
		}
		dsthostdata = data
		c, addr, err = e.dial(ctx, src, dst, data)
	}
	if unanswered(err) && refused(err) {
		err = virtnet.ErrConnRefused // its process is about to go
	}
	return c, addr, err
}

// silence is the error of a TCP conn on which nobody has answered.
type silence struct {
	error
	hungUp bool // it was there, and went away
}

// Unwrap returns the error.
func (s silence) Unwrap() error { return s.error }

// unanswered reports whether an error is that.
func unanswered(err error) bool {
	_, ok := errors.AsType[silence](err)
	return ok
}

// leftAlone reports whether an error is that of a conn on which somebody has hung up.
func leftAlone(err error) bool {
	s, ok := errors.AsType[silence](err)
	return ok && s.hungUp
}

// pause waits, unless ctx ends.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// refused reports whether an error says that nobody is there, not that this
// process cannot call.
func refused(err error) bool {
	if leftAlone(err) {
		return true
	}
	for inner := errors.Unwrap(err); inner != nil; inner = errors.Unwrap(inner) {
		err = inner
	}
	known, ok := virtnet.ErrConnRefused.(interface{ Is(target error) bool })
	return ok && known.Is(err) // it knows the numbers of each system
}

// dial connects and shakes hands.
func (e *engine) dial(ctx context.Context, src, dst *virtnet.Addr, data string) (net.Conn, *virtnet.Addr, error) {
	to, err := netip.ParseAddrPort(data)
	if err != nil || !to.Addr().IsLoopback() {
		return nil, nil, &net.AddrError{Err: "not an address of this machine", Addr: data}
	}
	c, err := dialer.DialContext(ctx, "tcp", data)
	if err != nil {
		return nil, nil, ended(ctx, silence{error: err})
	}
	n, addr, err := greet(ctx, c, src, dst)
	if err != nil {
		c.Close()
		return nil, nil, ended(ctx, err)
	}
	return n, addr, nil
}

// greet is the handshake, until ctx ends.
func greet(ctx context.Context, c net.Conn, src, dst *virtnet.Addr) (net.Conn, *virtnet.Addr, error) {
	stop := context.AfterFunc(ctx, func() { _ = c.SetDeadline(time.Unix(1, 0)) })
	n, addr, err := shake(c, src, dst)
	if !stop() && err == nil {
		err = ctx.Err() // the deadline is set, or about to be
	}
	return n, addr, err
}

// shake sends the request and reads the reply.
func shake(c net.Conn, src, dst *virtnet.Addr) (net.Conn, *virtnet.Addr, error) {
	line := request{network: dst.Net, src: src.String(), dst: dst.String()}.line()
	if _, err := c.Write(line); err != nil {
		return nil, nil, silence{fmt.Errorf("handshake: %w", err), true}
	}
	buf := buffers.Get().(*[maxLine]byte)
	defer buffers.Put(buf)
	line, rest, err := readLine(c, buf)
	if errors.Is(err, errLong) {
		return nil, nil, fmt.Errorf("handshake: %w", err)
	}
	if err != nil {
		return nil, nil, silence{fmt.Errorf("handshake: %w", err), true}
	}
	said, err := parseReply(string(line))
	if err != nil {
		return nil, nil, fmt.Errorf("handshake: %w: %.64q", err, line)
	}
	addr, err := said.accepted(dst)
	if err != nil || len(rest) == 0 {
		return c, addr, err
	}
	return newConn(c, rest), addr, nil
}

// ended returns the error of the context where it is the reason. The dialer has a
// timer of its own for the deadline, which can be the first.
func ended(ctx context.Context, err error) error {
	if failed := ctx.Err(); failed != nil {
		return failed
	}
	if end, ok := ctx.Deadline(); ok && !time.Now().Before(end) {
		return context.DeadlineExceeded
	}
	return err
}
