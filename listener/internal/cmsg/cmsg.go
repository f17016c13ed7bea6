// Package cmsg reads and writes the control messages of UDP sockets: where a
// datagram was sent to, its interface, ECN bits and hop limit, the source to
// send from, and the sizes of joined datagrams (GRO) and of cut ones (GSO).
// Nothing in it allocates.
package cmsg

import (
	"errors"
	"net/netip"
)

// Info is what the control messages of one read say. What they do not say is
// zero.
type Info struct {
	Local     netip.Addr // destination of the datagram, unmapped and without zone
	Interface int        // index of the interface it came in by
	HopLimit  int        // of IPv6, or the time to live of IPv4
	ECN       byte       // the last two bits of TOS or traffic class
	Segment   int        // size of each datagram but the last of a joined read
}

// Want names the metadata that a socket is to deliver.
type Want struct{ Destination, ECN, HopLimit bool }

// Any reports whether anything is wanted.
func (w Want) Any() bool { return w.Destination || w.ECN || w.HopLimit }

// Room is what the messages need that this package asks for and writes, in bytes.
const Room = 256

const ecnBits = 3

// errShort is the answer to bytes that are no control messages.
var errShort = errors.New("malformed control message")
