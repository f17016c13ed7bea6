package udpsession

import (
	"net/netip"

	"github.com/strata-net/strata/listener/udpbatch"
)

// Waiting tells the tests how many calls of Read wait.
func Waiting(c *Conn) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.reading.waiting
}

// Sources tells how many prefixes are counted.
func Sources(l *Listener) int { return l.sources.Len() }

// Writes tells whether a session has its turn to write.
func Writes(l *Listener) bool {
	l.sender.mu.Lock()
	defer l.sender.mu.Unlock()
	return l.sender.owner != nil
}

// Deliver gives datagrams to the sessions in one batch, as the reader does.
func Deliver(l *Listener, messages ...udpbatch.Message) { l.deliver(messages) }

// Now is the time of the listener, Used that of the last traffic of a session.
func Now(l *Listener) int64 { return l.clock.now() }

func Used(c *Conn) int64 { return c.used.Load() }

// Deliverer returns a function that gives a datagram to the next of so many
// sessions, as the reader does, and reads it in the session.
func Deliverer(l *Listener, sessions int) func() {
	messages := make([]udpbatch.Message, maxBatch)
	data, buf := make([]byte, 200), make([]byte, 200)
	address := func(n int) netip.AddrPort {
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, byte(n >> 16), byte(n >> 8), byte(n)}), 9)
	}
	n, next := 0, len(messages)
	fill := func() {
		for i := range messages {
			messages[i] = udpbatch.Message{Data: data, Addr: address(n % sessions)}
			n++
		}
		l.deliver(messages)
		next = 0
	}
	read := func() {
		if next == len(messages) {
			fill()
		}
		l.mu.Lock()
		c := l.sessions[key{peer: messages[next].Addr}]
		l.mu.Unlock()
		next++
		c.Read(buf)
	}
	return func() {
		for n < sessions {
			fill()
			for range messages {
				read()
			}
		}
		read()
	}
}
