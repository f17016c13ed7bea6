package tun

import (
	"errors"
	"syscall"

	"github.com/strata-net/strata/tunx"
	"github.com/strata-net/strata/tunx/internal/segment"
)

// headers has the headers of a packet that has them in several parts.
type headers [256]byte

// begin returns the beginning of a packet: its headers at least.
func begin(h *headers, parts [][]byte) []byte {
	if len(parts) > 0 && (len(parts) == 1 || len(parts[0]) >= len(h)) {
		return parts[0]
	}
	n := 0
	for _, p := range parts {
		n += copy(h[n:], p)
	}
	return h[:n]
}

// checkPacket says why a packet of length bytes that begins with head cannot be written.
func checkPacket(head []byte, length, mtu, maxSegment int, o tunx.Offload) error {
	if !segment.IsPacket(head) {
		return errNoPacket
	}
	single := length
	if o.Segment != 0 {
		single = min(length, int(o.HeaderLen)+int(o.Segment))
	}
	if single > mtu || length > max(mtu, maxSegment) {
		return tunx.ErrMsgSize
	}
	if err := segment.Offload(o).Check(head, length); err != nil {
		return &packetError{err}
	}
	return nil
}

// complete does what is left to do for p, which checkPacket has accepted, and sends the
// packets that it stands for. It changes p.
func complete(p []byte, o tunx.Offload, send func(p []byte) error) error {
	work := segment.Offload(o)
	if o.Segment == 0 {
		work.Finish(p)
		return send(p)
	}
	var cut segment.Cutter
	cut.Reset(p, work)
	for out := make([]byte, int(o.HeaderLen)+int(o.Segment)); cut.More(); {
		if err := send(out[:cut.Next(out)]); err != nil {
			return err
		}
	}
	return nil
}

// errNoPacket is the error of what is no IP packet.
var errNoPacket error = &packetError{errors.New("is neither an IPv4 nor an IPv6 packet")}

// packetError is EINVAL with a reason.
type packetError struct{ why error }

func (e *packetError) Error() string { return "invalid packet: " + e.why.Error() }

func (e *packetError) Unwrap() []error { return []error{e.why, errInvalid} }

// errInvalid is EINVAL where there is one.
var errInvalid error = syscall.EINVAL
