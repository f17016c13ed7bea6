package udpbatch

import "net/netip"

// A Message is a datagram with what is known of it. It serves both ways: one
// that ReadBatch filled can be given to WriteBatch as it is, with other Data,
// and answers the sender from the address that the sender had chosen.
type Message struct {
	// Data is the datagram, which may be empty. ReadBatch sets it to memory of
	// the Reader, which is valid until the next call.
	Data []byte

	// Local is the address here: the destination of a datagram that was
	// received, if Config.PacketInfo asked for it, and the source of one to
	// send. The zero Addr leaves the source to the system. It has no zone:
	// Interface says the link. Linux, macOS, FreeBSD.
	Local netip.Addr

	// Interface is the index of the interface that a datagram came in by, if
	// Config.PacketInfo asked for it, and of the one to send it by. 0 leaves
	// the choice to the routes. Linux, macOS; FreeBSD ignores it when it sends
	// over IPv4, and uses Local.
	Interface int

	// HopLimit is that of a datagram received, or its time to live, if
	// Config.HopLimit asked for it. WriteBatch does not use it: IP_TTL is the
	// same for all that a socket sends. Linux, macOS, FreeBSD.
	HopLimit int

	// ECN is the two bits of Explicit Congestion Notification (RFC 3168):
	// 0 not capable, 1 and 2 capable, 3 congestion experienced. Received if
	// Config.ECN asked for it. When sending, 0 leaves the bits of IP_TOS and
	// IPV6_TCLASS; others replace them and keep the DSCP that these options
	// had when the Conn was opened. Linux, macOS, FreeBSD.
	ECN byte

	// Truncated says that Data is only the beginning of the datagram, which was
	// longer than Config.MaxDatagram, or that there was no room for all of its
	// metadata, which options in Config.Options made longer than usual.
	Truncated bool

	// Addr is the peer. IPv4 addresses come as such, never mapped into IPv6.
	// The zone of a link-local address comes as the decimal index of the
	// interface; WriteBatch takes its name too. WriteBatch ignores Addr on a
	// connected Conn.
	Addr netip.AddrPort
}
