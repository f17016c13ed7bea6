package dnswire

import "encoding/binary"

// Rcodes (RFC 1035, section 4.1.1; RFC 6891, section 9).
const (
	Success       = 0
	FormatError   = 1
	ServerFailure = 2
	badVersion    = 16
)

// flags of the third and fourth byte.
const (
	response           = 0x80
	truncated          = 0x02
	kept               = 0x79 // opcode and RD
	recursionAvailable = 0x80
	checkingDisabled   = 0x10
	dnssecOK           = 0x80
)

// advertised is the size of datagrams that answers with EDNS say they can take.
const advertised = 1232

// Append appends to dst an answer without records that is no longer than Size: the
// questions as they were asked, as many as fit, and EDNS if the query has it. The code of a
// query that is malformed, or has an EDNS version that is not known, says so instead.
func (q *Query) Append(dst []byte, code int, truncate bool) []byte {
	size := q.size
	if q.edns {
		size -= optLen
	}
	questions, end := 0, HeaderLen
	for _, e := range q.ends {
		if e > size {
			break
		}
		questions, end = questions+1, e
	}
	switch {
	case q.malformed:
		code = FormatError
	case q.version != 0:
		code = badVersion
	}
	start := len(dst)
	dst = append(dst, q.message[:end]...)
	h := dst[start:]
	h[2] = h[2]&kept | response
	if truncate {
		h[2] |= truncated
	}
	h[3] = h[3]&checkingDisabled | recursionAvailable | byte(code&15)
	clear(h[4:HeaderLen])
	binary.BigEndian.PutUint16(h[4:], uint16(questions))
	if q.edns {
		dst = q.appendOPT(dst, start, code)
	}
	return dst
}

// appendOPT appends the OPT record of an answer that begins at start.
func (q *Query) appendOPT(dst []byte, start, code int) []byte {
	var o [optLen]byte
	binary.BigEndian.PutUint16(o[1:], typeOPT)
	binary.BigEndian.PutUint16(o[3:], advertised)
	o[5] = byte(code >> 4) //nolint:gosec // at most 1
	if q.do {
		o[7] = dnssecOK
	}
	dst[start+11] = 1
	return append(dst, o[:]...)
}

// Answers reports whether p is a response to the query, and makes its ID the query's.
func (q *Query) Answers(p []byte) bool {
	if len(p) < HeaderLen || p[2]&response == 0 {
		return false
	}
	copy(p, q.message[:2])
	return true
}
