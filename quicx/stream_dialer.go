package quicx

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"

	"github.com/quic-go/quic-go"
)

// StreamDialer dials streams as conns: one QUIC conn to an address is shared by
// all streams to it, and dialled again when it is dead. It fits wherever a
// net.Dialer does. It is safe for concurrent use.
//
// A stream costs no round trip, and the peer does not see it before the first
// Write: see StreamConfig.Announce.
type StreamDialer struct {
	dialer Dialer
	config StreamConfig

	mu     sync.Mutex
	closed bool
	usable map[target][]*link
	all    map[*link]struct{}
	work   sync.WaitGroup // handshakes, and the ends of idle conns
}

// target is what dials have in common that share a QUIC conn.
type target struct{ network, address string }

// NewStreamDialer returns a StreamDialer that gets its QUIC conns from d, which
// it does not close. nil is the zero StreamConfig.
func NewStreamDialer(d Dialer, cfg *StreamConfig) (*StreamDialer, error) {
	var p problems
	if d == nil {
		p.add("Dialer", "nil", errors.New("is needed"))
	}
	config := cfg.settled(&p)
	if err := p.err(); err != nil {
		return nil, err
	}
	return &StreamDialer{
		dialer: d, config: config, usable: map[target][]*link{}, all: map[*link]struct{}{},
	}, nil
}

// Dial is DialContext without a context.
func (d *StreamDialer) Dial(network, address string) (net.Conn, error) {
	return d.DialContext(context.Background(), network, address)
}

// DialContext opens a stream to address, on the QUIC conn that there is or on a
// new one; several dials share one handshake, which ends early only when all of
// them have. The network is udp, udp4 or udp6; tcp, tcp4 and tcp6 mean the same,
// for callers that know streams by no other name. When the peer allows no
// further stream, the dial waits for one. The conn is a [*StreamConn].
func (d *StreamDialer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	if ctx == nil {
		return nil, &Error{Op: "dial", Network: network, Address: address, Err: errNilContext}
	}
	if d.config.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, d.config.Timeout)
		defer cancel()
	}
	c, err := d.open(ctx, target{datagrams(network), address})
	if err != nil {
		return nil, &Error{Op: "dial", Network: network, Address: address, Err: err}
	}
	return c, nil
}

// datagrams returns the network below a stream.
func datagrams(network string) string {
	switch network {
	case "tcp":
		return "udp"
	case "tcp4":
		return "udp4"
	case "tcp6":
		return "udp6"
	}
	return network
}

// staleTries bounds how many dead conns a dial finds before it gives up.
const staleTries = 4

// open returns a stream. A conn that turns out to be dead was idle: it is no
// failure of the dial unless it was made for it. Those who have waited for one
// handshake may find that others have taken all streams: then there may be
// another conn.
func (d *StreamDialer) open(ctx context.Context, t target) (*StreamConn, error) {
	for tries := 1; ; {
		l, stream, stale, err := d.take(ctx, t)
		if err != nil {
			return nil, err
		}
		switch {
		case stream != nil:
		case stale:
			stream, err = l.conn.OpenStreamSync(ctx)
		default:
			stream, err = l.first(ctx)
		}
		if err == nil {
			return d.wrap(l, stream)
		}
		again := stale && ctx.Err() == nil && tries < staleTries
		if again {
			tries++
			d.retire(l)
		}
		d.release(l)
		if !again && !isFull(err) {
			return nil, err
		}
	}
}

// wrap makes a conn of a stream.
func (d *StreamDialer) wrap(l *link, stream *quic.Stream) (*StreamConn, error) {
	c := NewStreamConn(l.conn, stream)
	c.code = d.config.CloseCode
	c.released = func() { d.release(l) }
	c.refused = func() { d.retire(l) }
	if d.config.Announce {
		if err := c.announce(); err != nil {
			return nil, errors.Join(err, c.Close())
		}
	}
	return c, nil
}

// Close closes all QUIC conns at once, with application error code 0, and with
// them their streams; what is still on its way is lost. Dials in progress fail
// with [net.ErrClosed]. It waits for everything that the StreamDialer has
// started. A second Close does nothing.
func (d *StreamDialer) Close() error {
	d.mu.Lock()
	d.closed = true
	links := make([]*link, 0, len(d.all))
	for l := range d.all {
		links = append(links, l)
	}
	clear(d.usable)
	d.mu.Unlock()
	var errs []error
	for _, l := range links {
		l.cancel()
		<-l.ready
		if l.conn != nil {
			errs = append(errs, l.conn.CloseWithError(0, ""))
		}
	}
	d.work.Wait()
	return errors.Join(errs...)
}

// after runs f later, unless the StreamDialer is closed by then.
func (d *StreamDialer) after(delay time.Duration, f func()) *time.Timer {
	return time.AfterFunc(delay, func() {
		d.mu.Lock()
		if d.closed {
			d.mu.Unlock()
			return
		}
		d.work.Add(1)
		d.mu.Unlock()
		defer d.work.Done()
		f()
	})
}
