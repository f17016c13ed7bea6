package integration_test

import (
	"net"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

// path carries datagrams between an HTTP/3 server and its clients, until it swallows them.
type path struct {
	front  net.PacketConn
	server net.Addr
	black  atomic.Bool
	lost   atomic.Int64

	mu    sync.Mutex
	backs map[string]net.Conn
	group sync.WaitGroup
}

func newPath(t *testing.T, server net.Addr) *path {
	t.Helper()
	front, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	p := &path{front: front, server: server, backs: make(map[string]net.Conn)}
	p.group.Go(p.forward)
	t.Cleanup(func() {
		front.Close()
		p.mu.Lock()
		for _, back := range p.backs {
			back.Close()
		}
		p.mu.Unlock()
		p.group.Wait()
	})
	return p
}

func (p *path) forward() {
	buf := make([]byte, 1<<16)
	for {
		n, from, err := p.front.ReadFrom(buf)
		if err != nil {
			return
		}
		if p.black.Load() {
			p.lost.Add(1)
			continue
		}
		if back := p.back(from); back != nil {
			back.Write(buf[:n])
		}
	}
}

// back is the socket that stands for a client at the server.
func (p *path) back(client net.Addr) net.Conn {
	p.mu.Lock()
	defer p.mu.Unlock()
	if back := p.backs[client.String()]; back != nil {
		return back
	}
	back, err := net.Dial("udp", p.server.String())
	if err != nil {
		return nil
	}
	p.backs[client.String()] = back
	p.group.Go(func() {
		buf := make([]byte, 1<<16)
		for {
			n, err := back.Read(buf)
			if err != nil {
				return
			}
			if !p.black.Load() {
				p.front.WriteTo(buf[:n], client)
			}
		}
	})
	return back
}
