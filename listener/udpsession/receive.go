package udpsession

import (
	"errors"
	"net"
	"net/netip"
	"time"

	"github.com/strata-net/strata/listener/udpbatch"
)

// drop says why a datagram of a session was not queued.
type drop uint8

const (
	dropNot drop = iota
	dropQueue
	dropQueueBytes
	dropMaxBytes
	numDrops
)

// receive reads until the socket is closed. Most failures are about one
// datagram: an ICMP error, say, when the options ask for those.
func (l *Listener) receive() {
	messages := make([]udpbatch.Message, maxBatch)
	failures := 0
	for {
		n, err := l.socket.ReadBatch(messages)
		if n > 0 {
			l.deliver(messages[:n])
			failures = 0
		}
		if err == nil {
			continue
		}
		if errors.Is(err, net.ErrClosed) {
			return
		}
		l.counters.readErrors.Add(1)
		failures++
		if !l.rest(failures) {
			return
		}
	}
}

// rest pauses after several failures without a datagram between them, up to half
// a second, so that one that stays does not spin. It returns false after Close.
func (l *Listener) rest(failures int) bool {
	const free, doublings = 8, 9
	if failures <= free {
		return true
	}
	select {
	case <-time.After(time.Millisecond << min(failures-free-1, doublings)):
		return true
	case <-l.done:
		return false
	}
}

// deliver takes the mutex once for a batch.
func (l *Listener) deliver(messages []udpbatch.Message) {
	now := l.clock.now()
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := range messages {
		l.accept(&messages[i], now)
		if l.config.OnEvent != nil {
			now = l.clock.now() // it may have taken any time
		}
	}
	l.tell()
}

// accept gives a datagram to its session, or makes one. The mutex is held.
func (l *Listener) accept(m *udpbatch.Message, now int64) {
	if l.closed {
		return
	}
	l.counters.received++
	k := key{peer: m.Addr}
	if l.wildcard {
		k.local = answerable(m.Local)
	}
	c := l.sessions[k]
	if c == nil {
		if why := l.admit(k, cost(len(m.Data))); why != 0 {
			l.refuse(k, why, now)
			return
		}
		l.create(k, m, now)
		return
	}
	if why := c.push(m.Data); why != dropNot {
		l.dropped[why]++ // and no touch: else a session that nobody reads would never expire
		return
	}
	l.touch(c, now)
}

// answerable returns the address if a socket can send from it: a multicast group
// or the broadcast address cannot, there the kernel chooses.
func answerable(ip netip.Addr) netip.Addr {
	if ip.IsMulticast() || ip == netip.AddrFrom4([4]byte{255, 255, 255, 255}) {
		return netip.Addr{}
	}
	return ip
}

// touchInterval is how exact the idle time of a session is that only sends: the
// mutex of the table is not taken for each datagram.
const touchInterval = int64(time.Millisecond)

// sent counts n datagrams of c and moves its idle timeout.
func (l *Listener) sent(c *Conn, n int) {
	l.counters.sent.Add(uint64(n)) //nolint:gosec // never negative
	now := l.clock.now()
	if now-c.used.Load() < touchInterval {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if c.state != ended {
		l.touch(c, now)
	}
}
