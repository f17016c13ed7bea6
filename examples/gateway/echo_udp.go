package main

import (
	"context"

	"github.com/strata-net/strata/listener/udpbatch"
)

// newUDPEcho starts a server that sends each datagram back, many with a call.
func newUDPEcho(ctx context.Context) (*echo, error) {
	c, err := udpbatch.Listen(ctx, &udpbatch.Config{Address: "udp://127.0.0.1:0", MaxMemory: 1 << 20})
	if err != nil {
		return nil, err
	}
	e := &echo{address: c.LocalAddr(), stop: func() { c.Close() }}
	e.serving.Go(func() { echoDatagrams(c) })
	return e, nil
}

// echoDatagrams sends back what comes, until c is closed. What cannot be sent is
// lost, as on any way.
func echoDatagrams(c *udpbatch.Conn) {
	ms := make([]udpbatch.Message, udpbatch.DefaultBatch)
	for {
		n, err := c.ReadBatch(ms)
		if err != nil {
			return
		}
		for rest := ms[:n]; len(rest) > 0; {
			n, err := c.WriteBatch(rest)
			if err != nil {
				n++ // the one that it is about
			}
			rest = rest[min(n, len(rest)):]
		}
	}
}
