package dnswire

import (
	"encoding/binary"
	"errors"
)

// Sizes of RFC 1035, sections 2.3.4, 4.1.1 and 4.2.1, and of RFC 6891, section 6.1.2.
const (
	HeaderLen = 12
	PlainSize = 512 // a datagram without EDNS
	optLen    = 11
	maxName   = 255
	typeOPT   = 41
)

var (
	// ErrShort is a message without a whole header.
	ErrShort = errors.New("is shorter than a DNS header")
	// ErrResponse is a message that is no query.
	ErrResponse = errors.New("is a response, not a query")
)

// Query is what an answer without records needs of one. It has parts of the message.
type Query struct {
	message   []byte
	ends      []int // where each question ends
	malformed bool  // the rest of it is not DNS
	edns      bool
	version   byte
	do        bool
	size      int
}

// Parse reads a query. What has a header of a query is one, whatever comes behind.
func Parse(p []byte) (Query, error) {
	switch {
	case len(p) < HeaderLen:
		return Query{}, ErrShort
	case p[2]&0x80 != 0:
		return Query{}, ErrResponse
	}
	q := Query{message: p, size: PlainSize}
	at := HeaderLen
	for range binary.BigEndian.Uint16(p[4:]) {
		at = skipName(p, at)
		if at < 0 || at+4 > len(p) {
			q.malformed = true
			return q, nil
		}
		at += 4
		q.ends = append(q.ends, at)
	}
	q.records(at)
	return q, nil
}

// records looks for EDNS in the records, which begin at a place of the message.
func (q *Query) records(at int) {
	p := q.message
	for section := 6; section < HeaderLen; section += 2 {
		for range binary.BigEndian.Uint16(p[section:]) {
			name := at
			if at = skipName(p, at); at < 0 || at+10 > len(p) {
				q.malformed = true
				return
			}
			header := p[at:]
			at += 10 + int(binary.BigEndian.Uint16(header[8:]))
			if at > len(p) {
				q.malformed = true
				return
			}
			if section == 10 && binary.BigEndian.Uint16(header) == typeOPT {
				if q.edns || p[name] != 0 { // RFC 6891, section 6.1.1
					q.malformed = true
					return
				}
				q.edns, q.version, q.do = true, header[5], header[6]&0x80 != 0
				q.size = max(PlainSize, int(binary.BigEndian.Uint16(header[2:])))
			}
		}
	}
}

// maxJumps is how many pointers of a name other libraries follow.
const maxJumps = 10

// skipName returns the place behind the name at a place, -1 if there is none. Where a
// pointer leads to, the name must end before the pointer: so it comes to an end, and an
// answer with the same questions has all of it.
func skipName(p []byte, at int) int {
	end, length, jumps, bound := -1, 0, 0, len(p)
	for at < bound {
		n := int(p[at])
		switch {
		case n == 0:
			return max(end, at+1)
		case n < 64 && length+n < maxName-1:
			at += 1 + n
			length += 1 + n
		case n >= 192 && at+1 < bound && jumps < maxJumps:
			end = max(end, at+2)
			jumps, bound = jumps+1, at
			at = int(binary.BigEndian.Uint16(p[at:])) & 0x3fff
			if at < HeaderLen {
				return -1
			}
		default:
			return -1
		}
	}
	return -1
}

// Size returns how long a datagram with the answer may be.
func (q *Query) Size() int { return q.size }
