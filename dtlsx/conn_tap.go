package dtlsx

import (
	"crypto/tls"
	"encoding/binary"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// A tap stands between the library and the link, and does what the library does
// not. It drops forged records in the clear, after the handshake all of them. While hands are shaken it reads which
// alert this side sends and which curve the key exchange has, and keeps what the
// peer sends behind its Finished until the library has noticed that the handshake
// is over: in between the library would lose all records but one, and take a
// close_notify for a failure.
type tap struct {
	net.PacketConn

	journal *journal
	cid     atomic.Int32 // the length of this side's connection ID

	psk  bool // a hint of less than 768 bytes may stand before the curve
	done chan struct{}
	once sync.Once

	flight flight

	from  net.Addr    // of the last datagram; belongs to ReadFrom
	moved atomic.Bool // it is another one, and the library may not have noticed

	off      atomic.Bool
	finished bool          // the peer's Finished was read; belongs to ReadFrom
	patience time.Duration // that is left; belongs to ReadFrom
	alert    atomic.Int32  // the fatal alert that was sent, plus one
	curve    atomic.Uint32 // of the key exchange
}

// maxPatience is how long datagrams are kept in all. It is a matter of
// microseconds, unless somebody forges a Finished.
const maxPatience = 100 * time.Millisecond

func newTap(link net.PacketConn, j *journal, psk bool) *tap {
	return &tap{PacketConn: link, journal: j, psk: psk, done: make(chan struct{}), patience: maxPatience}
}

// finish ends the tap: the handshake is over.
func (t *tap) finish() {
	t.once.Do(func() {
		t.off.Store(true)
		close(t.done)
	})
}

// ReadFrom reads the next datagram that has something for the library.
func (t *tap) ReadFrom(b []byte) (int, net.Addr, error) {
	for {
		t.moved.Store(false)
		n, from, err := t.PacketConn.ReadFrom(b)
		if err != nil {
			return n, from, err
		}
		over := t.off.Load()
		if over {
			t.flight.repeat(b[:n], int(t.cid.Load()), t.PacketConn) // asked for by records in the clear too
		}
		n, dropped := sift(b[:n], int(t.cid.Load()), over)
		if dropped > 0 {
			t.journal.discarded.Add(dropped)
		}
		if n == 0 {
			continue
		}
		if !over {
			t.look(b[:n], false)
			t.keep(b[:n])
		}
		if t.cid.Load() > 0 {
			t.moved.Store(t.from != nil && !sameAddr(t.from, from))
			t.from = from
		}
		return n, from, nil
	}
}

func sameAddr(a, b net.Addr) bool {
	x, ok := a.(*net.UDPAddr)
	y, both := b.(*net.UDPAddr)
	if !ok || !both {
		return a == b
	}
	return x == y || x.AddrPort() == y.AddrPort()
}

// maxSettle is how long a Read waits for the library, which hands out a record
// before it notes that the peer has moved: an answer would go to the old place. It
// takes microseconds, unless other goroutines have the processors.
const maxSettle = 50 * time.Millisecond

// settle waits until the library has noted where the last record came from.
func (t *tap) settle() {
	if !t.moved.Load() {
		return
	}
	for start := time.Now(); t.moved.Load() && time.Since(start) < maxSettle; {
		time.Sleep(10 * time.Microsecond)
	}
}

// WriteTo writes a datagram.
func (t *tap) WriteTo(b []byte, to net.Addr) (int, error) {
	if !t.off.Load() {
		t.look(b, true)
		t.flight.note(b, to)
	}
	return t.PacketConn.WriteTo(b, to)
}

// keep waits with a datagram that came behind the peer's Finished.
func (t *tap) keep(b []byte) {
	was := t.finished
	secret := false // there is a record that is not of the handshake
	for r, ok := nextPiece(b, int(t.cid.Load())); ok; r, ok = nextPiece(b, int(t.cid.Load())) {
		b = b[r.size:]
		if r.epoch == 0 {
			continue
		}
		secret = secret || r.kind != typeHandshake
		t.finished = t.finished || r.kind == typeHandshake || r.kind == typeConnectionID
	}
	if !was || !secret || t.patience <= 0 {
		return
	}
	start := time.Now()
	timer := time.NewTimer(t.patience)
	defer timer.Stop()
	select {
	case <-t.done:
	case <-timer.C:
	}
	t.patience -= time.Since(start)
}

// look reads the records of a datagram that are in the clear. The library sends an
// alert in the clear until it is done, also when it has keys already.
func (t *tap) look(b []byte, sent bool) {
	for r, ok := nextPiece(b, 0); ok && r.kind != typeConnectionID; r, ok = nextPiece(b, 0) {
		b = b[r.size:]
		switch {
		case r.kind == typeAlert && sent && len(r.body) == 2 && r.body[0] == fatal:
			t.alert.Store(int32(r.body[1]) + 1)
		case r.kind == typeHandshake && r.epoch == 0 && len(r.body) > messageHeader && r.body[0] == serverKeyExchange:
			if r.body[6]|r.body[7]|r.body[8] == 0 { // the first fragment
				t.keyExchange(r.body[messageHeader:])
			}
		}
	}
}

// keyExchange reads the start of a ServerKeyExchange (RFC 8422, section 5.4;
// RFC 5489, section 2).
func (t *tap) keyExchange(b []byte) {
	if t.psk && len(b) >= 2 && b[0] != namedCurve {
		hint := 2 + int(binary.BigEndian.Uint16(b))
		if hint > len(b) {
			return
		}
		b = b[hint:]
	}
	if len(b) >= 3 && b[0] == namedCurve {
		t.curve.Store(uint32(binary.BigEndian.Uint16(b[1:])))
	}
}

// sent returns the fatal alert that this side sent.
func (t *tap) sent() (code uint8, ok bool) {
	a := t.alert.Load()
	return uint8(a - 1), a > 0 //nolint:gosec // it was a byte
}

func (t *tap) curveID() tls.CurveID {
	return tls.CurveID(t.curve.Load()) //nolint:gosec // it was two bytes
}
