package peers_test

import (
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// A udpRelay is a path between a client and a server that loses datagrams.
type udpRelay struct {
	address string
	up      udpLane // from the client
	down    udpLane
}

// A udpLane is one direction. Its counters are about what came, lost or not.
type udpLane struct {
	lose    func(n int64) bool // of the nth, from 0
	count   atomic.Int64
	lost    atomic.Int64
	largest atomic.Int64 // in bytes
}

// relayDTLS relays to a server until the test ends, for one client after the other.
func relayDTLS(t *testing.T, server string, up, down func(n int64) bool) *udpRelay {
	t.Helper()
	r := &udpRelay{up: udpLane{lose: up}, down: udpLane{lose: down}}
	front, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	require.NoError(t, err)
	r.address = front.LocalAddr().String()
	var mu sync.Mutex
	backs := map[string]net.Conn{}
	var wg sync.WaitGroup
	wg.Go(func() {
		b := make([]byte, 1<<16)
		for {
			n, from, err := front.ReadFromUDPAddrPort(b)
			if err != nil {
				return
			}
			mu.Lock()
			back := backs[from.String()]
			if back == nil {
				if back, err = net.Dial("udp4", server); err != nil {
					mu.Unlock()
					return
				}
				backs[from.String()] = back
				wg.Go(func() {
					r.down.carry(back, func(b []byte) { front.WriteToUDPAddrPort(b, from) })
				})
			}
			mu.Unlock()
			r.up.pass(b[:n], func(b []byte) { back.Write(b) })
		}
	})
	t.Cleanup(func() {
		front.Close()
		mu.Lock()
		for _, c := range backs {
			c.Close()
		}
		mu.Unlock()
		wg.Wait()
	})
	return r
}

// carry passes on what comes from a server until the conn is closed.
func (l *udpLane) carry(c net.Conn, write func([]byte)) {
	b := make([]byte, 1<<16)
	for {
		n, err := c.Read(b)
		switch {
		case err == nil:
			l.pass(b[:n], write)
		case isRefused(err):
		default:
			return
		}
	}
}

func (l *udpLane) pass(b []byte, write func([]byte)) {
	n := l.count.Add(1) - 1
	l.largest.Store(max(l.largest.Load(), int64(len(b))))
	if l.lose != nil && l.lose(n) {
		l.lost.Add(1)
		return
	}
	write(b)
}

// isRefused is an ICMP error: the server has gone or has not come yet.
func isRefused(err error) bool { return errors.Is(err, syscall.ECONNREFUSED) }
