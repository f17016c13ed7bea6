package udpbatch

import (
	"net/netip"
	"os"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/strata-net/strata/listener/internal/cmsg"
)

// A receiver receives with recvmmsg. How many reads it offers the kernel goes
// with the traffic: many when datagrams come one by one, few when they come
// joined, since those fill more memory than the processor's caches hold.
type receiver struct {
	conn    *Conn
	call    func(fd uintptr) bool // made once: a closure a call would allocate
	hdrs    []mmsghdr
	iovs    []unix.Iovec
	names   []sockaddr // none if connected
	control []byte     // room bytes each
	room    int
	slots   [][]byte // those that have memory
	offer   int      // number of reads of the next call
	got     int      // of the last call
	taken   int      // datagrams that they were
	errno   unix.Errno
	busy    bool // the last call brought many datagrams: more are on their way
	zones   zoneCache
}

const (
	// firstOffer is the number of reads that a new receiver offers.
	firstOffer = 16
	// leastOffer is what joined datagrams bring it down to: 256 KiB.
	leastOffer = 4
	// manyDatagrams in one call is load.
	manyDatagrams = 32
	// shortWait bounds for how long a thread waits in the kernel, and Close with it.
	shortWait = 500 * time.Microsecond
)

func newReceiver(c *Conn) *receiver {
	r := &receiver{conn: c, room: c.room()}
	most := max(1, min(c.config.Batch, c.config.MaxMemory/r.stride()))
	r.call = r.recvmmsg
	r.hdrs = make([]mmsghdr, most)
	r.iovs = make([]unix.Iovec, most)
	r.control = make([]byte, most*r.room)
	if !c.connected() {
		r.names = make([]sockaddr, most)
	}
	for i := range r.hdrs {
		h := &r.hdrs[i]
		h.Iov = &r.iovs[i]
		h.SetIovlen(1)
		if r.names != nil {
			h.Name = (*byte)(unsafe.Pointer(&r.names[i]))
		}
		if r.room > 0 {
			h.Control = &r.control[i*r.room]
		}
		r.rearm(i)
	}
	r.offer = min(firstOffer, most)
	return r
}

// stride is the memory of a slot.
func (r *receiver) stride() int {
	if r.conn.able.GRO {
		return slotSize
	}
	return (r.conn.config.MaxDatagram + 1536) &^ 63
}

// slotLen is what of a slot is offered.
func (r *receiver) slotLen() int {
	if r.conn.able.GRO {
		return 1 << 16
	}
	return r.conn.config.MaxDatagram
}

// rearm makes a header ready to be read into again.
func (r *receiver) rearm(i int) {
	h := &r.hdrs[i]
	if r.names != nil {
		h.Namelen = sizeofSockaddr
	}
	h.SetControllen(r.room)
	h.Flags = 0
}

func (r *receiver) receive() (int, error) {
	for i := range r.got {
		r.rearm(i)
	}
	r.adapt()
	r.grow()
	r.busy = r.taken >= manyDatagrams
	r.got, r.taken = 0, 0
	if err := r.conn.raw.Read(r.call); err != nil {
		return 0, err
	}
	if r.errno != 0 {
		return 0, os.NewSyscallError("recvmmsg", r.errno)
	}
	return r.got, nil
}

// recvmmsg reports whether there was something, as RawConn.Read wants it.
func (r *receiver) recvmmsg(fd uintptr) bool {
	for {
		var n int
		n, r.errno = recvmmsg(fd, r.hdrs[:r.offer])
		switch r.errno {
		case 0:
			r.got = n
			return true
		case unix.EINTR:
		case unix.EAGAIN:
			if !r.await(fd) {
				return false
			}
		default:
			return true
		}
	}
}

// await waits for a moment in the kernel, once a call and only under load, and
// reports whether there is something to read. Under load the next datagrams are
// microseconds away: to park the goroutine and wake it again costs more than they
// take to come.
func (r *receiver) await(fd uintptr) bool {
	if !r.busy {
		return false
	}
	r.busy = false
	moment := unix.NsecToTimespec(int64(shortWait))
	fds := [1]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}} //nolint:gosec // a descriptor
	n, err := unix.Ppoll(fds[:], &moment, nil)
	return n > 0 && err == nil
}

// adapt chooses the number of reads for datagrams that come as they came last.
func (r *receiver) adapt() {
	if r.got == 0 {
		return
	}
	want := (r.conn.config.Batch*r.got + r.taken - 1) / max(r.taken, 1)
	switch {
	case want > r.offer && r.got == r.offer:
		r.offer = min(2*r.offer, want, len(r.hdrs))
	case want < r.offer:
		r.offer = min(max(want, r.offer/2, leastOffer), r.offer)
	}
}

// grow gives memory to slots that were never offered before.
func (r *receiver) grow() {
	missing := r.offer - len(r.slots)
	if missing <= 0 {
		return
	}
	stride := r.stride()
	memory := make([]byte, missing*stride)
	for i := range missing {
		slot := memory[i*stride:][:r.slotLen():r.slotLen()]
		v := &r.iovs[len(r.slots)]
		v.Base = &slot[0]
		v.SetLen(len(slot))
		r.slots = append(r.slots, slot)
	}
}

func (r *receiver) message(i int, m *Message) int {
	h := &r.hdrs[i]
	*m = Message{Data: r.slots[i][:h.n], Addr: r.peer(i)}
	m.Truncated = h.Flags&(unix.MSG_TRUNC|unix.MSG_CTRUNC) != 0
	segment := 0
	if n := int(h.Controllen); n > 0 { //nolint:gosec // at most room
		var info cmsg.Info
		if cmsg.Parse(r.control[i*r.room:][:n], &info) != nil {
			m.Truncated = true
		}
		m.Local, m.Interface, m.ECN, m.HopLimit = info.Local, info.Interface, info.ECN, info.HopLimit
		segment = info.Segment
	}
	r.taken++
	if segment > 0 {
		r.taken += (int(h.n) - 1) / segment
	}
	return segment
}

func (r *receiver) peer(i int) netip.AddrPort {
	if r.names == nil {
		return r.conn.remote
	}
	return getSockaddr(&r.names[i], &r.zones)
}
