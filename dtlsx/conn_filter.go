package dtlsx

import "encoding/binary"

// What the record layer has (RFC 6347, section 4.1; RFC 9146, section 4).
const (
	recordHeader           = 13
	typeChangeCipherSpec   = 20
	typeAlert              = 21
	typeHandshake          = 22
	typeConnectionID       = 25 // tls12_cid
	serverKeyExchange      = 12
	namedCurve             = 3
	fatal                  = 2
	offsetEpoch, offsetLen = 3, 11
)

// A piece of a datagram is a record.
type piece struct {
	kind  byte
	epoch uint16
	body  []byte
	size  int // with the header
}

// nextPiece reads the first record of b. The connection ID that this side gave
// out has so many bytes.
func nextPiece(b []byte, cid int) (r piece, ok bool) {
	if len(b) < recordHeader {
		return piece{}, false
	}
	r = piece{kind: b[0], epoch: binary.BigEndian.Uint16(b[offsetEpoch:])}
	header := recordHeader
	if r.kind == typeConnectionID {
		header += cid
	}
	if len(b) < header {
		return piece{}, false
	}
	r.size = header + int(binary.BigEndian.Uint16(b[header-2:]))
	if r.size > len(b) {
		return piece{}, false
	}
	r.body = b[header:r.size]
	return r, true
}

// welcome reports whether the library may see a record. In the clear it answers
// others with a fatal alert, so that anybody who knows the addresses could end the
// conn with one datagram. They are to be dropped (RFC 6347, section 4.1.2.7). When
// the handshake is over all in the clear are: it would keep up to 2 MB of forged
// fragments for each conn.
func (r *piece) welcome(over bool) bool {
	if r.epoch > 0 {
		return true // it has to be authentic
	}
	if over {
		return false
	}
	switch r.kind {
	case typeHandshake:
		return true
	case typeAlert:
		return len(r.body) == 2
	case typeChangeCipherSpec:
		return len(r.body) == 1 && r.body[0] == 1
	}
	return false
}

// sift leaves the records of a datagram that are welcome, in place. It returns
// their size and how many were not; a datagram that is not made of records has
// none.
func sift(b []byte, cid int, over bool) (n int, dropped uint64) {
	if r, ok := nextPiece(b, cid); ok && r.size == len(b) && r.epoch > 0 {
		return len(b), 0 // nearly all are
	}
	for rest := b; len(rest) > 0; {
		r, ok := nextPiece(rest, cid)
		if !ok {
			return 0, 1
		}
		if r.welcome(over) {
			n += copy(b[n:], rest[:r.size])
		} else {
			dropped++
		}
		rest = rest[r.size:]
	}
	if n == 0 {
		dropped = max(dropped, 1)
	}
	return n, dropped
}
