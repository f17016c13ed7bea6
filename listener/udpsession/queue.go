package udpsession

import (
	"sync"
	"unsafe"
)

// datagram is one that waits for Read, in memory of about its own size.
type datagram struct {
	next *datagram
	data []byte // its cap is one of sizes
}

// sizes are those of the buffers: 1280 and 1536 because most large datagrams
// fill an IPv6 minimum link or an Ethernet. The last holds any datagram.
var sizes = [...]int{64, 128, 256, 512, 1024, 1280, 1536, 2048, 4096, 8192, 16384, 32768, 65536}

// pools hold free datagrams by size. What is in them belongs to the garbage
// collector: it is not counted, and gone two collections later.
var pools [len(sizes)]sync.Pool

// sizeOf returns the index of the smallest size that holds n bytes.
func sizeOf(n int) int {
	i := 0
	for sizes[i] < n {
		i++
	}
	return i
}

// cost is what a datagram of n bytes takes while it is queued.
func cost(n int) int { return sizes[sizeOf(n)] + int(unsafe.Sizeof(datagram{})) }

// newDatagram returns a copy of data.
func newDatagram(data []byte) *datagram {
	i := sizeOf(len(data))
	d, _ := pools[i].Get().(*datagram)
	if d == nil {
		d = &datagram{data: make([]byte, sizes[i])}
	}
	d.data = append(d.data[:0], data...)
	return d
}

// free gives the memory back. The datagram must not be used any more.
func (d *datagram) free() {
	d.next = nil
	pools[sizeOf(cap(d.data))].Put(d)
}

// queue is a list of datagrams, the oldest first.
type queue struct {
	head, tail   *datagram
	count, bytes int // bytes is the sum of cost
}

func (q *queue) push(d *datagram) {
	if q.tail == nil {
		q.head = d
	} else {
		q.tail.next = d
	}
	q.tail = d
	q.count++
	q.bytes += cost(len(d.data))
}

// pop returns nil if there is none.
func (q *queue) pop() *datagram {
	d := q.head
	if d == nil {
		return nil
	}
	if q.head = d.next; q.head == nil {
		q.tail = nil
	}
	q.count--
	q.bytes -= cost(len(d.data))
	return d
}
