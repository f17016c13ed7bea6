package lonet

import (
	"context"
	"net"
	"slices"
	"sync"
	"time"
)

// handshakeTimeout bounds the time until the line of a request is complete,
// however slowly it comes. It is a variable for tests alone.
var handshakeTimeout = 10 * time.Second

const (
	// maxPending bounds the conns whose request is not complete.
	maxPending = 256
	// minPending is the time that each of them has at least.
	minPending = 20 * time.Millisecond
)

// pending are the conns that have not said yet what they want, oldest first. With
// too many of them the oldest goes: who dials sends the line at once, so it is a
// stranger's, and strangers keep nobody from dialling for long.
type pending struct {
	mu    sync.Mutex
	conns []stranger
	timer *time.Timer // of the oldest, nil if there is none; a deadline each would cost more than the handshake
}

// stranger is one of them.
type stranger struct {
	conn  net.Conn
	since time.Time
}

// add notes a conn, for which the oldest may have to go. Then it waits until that
// one has had its time. When ctx has ended, which must be so before close is
// called, it closes the conn.
func (p *pending) add(ctx context.Context, c net.Conn) {
	for {
		wait := p.tryAdd(ctx, c)
		if wait <= 0 {
			return
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
		}
	}
}

// tryAdd returns how long to wait.
func (p *pending) tryAdd(ctx context.Context, c net.Conn) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	if ctx.Err() != nil {
		c.Close()
		return 0
	}
	now := time.Now()
	if len(p.conns) >= maxPending {
		if wait := p.conns[0].since.Add(minPending).Sub(now); wait > 0 {
			return wait
		}
		p.conns[0].conn.Close()
		p.conns = slices.Delete(p.conns, 0, 1)
	}
	p.conns = append(p.conns, stranger{c, now})
	if p.timer == nil {
		p.timer = time.AfterFunc(handshakeTimeout, p.expire)
	}
	return 0
}

// expire closes those whose time is over.
func (p *pending) expire() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.conns) > 0 {
		if left := time.Until(p.conns[0].since.Add(handshakeTimeout)); left > 0 {
			p.timer.Reset(left)
			return
		}
		p.conns[0].conn.Close()
		p.conns = slices.Delete(p.conns, 0, 1)
	}
	p.timer = nil
}

// remove reports whether the conn was still there, not closed for others.
func (p *pending) remove(c net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	i := slices.IndexFunc(p.conns, func(s stranger) bool { return s.conn == c })
	if i >= 0 {
		p.conns = slices.Delete(p.conns, i, i+1)
	}
	return i >= 0
}

// close closes all.
func (p *pending) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range p.conns {
		s.conn.Close()
	}
	p.conns = nil
	if p.timer != nil {
		p.timer.Stop()
	}
}
