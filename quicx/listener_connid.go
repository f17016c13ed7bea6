package quicx

import (
	"crypto/rand"

	"github.com/quic-go/quic-go"
)

// connectionIDLength is ours. quic-go's default of 4 bytes is little for a
// server: with 100,000 conns of 6 IDs each, one new conn in 7,000 would take an
// ID that another one has.
const connectionIDLength = 8

// connectionIDs makes the connection IDs of one socket: random, but for a first
// byte that is the number of the socket, modulo their number.
type connectionIDs struct{ index, sockets int }

var _ quic.ConnectionIDGenerator = connectionIDs{}

// GenerateConnectionID returns a new one.
func (ids connectionIDs) GenerateConnectionID() (quic.ConnectionID, error) {
	var b [connectionIDLength]byte
	_, _ = rand.Read(b[:]) // never fails
	b[0] = ids.mark(b[0])
	return quic.ConnectionIDFromBytes(b[:]), nil
}

// ConnectionIDLen returns their length.
func (connectionIDs) ConnectionIDLen() int { return connectionIDLength }

// mark returns a byte near to a random one that leads to the socket.
func (ids connectionIDs) mark(random byte) byte {
	n := int(random) - int(random)%ids.sockets + ids.index
	if n > 0xff { // behind the last whole round
		n -= ids.sockets
	}
	return byte(n) //nolint:gosec // from 0 to 255
}
