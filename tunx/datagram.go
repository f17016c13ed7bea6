package tunx

import (
	"net/netip"
	"sync"
)

// The sizes of the buffers that datagrams and packets are kept in.
const (
	tinySize  = 512
	smallSize = 2048
	largeSize = 1 << 16
)

// datagram is one on its way, in a buffer that is used again.
type datagram struct {
	next    *datagram
	remote  netip.AddrPort
	again   bool // it was sent to a session that had ended
	offload Offload
	data    []byte // its capacity is one of the sizes
}

// buffers are what datagrams of each size come from.
var buffers = [...]struct {
	size int
	pool sync.Pool
}{{size: tinySize}, {size: smallSize}, {size: largeSize}}

// class returns the place of the smallest size that n bytes fit into; n is at most
// largeSize.
func class(n int) int {
	switch {
	case n <= tinySize:
		return 0
	case n <= smallSize:
		return 1
	}
	return 2
}

// room returns the size of the buffer for n bytes.
func room(n int) int { return buffers[class(n)].size }

// newDatagram returns an empty one that has room for n bytes.
func newDatagram(n int) *datagram {
	b := &buffers[class(n)]
	if d, ok := b.pool.Get().(*datagram); ok {
		return d
	}
	return &datagram{data: make([]byte, 0, b.size)}
}

// free gives the buffer back. The datagram must not be used any more.
func (d *datagram) free() {
	*d = datagram{data: d.data[:0]}
	buffers[class(cap(d.data))].pool.Put(d)
}

// freeAll frees a list and returns how many there were and the memory they took.
func freeAll(list *datagram) (count, memory int) {
	for list != nil {
		next := list.next
		count, memory = count+1, memory+cap(list.data)
		list.free()
		list = next
	}
	return count, memory
}
