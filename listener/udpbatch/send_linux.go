package udpbatch

import (
	"errors"
	"net/netip"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/strata-net/strata/listener/internal/cmsg"
)

// A sender sends with sendmmsg. Each header of a call is one datagram, or a run
// of them that GSO cuts; each datagram is one part of its header, or shares one
// with those that lie next to it in memory. Nothing is copied.
type sender struct {
	conn    *Conn
	call    func(fd uintptr) bool // made once: a closure a call would allocate
	hdrs    []mmsghdr
	iovs    []unix.Iovec
	names   []sockaddr // none if connected
	control []byte     // sendRoom bytes each
	counts  []int      // messages of each header
	from    int        // first header that was not sent
	to      int        // number of headers
	parts   int        // number of iovs in use
	errno   unix.Errno
	limits  limits
	zones   zoneIndexes
}

const (
	// sendRoom is what the control messages of a header take: source, traffic
	// class and segment size are 88 bytes with IPv6.
	sendRoom = 128
	// sendParts is the number of datagrams of a call, at least: 8 headers of
	// 128 with GSO.
	sendParts = 1024
)

func newSender(c *Conn) *sender {
	n := c.config.Batch
	s := &sender{conn: c}
	s.call = s.sendmmsg
	s.hdrs = make([]mmsghdr, n)
	s.iovs = make([]unix.Iovec, max(n, sendParts))
	s.control = make([]byte, n*sendRoom)
	s.counts = make([]int, n)
	if !c.connected() {
		s.names = make([]sockaddr, n)
	}
	return s
}

func (s *sender) send(ms []Message) (int, error) {
	sent := 0
	for sent < len(ms) {
		if n, err := s.fill(ms[sent:]); n == 0 {
			return sent, err
		}
		err := s.flush()
		for _, k := range s.counts[:s.from] {
			sent += k
		}
		if err != nil && !s.giveUp(&ms[sent], err) {
			return sent, err
		}
	}
	return sent, nil
}

// fill puts messages into headers and returns how many. The error is about the
// first one, if that cannot be sent.
func (s *sender) fill(ms []Message) (int, error) {
	s.from, s.to, s.parts = 0, 0, 0
	n := 0
	for n < len(ms) && s.to < len(s.hdrs) && s.parts < len(s.iovs) {
		k, err := s.header(ms[n:])
		if err != nil {
			if n > 0 {
				err = nil // its turn comes when the ones before it are sent
			}
			return n, err
		}
		n += k
	}
	return n, nil
}

// header makes the next header of the first messages and returns how many.
func (s *sender) header(ms []Message) (int, error) {
	m, i := &ms[0], s.to
	to, err := s.conn.destination(m)
	if err != nil {
		return 0, err
	}
	h := &s.hdrs[i]
	if s.names != nil {
		scope, err := s.zones.index(to.Addr())
		if err != nil {
			return 0, err
		}
		h.Name = (*byte)(unsafe.Pointer(&s.names[i]))
		h.Namelen = putSockaddr(&s.names[i], s.conn.v6, to, scope)
	}
	n := s.run(ms, to.Addr())
	if err := s.putControl(h, m, to.Addr(), n); err != nil {
		return 0, err
	}
	s.putData(h, ms[:n])
	s.counts[i] = n
	s.to++
	return n, nil
}

// run returns how many messages GSO can send as one: those of the first one's
// size and route, and a shorter one at the end.
func (s *sender) run(ms []Message, to netip.Addr) int {
	most := min(s.conn.able.Segments, len(s.iovs)-s.parts, len(ms))
	first := &ms[0]
	size := len(first.Data)
	n, total := 1, size
	for n < most {
		m := &ms[n]
		l := len(m.Data)
		if l == 0 || l > size || total+l > MaxDatagram || !s.sameRoute(m, first) {
			break
		}
		n, total = n+1, total+l
		if l < size {
			break
		}
	}
	if n > 1 && size > s.limits.of(to) {
		return 1
	}
	return n
}

func (s *sender) sameRoute(m, first *Message) bool {
	return (s.names == nil || m.Addr == first.Addr) &&
		m.Local == first.Local && m.Interface == first.Interface && m.ECN == first.ECN
}

func (s *sender) putControl(h *mmsghdr, m *Message, to netip.Addr, n int) error {
	h.Control = nil
	h.SetControllen(0)
	if n == 1 && !m.Local.IsValid() && m.Interface == 0 && m.ECN == 0 {
		return nil
	}
	start := s.to * sendRoom
	b, err := s.conn.control(s.control[start:start:start+sendRoom], m, to)
	if err != nil {
		return err
	}
	if n > 1 {
		b = cmsg.AppendSegment(b, uint16(len(m.Data))) //nolint:gosec // at most MaxDatagram
	}
	if len(b) > 0 {
		h.Control = &b[0]
		h.SetControllen(len(b))
	}
	return nil
}

// putData points the header to the data of its messages. One part is enough for
// those that follow each other in memory, as they do when they were received
// joined.
func (s *sender) putData(h *mmsghdr, ms []Message) {
	first := s.parts
	var end uintptr
	for i := range ms {
		data := ms[i].Data
		start := uintptr(unsafe.Pointer(unsafe.SliceData(data)))
		if i > 0 && start == end {
			v := &s.iovs[s.parts-1]
			v.SetLen(int(v.Len) + len(data)) //nolint:gosec // at most MaxDatagram
		} else {
			v := &s.iovs[s.parts]
			v.Base = unsafe.SliceData(data)
			v.SetLen(len(data))
			s.parts++
		}
		end = start + uintptr(len(data))
	}
	h.Iov = &s.iovs[first]
	h.SetIovlen(s.parts - first)
}

// flush sends the headers, and s.from says how many it did.
func (s *sender) flush() error {
	err := s.conn.raw.Write(s.call)
	clear(s.iovs[:s.parts]) // the data belongs to the caller
	if err == nil && s.errno != 0 {
		err = os.NewSyscallError("sendmmsg", s.errno)
	}
	return err
}

// sendmmsg reports whether it is done, as RawConn.Write wants it.
func (s *sender) sendmmsg(fd uintptr) bool {
	for s.from < s.to {
		var n int
		n, s.errno = sendmmsg(fd, s.hdrs[s.from:s.to])
		switch s.errno {
		case 0:
			s.from += n
		case unix.EINTR:
		case unix.EAGAIN:
			return false
		default:
			return true
		}
	}
	return true
}

// giveUp reports whether the failure is one of GSO, and remembers that the
// destination of m does not take datagrams of that size together. EIO is what
// says a destination that none can be cut for, EINVAL and EMSGSIZE one whose MTU
// is smaller than the datagrams, or that they cannot be cut (udp_send_skb).
func (s *sender) giveUp(m *Message, err error) bool {
	if s.counts[s.from] == 1 {
		return false
	}
	size := len(m.Data) - 1
	switch {
	case errors.Is(err, unix.EIO):
		size = 0
	case errors.Is(err, unix.EINVAL), errors.Is(err, unix.EMSGSIZE):
	default:
		return false
	}
	to, _ := s.conn.destination(m) // it was good a moment ago
	s.limits.lower(to.Addr(), size)
	return true
}
