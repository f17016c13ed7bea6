package http3x

import (
	"io"
	"net"
	"os"
	"sync"
	"time"

	"github.com/strata-net/strata/quicx/internal/deadline"
)

// inboundBuffer is what a conn has read ahead, at most.
const inboundBuffer = 4 << 10

// inbound reads the stream in a goroutine of its own, from the first read on,
// because quic-go's http3.Stream cannot go on after a deadline that came between
// the bytes of a frame's header (v0.65): it takes the next bytes for a header,
// and ends the QUIC conn with H3_FRAME_UNEXPECTED.
type inbound struct {
	once     sync.Once
	chunks   chan []byte   // each is read until it is empty
	taken    chan struct{} // the last one is
	closed   chan struct{}
	ended    chan struct{} // closed when the goroutine has
	err      error         // set before
	deadline deadline.Deadline

	reading sync.Mutex
	rest    []byte
}

func (b *inbound) open() {
	b.chunks, b.taken = make(chan []byte), make(chan struct{}, 1)
	b.closed, b.ended = make(chan struct{}), make(chan struct{})
}

func (b *inbound) start(r io.Reader) {
	b.open()
	go func() {
		defer close(b.ended)
		b.err = b.pump(r)
	}()
}

func (b *inbound) pump(r io.Reader) error {
	buf := make([]byte, inboundBuffer)
	for {
		n, err := r.Read(buf)
		if n > 0 {
			select {
			case b.chunks <- buf[:n]:
			case <-b.closed:
				return net.ErrClosed
			}
			select {
			case <-b.taken:
			case <-b.closed:
				return net.ErrClosed
			}
		}
		if err != nil {
			return err
		}
	}
}

func (b *inbound) read(r io.Reader, p []byte) (int, error) {
	b.once.Do(func() { b.start(r) })
	b.reading.Lock()
	defer b.reading.Unlock()
	select {
	case <-b.closed:
		return 0, net.ErrClosed
	case <-b.deadline.Wait():
		return 0, os.ErrDeadlineExceeded
	default:
	}
	if len(p) == 0 {
		return 0, nil
	}
	if len(b.rest) == 0 {
		select {
		case b.rest = <-b.chunks:
		case <-b.ended:
			return 0, b.err
		case <-b.closed:
			return 0, net.ErrClosed
		case <-b.deadline.Wait():
			return 0, os.ErrDeadlineExceeded
		}
	}
	n := copy(p, b.rest)
	if b.rest = b.rest[n:]; len(b.rest) == 0 {
		b.taken <- struct{}{} // there is room: it was taken for the chunk before
	}
	return n, nil
}

func (b *inbound) setDeadline(t time.Time) error {
	b.deadline.Set(t)
	return nil
}

// close ends the goroutine and waits for it. The stream was cancelled before.
func (b *inbound) close() {
	b.once.Do(func() {
		b.open()
		b.err = net.ErrClosed
		close(b.ended)
	})
	close(b.closed)
	<-b.ended
	b.deadline.Set(time.Time{})
}
