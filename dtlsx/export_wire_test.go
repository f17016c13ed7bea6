package dtlsx

import "net/netip"

// RecordSizes are the sizes of a datagram's first records, as a listener and as a conn reads them.
func RecordSizes(b []byte, cid int) (listener, conn []int) {
	for r, rest, ok := cutRecord(b, cid); ok; r, rest, ok = cutRecord(rest, cid) {
		listener = append(listener, len(r.raw))
	}
	for r, ok := nextPiece(b, cid); ok; r, ok = nextPiece(b, cid) {
		conn, b = append(conn, r.size), b[r.size:]
	}
	return listener, conn
}

// Encrypted are the records that are not in the clear.
func Encrypted(b []byte, cid int) []byte { return encrypted(nil, b, cid) }

// Readers and writers of datagrams.
var (
	WellFormed = wellFormed
	Renumber   = renumber
)

// Place reads where to listen.
func Place(s string) (network, text string, err error) {
	p, err := parsePlace(s)
	return p.network, p.text, err
}

// Local reads where to dial from.
func Local(s string) (netip.AddrPort, error) { return parseLocal(s) }

// Waiting is the memory that so many datagrams of a size take while a conn has not read them, in bytes.
func Waiting(datagrams, size int, over bool) (total int) {
	l := newLink(nil, new(socket), datagrams)
	l.over = over
	for range datagrams {
		l.push(make([]byte, size), nil)
	}
	for l.n > 0 {
		total += cap(l.pop().data)
	}
	return total
}
