package access

import "net/netip"

const (
	// DefaultBits4 is used when Width.Bits4 is zero.
	DefaultBits4 = 32
	// DefaultBits6 is used when Width.Bits6 is zero: a customer or a machine has
	// a /64.
	DefaultBits6 = 64
)

// Source is the first address of a source's prefix, IPv4 as IPv4-mapped. The
// zero Source stands for peers without an IP address.
type Source [16]byte

// Width says how many bits of an address make a source, from 1 to 32 and from 1
// to 128. 0 means DefaultBits4 and DefaultBits6.
type Width struct{ Bits4, Bits6 int }

// Source returns the source of an address, which must not be IPv4-mapped. It is
// the zero Source for the zero Addr.
func (w Width) Source(a netip.Addr) Source {
	bits := w.Bits6
	if bits == 0 {
		bits = DefaultBits6
	}
	if a.Is4() {
		if bits = w.Bits4; bits == 0 {
			bits = DefaultBits4
		}
	}
	p, err := a.Prefix(bits)
	if err != nil || !p.IsValid() {
		return Source{}
	}
	return p.Addr().As16()
}
