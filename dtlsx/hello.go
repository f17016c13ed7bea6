package dtlsx

import "encoding/binary"

// Handshake messages: RFC 6347, section 4.2.2.
const (
	messageHeader      = 12
	typeClientHello    = 1
	typeVerifyRequest  = 3
	randomLen          = 32
	maxSessionID       = 32
	cookieLen          = 20   // what the library has, and all that RFC 4347 allows (32) have room for
	maxHello           = 7800 // a message that fits into a datagram that the library reads
	sequenceAfterRetry = 1    // message_seq of the ClientHello that has the cookie
)

// fragment is a piece of a ClientHello, or a whole one.
type fragment struct {
	record  uint64 // sequence number of the record
	message uint16 // message_seq
	total   int    // length of the message
	offset  int
	body    []byte
}

// opening is what a ClientHello starts with. A first fragment has all of it.
type opening struct {
	version  uint16
	random   [randomLen]byte
	session  []byte
	cookie   []byte
	cookieAt int // where the length of the cookie is
}

// isHello reports whether a datagram starts with a ClientHello of epoch 0.
func isHello(r *record) bool {
	return r.kind == typeHandshake && r.epoch == 0 && len(r.body) >= messageHeader && r.body[0] == typeClientHello
}

// cutFragment takes the first fragment off a record of epoch 0, if it is of a
// ClientHello.
func cutFragment(r *record, b []byte) (f fragment, rest []byte, ok bool) {
	if len(b) < messageHeader || b[0] != typeClientHello {
		return f, nil, false
	}
	size := uint24(b[9:])
	f = fragment{
		record: r.sequence, message: binary.BigEndian.Uint16(b[4:]),
		total: uint24(b[1:]), offset: uint24(b[6:]),
	}
	end := messageHeader + size
	if len(b) < end || f.total > maxHello || f.offset+size > f.total {
		return f, nil, false
	}
	f.body = b[messageHeader:end:end]
	return f, b[end:], true
}

// whole reports whether the fragment is the message.
func (f *fragment) whole() bool { return f.offset == 0 && len(f.body) == f.total }

// parseOpening reads the start of a ClientHello (RFC 6347, section 4.2.1).
func parseOpening(b []byte) (o opening, ok bool) {
	const sessionAt = 2 + randomLen
	if len(b) <= sessionAt {
		return o, false
	}
	o.version = binary.BigEndian.Uint16(b)
	copy(o.random[:], b[2:])
	n := int(b[sessionAt])
	o.cookieAt = sessionAt + 1 + n
	if n > maxSessionID || len(b) <= o.cookieAt {
		return o, false
	}
	o.session = b[sessionAt+1 : o.cookieAt]
	end := o.cookieAt + 1 + int(b[o.cookieAt])
	if len(b) < end {
		return o, false
	}
	o.cookie = b[o.cookieAt+1 : end]
	return o, true
}

// appendVerifyRequest appends a HelloVerifyRequest in answer to a ClientHello.
// Its record number is that of the ClientHello, so that several requests are not
// taken for repetitions, and its version is 1.0 whatever comes later, both as
// RFC 6347, section 4.2.1, says.
func appendVerifyRequest(dst []byte, f *fragment, cookie []byte) []byte {
	body := appendMessage(make([]byte, 0, messageHeader+3+cookieLen), typeVerifyRequest, f.message, 3+len(cookie))
	body = binary.BigEndian.AppendUint16(body, version10)
	body = append(body, byte(len(cookie))) //nolint:gosec // cookieLen
	body = append(body, cookie...)
	return appendRecord(dst, typeHandshake, f.record, body...)
}

// appendMessage appends the header of a handshake message in one fragment.
func appendMessage(dst []byte, kind byte, sequence uint16, size int) []byte {
	dst = append(dst, kind)
	dst = appendUint24(dst, size)
	dst = binary.BigEndian.AppendUint16(dst, sequence)
	dst = appendUint24(dst, 0)
	return appendUint24(dst, size)
}

// withoutCookie returns the ClientHello that the client had sent before it had
// the cookie, as a datagram.
func withoutCookie(hello []byte, o *opening, number uint64) []byte {
	size := len(hello) - len(o.cookie)
	body := appendMessage(make([]byte, 0, messageHeader+size), typeClientHello, 0, size)
	body = append(body, hello[:o.cookieAt]...)
	body = append(body, 0)
	body = append(body, hello[o.cookieAt+1+len(o.cookie):]...)
	return appendRecord(nil, typeHandshake, number, body...)
}

// withCookie returns the ClientHello that the client has sent now, in one piece.
func withCookie(hello []byte, number uint64) []byte {
	body := appendMessage(make([]byte, 0, messageHeader+len(hello)), typeClientHello, sequenceAfterRetry, len(hello))
	return appendRecord(nil, typeHandshake, number, append(body, hello...)...)
}

func uint24(b []byte) int { return int(b[0])<<16 | int(b[1])<<8 | int(b[2]) }

func appendUint24(dst []byte, n int) []byte {
	return append(dst, byte(n>>16), byte(n>>8), byte(n)) //nolint:gosec // that is what it is
}
