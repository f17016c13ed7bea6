package main

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// port is where servers listen, for both TCP and UDP.
const port = 7000

// What a client asks for with the first byte of a conn, which is answered with one byte, or of a datagram.
const (
	takeAll = 'u' // up: the server reads
	sendAll = 'd' // down: the server writes, in UDP for the milliseconds that follow
	hangUp  = 'c'
	holdOn  = 'i'
)

type listenFunc func() (net.Listener, net.PacketConn, error)

func kernelListen() (net.Listener, net.PacketConn, error) {
	address := ":" + strconv.Itoa(port)
	l, errTCP := net.Listen("tcp4", address)       //nolint:noctx // it ends with the process
	p, errUDP := net.ListenPacket("udp4", address) //nolint:noctx // it ends with the process
	return l, p, errors.Join(errTCP, errUDP)
}

// server does what clients ask for. It ends with the process.
type server struct{ bytes, datagrams atomic.Int64 }

func (s *server) open(listen listenFunc) error {
	l, p, err := listen()
	if err != nil {
		return err
	}
	go s.streams(l)
	go s.packets(p)
	return nil
}

func (s *server) streams(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			defer c.Close()
			s.stream(c)
		}()
	}
}

// whole is the size of reads and writes, which is iperf3's.
const whole = 128 << 10

func (s *server) stream(c net.Conn) {
	var order [1]byte
	if _, err := io.ReadFull(c, order[:]); err != nil {
		return
	}
	if _, err := c.Write(order[:]); err != nil {
		return
	}
	switch order[0] {
	case takeAll:
		_ = count(c, &s.bytes)
	case sendAll:
		pour(c, time.Time{})
	case holdOn:
		_, _ = c.Read(order[:])
	}
}

// count reads until there is no more.
func count(c net.Conn, bytes *atomic.Int64) error {
	p := make([]byte, whole)
	for {
		n, err := c.Read(p)
		bytes.Add(int64(n))
		if err != nil {
			return err
		}
	}
}

// pour writes until nobody reads any more, or the time, if any, has come.
func pour(c net.Conn, until time.Time) {
	p := make([]byte, whole)
	for until.IsZero() || time.Now().Before(until) {
		if _, err := c.Write(p); err != nil {
			return
		}
	}
}

// packets counts datagrams, and floods those who ask for it.
func (s *server) packets(c net.PacketConn) {
	var mu sync.Mutex
	var targets []*target
	asked := map[string]bool{}
	receive(c, func(p []byte, from net.Addr) {
		s.datagrams.Add(1)
		if len(p) < 9 || p[0] != sendAll || asked[from.String()] {
			return
		}
		asked[from.String()] = true
		mu.Lock()
		defer mu.Unlock()
		if targets = append(slices.Clip(targets), newTarget(c, from)); len(targets) > 1 {
			return
		}
		length := time.Duration(binary.BigEndian.Uint64(p[1:])) * time.Millisecond //nolint:gosec // from ourselves
		go flood(time.Now().Add(length), func() []*target {
			mu.Lock()
			defer mu.Unlock()
			return targets
		})
	})
}
