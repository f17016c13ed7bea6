package dtlsx

import "encoding/binary"

// The record layer of DTLS 1.2: RFC 6347, section 4.1, and RFC 9146, section 4.
const (
	maxDatagram = 8192 // the library reads no more of one

	majorVersion = 0xfe // of every version of DTLS
	version10    = 0xfeff
	maxSequence  = 1<<48 - 1
)

// record is one of those in a datagram.
type record struct {
	kind     byte
	epoch    uint16
	sequence uint64
	raw      []byte // header and body
	body     []byte
}

// cutRecord takes the first record off a datagram. The connection IDs that we
// receive have cid bytes each.
func cutRecord(b []byte, cid int) (r record, rest []byte, ok bool) {
	if len(b) < recordHeader {
		return r, nil, false
	}
	head := recordHeader
	if b[0] == typeConnectionID {
		head += cid
	}
	if b[1] != majorVersion || len(b) < head {
		return r, nil, false
	}
	end := head + int(binary.BigEndian.Uint16(b[head-2:]))
	if len(b) < end {
		return r, nil, false
	}
	number := binary.BigEndian.Uint64(b[3:])
	return record{
		kind: b[0], epoch: uint16(number >> 48), sequence: number & maxSequence,
		raw: b[:end:end], body: b[head:end:end],
	}, b[end:], true
}

// wellFormed reports whether a datagram consists of records, as the library
// expects of what it is given.
func wellFormed(b []byte, cid int) bool {
	ok := len(b) > 0
	for ok && len(b) > 0 {
		_, b, ok = cutRecord(b, cid)
	}
	return ok
}

// encrypted appends the records of a datagram that are not of epoch 0 to dst.
// Those of epoch 0 anybody can forge, and an established conn needs none.
func encrypted(dst, b []byte, cid int) []byte {
	for r, rest, ok := cutRecord(b, cid); ok; r, rest, ok = cutRecord(rest, cid) {
		if r.epoch != 0 {
			dst = append(dst, r.raw...)
		}
	}
	return dst
}

// appendRecord appends a record of epoch 0. Its version is 1.0, as in the first
// flight of a client that does not know yet what comes.
func appendRecord(dst []byte, kind byte, sequence uint64, body ...byte) []byte {
	dst = append(dst, kind)
	dst = binary.BigEndian.AppendUint16(dst, version10)
	dst = binary.BigEndian.AppendUint64(dst, sequence)
	dst = binary.BigEndian.AppendUint16(dst, uint16(len(body))) //nolint:gosec // never longer than a datagram
	return append(dst, body...)
}

// renumber adds to the sequence numbers of the records of epoch 0 in place. These
// are protected by nothing.
func renumber(b []byte, add uint64, cid int) {
	for r, rest, ok := cutRecord(b, cid); ok; r, rest, ok = cutRecord(rest, cid) {
		if r.epoch == 0 {
			binary.BigEndian.PutUint64(r.raw[3:], (r.sequence+add)&maxSequence)
		}
	}
}
