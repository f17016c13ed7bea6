package simnet

import "sync"

// Sizes of the pieces of a buffer: small for what is said now and then, large for
// those who move much.
const (
	smallChunk = 1 << 10
	largeChunk = 32 << 10
)

// chunk is a piece of a buffer.
type chunk struct {
	next *chunk
	data []byte
}

var chunks = [2]sync.Pool{
	{New: func() any { return &chunk{data: make([]byte, smallChunk)} }},
	{New: func() any { return &chunk{data: make([]byte, largeChunk)} }},
}

func newChunk(size int) *chunk {
	class := 0
	if size > smallChunk {
		class = 1
	}
	return chunks[class].Get().(*chunk)
}

func (c *chunk) free() {
	class := 0
	if len(c.data) > smallChunk {
		class = 1
	}
	c.next = nil
	chunks[class].Put(c)
}

// buffer holds bytes in the order in which they came. An empty one holds no memory.
type buffer struct {
	head, tail *chunk
	read       int32 // in head
	written    int32 // in tail
}

// append copies b to the end.
func (q *buffer) append(b []byte) {
	for len(b) > 0 {
		if q.tail == nil || int(q.written) == len(q.tail.data) {
			q.extend(len(b))
		}
		n := copy(q.tail.data[q.written:], b)
		q.written += int32(n) //nolint:gosec // a chunk's length
		b = b[n:]
	}
}

// extend adds a chunk. The second one is large: who waits for so much waits for more.
func (q *buffer) extend(size int) {
	q.written = 0
	if q.tail == nil {
		q.head = newChunk(size)
		q.tail, q.read = q.head, 0
		return
	}
	q.tail.next = newChunk(largeChunk)
	q.tail = q.tail.next
}

// take copies from the beginning to b, at most as much as there is, and forgets it.
func (q *buffer) take(b []byte) int {
	total := 0
	for len(b) > 0 && q.head != nil {
		n := copy(b, q.front())
		b = b[n:]
		total += n
		q.skip(n)
	}
	return total
}

// drop forgets n bytes from the beginning, all if there are fewer.
func (q *buffer) drop(n uint64) {
	for n > 0 && q.head != nil {
		k := min(uint64(len(q.front())), n)
		n -= k
		q.skip(int(k)) //nolint:gosec // at most a chunk's length
	}
}

// front returns the first bytes, as many as are in one piece.
func (q *buffer) front() []byte {
	if q.head == q.tail {
		return q.head.data[q.read:q.written]
	}
	return q.head.data[q.read:]
}

// skip forgets the first n bytes of front.
func (q *buffer) skip(n int) {
	q.read += int32(n) //nolint:gosec // a chunk's length
	if len(q.front()) > 0 {
		return
	}
	gone := q.head
	q.head, q.read = gone.next, 0
	if q.head == nil {
		q.tail, q.written = nil, 0
	}
	gone.free()
}

// peek copies to b what begins at an offset, at most as much as there is.
func (q *buffer) peek(b []byte, offset uint64) int {
	total := 0
	for c, from := q.head, uint64(q.read); c != nil; c, from = c.next, 0 { //nolint:gosec // not negative
		to := uint64(len(c.data))
		if c == q.tail {
			to = uint64(q.written) //nolint:gosec // not negative
		}
		if offset >= to-from {
			offset -= to - from
			continue
		}
		total += copy(b[total:], c.data[from+offset:to])
		offset = 0
	}
	return total
}
