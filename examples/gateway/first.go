package main

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"time"
)

// firstBytes holds what clients send first, until it went to the upstream.
var firstBytes = sync.Pool{New: func() any { return new([firstSize]byte) }}

// firstSize is what is waited for at most. A SYN carries less than a packet.
const firstSize = 4 << 10

// connect dials the upstream, with the client's first bytes if they come in
// time. Where they do not, as in a protocol in which the server speaks first, it
// dials without. It returns how many bytes went with the dial.
func (s *tcpService) connect(ctx context.Context, client net.Conn, b *backend) (net.Conn, int, error) {
	if s.limits.FirstBytes == 0 {
		server, err := b.dialStream(ctx, nil)
		return server, 0, err
	}
	buf := firstBytes.Get().(*[firstSize]byte)
	defer firstBytes.Put(buf)
	n, err := readFirst(ctx, client, buf[:], s.limits.FirstBytes)
	if err != nil {
		return nil, 0, err
	}
	server, err := b.dialStream(ctx, buf[:n])
	return server, n, err
}

// readFirst reads once, for a time. It returns 0 bytes when there were none in
// time, or when the client has nothing to say.
func readFirst(ctx context.Context, client net.Conn, buf []byte, wait time.Duration) (int, error) {
	stop := context.AfterFunc(ctx, func() { reset(client) })
	defer stop()
	if err := client.SetReadDeadline(time.Now().Add(wait)); err != nil {
		return 0, err
	}
	n, err := client.Read(buf)
	if err == nil || errors.Is(err, io.EOF) || errors.Is(err, os.ErrDeadlineExceeded) {
		return n, client.SetReadDeadline(time.Time{})
	}
	return n, err
}
