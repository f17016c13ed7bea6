package tunx

import "io"

// IPDevice is a network device that reads and writes IP packets, one a call: a TUN
// interface, the end of a pipe, a stack. All of its methods may be called at the same time.
//
// A device that can move several packets or large ones at once implements [OffloadDevice]
// or [MultiQueue] as well.
type IPDevice interface {
	// Close closes the device: every Read, also one that waits, returns [io.EOF], and
	// every Write [ErrClosed]. A second Close does nothing and returns nil.
	Close() error

	// Read reads an IP packet into p and returns its length. It waits for one. A packet
	// that is longer than p is cut, without an error: MTU says how long they get.
	// Fragments come as they are.
	Read(p []byte) (int, error)

	// Write writes the IP packet p. One that is longer than MTU is refused: 0, [ErrMsgSize].
	// What is no IP packet may be refused, and must do no harm. p is not kept.
	Write(p []byte) (int, error)

	// MTU returns the length of the longest IP packet, in bytes.
	MTU() int
}

var _ io.ReadWriteCloser = IPDevice(nil)

// Offload says what is left to do for a packet: the fields of a virtio-net header.
// The zero value is a packet that is complete.
type Offload struct {
	// Segment is the payload of each packet that this one stands for, in bytes: TCP's
	// maximum segment size, or the size of each UDP datagram. 0 is a single packet.
	Segment uint16
	// HeaderLen is the length of the IP and transport headers. Set when Segment is.
	HeaderLen uint16
	// NeedsChecksum says that the transport checksum is still to be computed: its field
	// holds the sum of the pseudo header, not inverted. The sum starts at byte
	// CsumStart of the packet and is stored CsumOffset bytes later.
	NeedsChecksum         bool
	CsumStart, CsumOffset uint16
	// ChecksumValidated says that the transport checksum was found right, or that the
	// packet never left the machine.
	ChecksumValidated bool
}

// OffloadDevice is an [IPDevice] that moves packets of up to MaxSegment bytes together
// with their [Offload].
type OffloadDevice interface {
	IPDevice

	// ReadOffload is Read for a packet of up to MaxSegment bytes.
	ReadOffload(p []byte) (n int, o Offload, err error)

	// WriteOffload writes the packet that the parts make together. The parts are neither
	// changed nor kept. It returns the number of bytes.
	WriteOffload(parts [][]byte, o Offload) (int, error)

	// MaxSegment returns the length of the longest packet for ReadOffload and
	// WriteOffload: 65535, or MTU where the device cannot segment.
	MaxSegment() int
}

// MultiQueue is a device with several queues, each of which is read and written by itself:
// packets of a flow stay in one queue.
type MultiQueue interface {
	IPDevice

	// Queues returns the queues. Closing the device closes them.
	Queues() []IPDevice
}
