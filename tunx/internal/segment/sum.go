package segment

import (
	"encoding/binary"
	"math/bits"
)

// Sum adds p to a ones' complement sum (RFC 1071), which is not inverted.
func Sum(p []byte, initial uint16) uint16 {
	sum := uint64(initial)
	var carry uint64
	for len(p) >= 32 {
		sum, carry = bits.Add64(sum, binary.BigEndian.Uint64(p), carry)
		sum, carry = bits.Add64(sum, binary.BigEndian.Uint64(p[8:]), carry)
		sum, carry = bits.Add64(sum, binary.BigEndian.Uint64(p[16:]), carry)
		sum, carry = bits.Add64(sum, binary.BigEndian.Uint64(p[24:]), carry)
		p = p[32:]
	}
	for len(p) >= 8 {
		sum, carry = bits.Add64(sum, binary.BigEndian.Uint64(p), carry)
		p = p[8:]
	}
	var rest [8]byte
	copy(rest[:], p)
	sum, carry = bits.Add64(sum, binary.BigEndian.Uint64(rest[:]), carry)
	sum, carry = bits.Add64(sum, 0, carry)
	return fold(sum + carry)
}

func fold(sum uint64) uint16 {
	sum = sum>>32 + sum&0xffffffff
	sum = sum>>32 + sum&0xffffffff
	sum = sum>>16 + sum&0xffff
	sum = sum>>16 + sum&0xffff
	return uint16(sum>>16 + sum&0xffff)
}
