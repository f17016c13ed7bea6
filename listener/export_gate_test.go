package listener

import (
	"io"
	"net"
	"time"
)

// Burst returns the burst of AcceptRate.
func Burst(c *Config) int { return c.burst() }

// Tokens returns how many conns AcceptRate lets in now, below 0 if one waits.
func Tokens(l net.Listener) float64 { return l.(*gate).pace.limiter.Tokens() }

// Sources returns how many sources have open conns.
func Sources(l net.Listener) int { return l.(*gate).sources.Len() }

// ReadHeader and ParseHeader give the tests the two halves of receiving a header.
func ReadHeader(r io.Reader, most int) ([]byte, error) { return readHeader(r, most) }

func ParseHeader(b []byte) (*ProxyHeader, error) { return parseHeader(b) }

// Fair is the time after which a client can lose its place.
func Fair(c *Config) time.Duration { return newWaiting(c.clone()).fair }

// Slots returns how many slots of MaxConns are taken.
func Slots(l net.Listener) int { return len(l.(*gate).slots.c) }

// Waiting returns how many places, sources and clients wait for a handshake.
func Waiting(l net.Listener) int {
	w := l.(*gate).queue.waiting
	w.mu.Lock()
	defer w.mu.Unlock()
	n := len(w.places) + len(w.sources)
	for x := w.oldest; x != nil; x = x.next {
		n++
	}
	return n
}
