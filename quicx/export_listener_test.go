package quicx

import "github.com/quic-go/quic-go"

// Crash does to a listener's conns what the end of its process would: nobody
// tells the clients. The port is free when it returns, also if the end of the last
// conn has closed the socket meanwhile.
func Crash(l *Listener) {
	l.gate.advance(closed)
	l.finish()
}

// Mark returns the first byte of the connection IDs of a socket.
func Mark(index, sockets int, random byte) byte {
	return connectionIDs{index: index, sockets: sockets}.mark(random)
}

// NewConnectionID makes one.
func NewConnectionID(index, sockets int) quic.ConnectionID {
	id, err := connectionIDs{index: index, sockets: sockets}.GenerateConnectionID()
	if err != nil {
		panic(err)
	}
	return id
}

// Leftovers counts what a listener still has counted: conns, those that pend, those that may be spoofed, those that were
// accepted, and sources with conns or places.
func Leftovers(l *Listener) []int {
	g := l.gate
	g.mu.Lock()
	defer g.mu.Unlock()
	return []int{len(g.tickets), g.pending, g.unvalidated, g.held, g.queue.Len(), g.counts.Len(), g.places.Len()}
}
