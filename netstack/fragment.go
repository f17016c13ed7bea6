package netstack

import (
	"gvisor.dev/gvisor/pkg/tcpip/header"
)

// Options of IPv4 (RFC 791, 3.1).
const (
	optionEnd         = 0
	optionNothing     = 1
	optionLooseRoute  = 131
	optionStrictRoute = 137
	optionCopied      = 0x80 // into all fragments
)

// ipOptions calls each with the IPv4 options of a header, until it returns false. One whose
// length is wrong is the last, with all that follows.
func ipOptions(h header.IPv4, each func([]byte) bool) {
	for rest := h[header.IPv4MinimumSize:h.HeaderLength()]; len(rest) > 0 && rest[0] != optionEnd; {
		n := 1
		if rest[0] != optionNothing {
			n = len(rest)
			if n >= 2 && rest[1] >= 2 {
				n = min(n, int(rest[1]))
			}
		}
		if !each(rest[:n]) {
			return
		}
		rest = rest[n:]
	}
}

// sourceRouted reports whether the sender of the packet chose its way, which is not followed
// (RFC 7126, 4.3).
func sourceRouted(p []byte) (found bool) {
	if header.IPVersion(p) == header.IPv4Version {
		ipOptions(p, func(o []byte) bool {
			found = o[0] == optionLooseRoute || o[0] == optionStrictRoute
			return !found
		})
	}
	return found
}

// mayFragment reports whether a router may cut the packet.
func mayFragment(p []byte) bool {
	return header.IPVersion(p) == header.IPv4Version && header.IPv4(p).Flags()&header.IPv4FlagDontFragment == 0
}

// isFragment reports whether the packet is a part of an IPv4 packet.
func isFragment(p []byte) bool {
	if header.IPVersion(p) != header.IPv4Version {
		return false
	}
	h := header.IPv4(p)
	return h.More() || h.FragmentOffset() != 0
}

// fragments calls emit with the parts of the IPv4 packet p, none longer than mtu. emit does
// not keep them. p is not changed.
func fragments(p []byte, mtu int, emit func([]byte)) error {
	h := header.IPv4(p)
	first := h[:h.HeaderLength()]
	room := (mtu - len(first)) &^ 7
	if room < 8 {
		return ErrMessageTooLong
	}
	head, offset, flags := []byte(first), h.FragmentOffset(), h.Flags()
	buf := make([]byte, 0, mtu)
	for rest := p[len(first):]; len(rest) > 0; {
		n := min(room, len(rest))
		buf = append(append(buf[:0], head...), rest[:n]...)
		rest = rest[n:]
		q := header.IPv4(buf)
		q.SetTotalLength(uint16(len(buf))) //nolint:gosec // not longer than the whole
		if len(rest) > 0 {
			q.SetFlagsFragmentOffset(flags|header.IPv4FlagMoreFragments, offset)
		} else {
			q.SetFlagsFragmentOffset(flags, offset)
		}
		q.SetChecksum(0)
		q.SetChecksum(^q.CalculateChecksum())
		emit(buf)
		offset += uint16(n) //nolint:gosec // not longer than the whole
		head = laterHead(h)
	}
	return nil
}

// laterHead returns the header of fragments after the first one, which has but the options
// that are to be copied.
func laterHead(h header.IPv4) []byte {
	head := append([]byte(nil), h[:header.IPv4MinimumSize]...)
	ipOptions(h, func(o []byte) bool {
		if o[0]&optionCopied != 0 {
			head = append(head, o...)
		}
		return true
	})
	for len(head)%4 != 0 {
		head = append(head, optionEnd)
	}
	header.IPv4(head).SetHeaderLength(uint8(len(head))) //nolint:gosec // at most 60
	return head
}
