package udpbatch

import "errors"

// A Reader receives into memory of its own. Each goroutine that calls ReadBatch
// should have one, see [Conn.NewReader]. A Reader is not safe for concurrent use.
type Reader struct {
	conn    *Conn
	in      source
	slots   int     // number of reads that in has
	next    int     // first one of which nothing was taken
	joined  Message // the read that is being taken apart
	rest    []byte  // what is left of its data
	segment int     // size of its datagrams, 0 if there is none
}

// A source receives, some datagrams at a time.
type source interface {
	// receive waits until there is something and returns the number of reads.
	receive() (int, error)
	// message returns read i, and the size of the datagrams that it consists
	// of, 0 if it is one.
	message(i int, m *Message) (segment int)
}

var errNoRoom = errors.New("no message to read into")

// ReadBatch waits for datagrams and returns how many of ms it filled: at least
// one unless there is an error. It does not wait for more than the first. Each
// Message is one datagram, in the order in which they arrived, also where the
// kernel had joined them. Their Data is memory of the Reader: it is valid until
// the next call.
//
// On a connected Conn an ICMP error that came back is returned once, such as
// ECONNREFUSED, and the Conn goes on.
func (r *Reader) ReadBatch(ms []Message) (int, error) {
	if len(ms) == 0 {
		return 0, r.conn.failed("read", errNoRoom)
	}
	if r.pending() {
		if err := r.conn.readable(); err != nil {
			return 0, r.conn.failed("read", err)
		}
		return r.take(ms), nil
	}
	n, err := r.in.receive()
	if err != nil {
		return 0, r.conn.failed("read", err)
	}
	r.slots, r.next = n, 0
	return r.take(ms), nil
}

// pending reports whether datagrams are left of what was received.
func (r *Reader) pending() bool { return r.segment > 0 || r.next < r.slots }

// take moves as many datagrams into ms as there are and fit.
func (r *Reader) take(ms []Message) int {
	n := 0
	for n < len(ms) {
		if r.segment > 0 {
			n += r.cut(ms[n:])
			continue
		}
		if r.next == r.slots {
			break
		}
		segment := r.in.message(r.next, &ms[n])
		r.next++
		if segment > 0 && segment < len(ms[n].Data) {
			r.joined, r.rest, r.segment = ms[n], ms[n].Data, segment
			continue
		}
		n++
	}
	return n
}

// cut moves datagrams of the joined read into ms. What is left of the data is in
// a variable: writing to r.joined between the copies makes them half as fast.
func (r *Reader) cut(ms []Message) int {
	j, segment, rest := &r.joined, r.segment, r.rest
	for n := range ms {
		ms[n] = *j
		if len(rest) <= segment {
			ms[n].Data = rest
			r.rest, r.segment = nil, 0
			return n + 1
		}
		ms[n].Data = rest[:segment:segment]
		ms[n].Truncated = false // that is the last one
		rest = rest[segment:]
	}
	r.rest = rest
	return len(ms)
}
