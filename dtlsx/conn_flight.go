package dtlsx

import (
	"net"
	"sync"
	"time"
)

// minRepeat is the least time between two repetitions of a flight: forged records
// ask for it as well as the peer's.
const minRepeat = minInterval

// A flight is the last one of a client that resumes a session: ChangeCipherSpec and
// Finished. The client is done when it has sent it; if it gets lost the server sends
// its own flight again, and the client has to do the same (RFC 6347, section 4.2.4).
// The library does not. The records are the same, with the same numbers: the server
// has not had them, or drops them as replays.
type flight struct {
	mu        sync.Mutex
	datagrams [][]byte
	to        net.Addr
	sent      time.Time
}

// note keeps a datagram of a handshake that may belong to it.
func (f *flight) note(b []byte, to net.Addr) {
	r, ok := nextPiece(b, 0)
	first := ok && r.kind == typeChangeCipherSpec
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case first:
		f.datagrams = nil
	case !ok || r.epoch == 0 || len(f.datagrams) == 0:
		return
	}
	f.datagrams, f.to, f.sent = append(f.datagrams, append([]byte(nil), b...)), to, time.Now()
}

// forget ends it: the server has had it.
func (f *flight) forget() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.datagrams = nil
}

// repeat sends it again if a datagram of the peer has records of a handshake.
func (f *flight) repeat(b []byte, cid int, link net.PacketConn) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.datagrams) == 0 || time.Since(f.sent) < minRepeat || !hasHandshake(b, cid) {
		return
	}
	f.sent = time.Now()
	for _, d := range f.datagrams {
		link.WriteTo(d, f.to) //nolint:errcheck // the peer asks again
	}
}

// hasHandshake reports whether a datagram has records of a handshake.
func hasHandshake(b []byte, cid int) bool {
	for r, ok := nextPiece(b, cid); ok; r, ok = nextPiece(b, cid) {
		if r.kind == typeHandshake {
			return true
		}
		b = b[r.size:]
	}
	return false
}
