package main

import (
	"context"
	"encoding/json"
	"net"
	"sync/atomic"
	"time"
)

// peer is the way to another node: a conn that is dialled when there is something to
// send. What cannot be sent is dropped; the protocol sends it again.
type peer struct {
	name   string
	host   Host
	timing Timing
	queue  chan Message
	last   atomic.Int64 // when something came from the node, in the clock's nanoseconds

	conn   net.Conn
	dialed time.Time
}

func newPeer(name string, c Config) *peer {
	return &peer{name: name, host: c.Host, timing: c.Timing, queue: make(chan Message, 64)}
}

// heard notes that the node is there.
func (p *peer) heard() { p.last.Store(time.Now().UnixNano()) }

// send never waits.
func (p *peer) send(m Message) {
	select {
	case p.queue <- m:
	default:
	}
}

func (p *peer) run(ctx context.Context) {
	defer p.hangUp()
	for {
		select {
		case <-ctx.Done():
			return
		case m := <-p.queue:
			p.write(ctx, m)
		}
	}
}

// write sends a message on the conn, or on a new one.
func (p *peer) write(ctx context.Context, m Message) {
	if p.stale() {
		p.hangUp()
	}
	if p.conn == nil {
		dial, cancel := context.WithTimeout(ctx, p.timing.Dial)
		conn, err := p.host.Dial(dial, p.name+port)
		cancel()
		if err != nil {
			return
		}
		p.conn, p.dialed = conn, time.Now()
	}
	p.conn.SetWriteDeadline(time.Now().Add(p.timing.Dial))
	if err := json.NewEncoder(p.conn).Encode(m); err != nil {
		p.hangUp()
	}
}

// stale tells that the conn may lead nowhere: after a partition a stream waits for
// minutes before it tries again, and one to a node that crashed does not end.
func (p *peer) stale() bool {
	return p.conn != nil && time.Since(p.dialed) > p.timing.Silence && time.Since(time.Unix(0, p.last.Load())) > p.timing.Silence
}

func (p *peer) hangUp() {
	if p.conn != nil {
		p.conn.Close()
		p.conn = nil
	}
}
