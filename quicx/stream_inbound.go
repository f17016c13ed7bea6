package quicx

import (
	"context"
	"sync"
	"time"

	"github.com/quic-go/quic-go"
)

// inbound is one QUIC conn of a StreamListener.
type inbound struct {
	listener *StreamListener
	conn     *quic.Conn
	slots    chan struct{} // taken by open streams, nil if they are not limited

	mu       sync.Mutex
	open     int
	last     time.Time // when the last stream was closed; zero if there was none
	draining bool
	ending   bool
}

func newInbound(l *StreamListener, conn *quic.Conn) *inbound {
	c := &inbound{listener: l, conn: conn}
	if n := l.config.MaxStreamsPerConn; n > 0 {
		c.slots = make(chan struct{}, n)
	}
	return c
}

// serve hands out the streams of the conn until it ends. After Close of the
// listener it refuses them.
func (c *inbound) serve() {
	defer c.listener.remove(c)
	for {
		c.reserve()
		// The end of the conn ends this, too.
		stream, err := c.conn.AcceptStream(context.Background())
		if err != nil {
			return
		}
		s := c.wrap(stream)
		select {
		case c.listener.streams <- s:
		case <-c.listener.done:
			s.refuse()
			c.mu.Lock()
			c.forget()
			c.mu.Unlock()
		case <-c.conn.Context().Done():
			return
		}
	}
}

// reserve waits until there may be one more stream.
func (c *inbound) reserve() {
	if c.slots == nil {
		return
	}
	select {
	case c.slots <- struct{}{}:
	case <-c.listener.done: // it will be refused
	case <-c.conn.Context().Done():
	}
}

// wrap counts a stream and makes a conn of it.
func (c *inbound) wrap(stream *quic.Stream) *StreamConn {
	s := NewStreamConn(c.conn, stream)
	s.code = c.listener.config.CloseCode
	s.announced.Store(c.listener.config.Announce)
	s.released = c.release
	c.mu.Lock()
	c.open++
	c.mu.Unlock()
	return s
}

// release is called when an accepted stream is closed.
func (c *inbound) release() {
	select {
	case <-c.slots:
	default: // not limited, or handed out while the listener was closed
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last = time.Now()
	c.forget()
}

// forget counts one stream less. The mutex is held.
func (c *inbound) forget() {
	if c.open--; c.draining {
		c.endIfIdle()
	}
}

// drain lets the conn end with its last stream.
func (c *inbound) drain() {
	c.mu.Lock()
	c.draining = true
	fresh := c.open == 0 && c.last.IsZero()
	if !fresh {
		c.endIfIdle()
	}
	c.mu.Unlock()
	if fresh {
		c.end()
	}
}

// endIfIdle closes the conn when what its last stream has sent has had time to
// arrive. The mutex is held.
func (c *inbound) endIfIdle() {
	if c.open > 0 || c.ending {
		return
	}
	c.ending = true // no stream is accepted any more, so it stays so
	var left time.Duration
	if !c.last.IsZero() {
		left = c.listener.config.Linger - time.Since(c.last)
	}
	time.AfterFunc(max(left, 0), c.end)
}

func (c *inbound) end() {
	_ = c.conn.CloseWithError(0, "") // returns nil
}
