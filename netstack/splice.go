package netstack

import (
	"io"
	"sync"
	"sync/atomic"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"
	"gvisor.dev/gvisor/pkg/waiter"

	"github.com/strata-net/strata/tunx"
)

// Splice copies between a conn of a stack and another one, both ways, until both directions
// have ended. What one peer sees, the other one sees: the end of a direction, and a reset.
//
// While nothing moves, it has one goroutine, and no buffer when the other conn is a TCP or
// unix conn of package net on Linux (else one of 4 KiB). Its methods may be called at the
// same time.
type Splice struct {
	c    *TCPConn
	ep   tcpip.Endpoint
	peer tunx.StreamConn
	raw  *rawPeer // nil when the peer can only be waited for with a buffer
	done func(error)

	entry    waiter.Entry
	uploader atomic.Uint32 // one of the states below
	writable chan struct{} // the conn's send buffer has room again

	sent, received atomic.Uint64
	last           atomic.Int64 // when something moved, since epoch
	ends           atomic.Int32 // directions that have ended
	ending         atomic.Bool  // the peer's end is passed on to the conn
	aborted        atomic.Bool
	once           sync.Once
	cause          error // of the abort
	broke          sync.Once
}

// The states of the goroutine that copies from the conn to the peer.
const (
	uploadIdle  uint32 = iota // there is none
	uploadRuns                // it looks for data
	uploadAgain               // it has to look again
	uploadEnded               // there will be none
)

// epoch is the begin of the time that splices count.
var epoch = time.Now()

// NewSplice begins to copy between c and peer, which then belong to the splice. done, which
// may be nil, is called when it is over, in a goroutine of the splice: with nil after both
// directions have ended, or with the cause of the reset.
func NewSplice(c *TCPConn, peer tunx.StreamConn, done func(error)) *Splice {
	s := &Splice{c: c, ep: c.e.ep, peer: peer, raw: newRawPeer(peer), done: done, writable: make(chan struct{}, 1)}
	s.touch()
	s.entry.Init(s, waiter.ReadableEvents|waiter.WritableEvents|waiter.EventErr|waiter.EventHUp)
	c.e.wq.EventRegister(&s.entry)
	go s.download()
	s.wake() // for what came before the registration
	return s
}

// Sent returns the number of bytes that the peer has got from the conn.
func (s *Splice) Sent() uint64 { return s.sent.Load() }

// Received returns the number of bytes that the conn has got from the peer.
func (s *Splice) Received() uint64 { return s.received.Load() }

// HalfClosed says that one direction has ended.
func (s *Splice) HalfClosed() bool { return s.ends.Load() > 0 }

// Idle returns for how long nothing has moved.
func (s *Splice) Idle() time.Duration { return time.Since(epoch) - time.Duration(s.last.Load()) }

func (s *Splice) touch() { s.last.Store(int64(time.Since(epoch))) }

// Abort resets both conns. The cause is given to done. It does nothing when the splice is
// over.
func (s *Splice) Abort(cause error) {
	s.once.Do(func() {
		s.cause = cause
		s.aborted.Store(true)
		s.reset()
	})
}

func (s *Splice) reset() {
	resetConn(s.peer)
	resetConn(s.c)
	s.wake()
	s.signal()
}

// resetConn closes a conn so that its peer reads a reset, where it can do that.
func resetConn(c io.Closer) {
	if l, ok := c.(interface{ SetLinger(sec int) error }); ok {
		_ = l.SetLinger(0)
	}
	_ = c.Close()
}

// NotifyEvent is called by the engine, with locks held.
func (s *Splice) NotifyEvent(mask waiter.EventMask) {
	if mask&(waiter.EventErr|waiter.EventHUp) != 0 && s.broken() {
		if s.uploader.Load() == uploadEnded {
			go s.Abort(ErrConnectionReset) // nobody else looks
		}
		s.broke.Do(func() { time.AfterFunc(afterReset, s.mourn) })
	}
	if mask&(waiter.ReadableEvents|waiter.EventErr|waiter.EventHUp) != 0 {
		s.wake()
	}
	if mask&(waiter.WritableEvents|waiter.EventErr|waiter.EventHUp) != 0 {
		s.signal()
	}
}

// afterReset is for how long the peer may leave what the conn got before its reset.
const afterReset = time.Second

// mourn ends a splice whose conn has failed. What it got before goes to the peer, as long
// as the peer takes it: an uploader that waits for the peer does not see the failure.
func (s *Splice) mourn() {
	switch idle := s.Idle(); {
	case s.ends.Load() == 2:
	case idle >= afterReset:
		s.Abort(ErrConnectionReset)
	default:
		time.AfterFunc(afterReset-idle, s.mourn)
	}
}

// broken says that the conn has failed. The engine says so before it notifies. A conn that
// is reset after its peer's end is closed, as one is that has ended in order.
func (s *Splice) broken() bool {
	switch tcp.EndpointState(s.ep.State()) { //nolint:gosec // the engine's own number
	case tcp.StateError:
		return true
	case tcp.StateClose:
		return !s.ending.Load()
	default:
		return false
	}
}

func (s *Splice) signal() {
	select {
	case s.writable <- struct{}{}:
	default:
	}
}

// wake makes the uploader look for data.
func (s *Splice) wake() {
	for {
		switch s.uploader.Load() {
		case uploadIdle:
			if s.uploader.CompareAndSwap(uploadIdle, uploadRuns) {
				go s.upload()
				return
			}
		case uploadRuns:
			if s.uploader.CompareAndSwap(uploadRuns, uploadAgain) {
				return
			}
		default:
			return
		}
	}
}

// rest says that the uploader may end, since there is nothing to do.
func (s *Splice) rest() bool {
	if s.uploader.CompareAndSwap(uploadRuns, uploadIdle) {
		return true
	}
	s.uploader.Store(uploadRuns)
	return false
}

// end notes the end of a direction, and closes the conns after the second one.
func (s *Splice) end() {
	if s.ends.Add(1) < 2 {
		return
	}
	s.c.e.wq.EventUnregister(&s.entry)
	s.once.Do(func() {
		_ = s.peer.Close()
		_ = s.c.Close()
	})
	if s.done != nil {
		s.done(s.cause)
	}
}

// buffers are those of peers that want one.
var (
	largeBuffers = bufferPool(64 << 10)
	smallBuffers = bufferPool(4 << 10)
)

func bufferPool(size int) *sync.Pool {
	return &sync.Pool{New: func() any {
		b := make([]byte, size)
		return &b
	}}
}
