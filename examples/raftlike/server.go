package main

import (
	"bufio"
	"context"
	"encoding/json"
	"net"
	"sync"
	"time"
)

// maxLine bounds a message.
const maxLine = 1 << 20

// serve accepts conns of peers and clients until the context ends.
func (n *Node) serve(ctx context.Context, l net.Listener) {
	var group sync.WaitGroup
	defer group.Wait()
	defer context.AfterFunc(ctx, func() { l.Close() })()
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		group.Go(func() { n.read(ctx, conn) })
	}
}

// read takes messages from a conn, and sends the answers to a client on it.
func (n *Node) read(ctx context.Context, conn net.Conn) {
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	answers := make(chan Message, 1)
	lines := bufio.NewScanner(conn)
	lines.Buffer(nil, maxLine)
	for conn.SetReadDeadline(time.Now().Add(n.Timing.Idle)) == nil && lines.Scan() {
		r := request{answer: func(m Message) { answers <- m }}
		if json.Unmarshal(lines.Bytes(), &r.Message) != nil {
			return
		}
		select {
		case n.inbox <- r:
		case <-ctx.Done():
			return
		}
		if r.Kind != kindPropose && r.Kind != kindList {
			continue
		}
		select {
		case m := <-answers:
			conn.SetWriteDeadline(time.Now().Add(n.Timing.Dial))
			if err := json.NewEncoder(conn).Encode(m); err != nil {
				return
			}
		case <-time.After(n.Timing.Idle):
			return
		case <-ctx.Done():
			return
		}
	}
}
