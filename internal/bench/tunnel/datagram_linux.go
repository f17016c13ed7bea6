package main

import (
	"errors"
	"net"
	"syscall"
	"time"

	"golang.org/x/net/ipv4"
)

const (
	datagramSize = 64 // bytes of payload
	train        = 32 // datagrams a system call
)

// receive calls f with each datagram until the socket is closed.
func receive(c net.PacketConn, f func(p []byte, from net.Addr)) {
	if udp, ok := c.(*net.UDPConn); ok {
		_ = udp.SetReadBuffer(4 << 20) // as much as the system gives
		receiveTrains(ipv4.NewPacketConn(udp), f)
		return
	}
	p := make([]byte, 2048)
	for {
		n, from, err := c.ReadFrom(p)
		if ended(err) {
			return
		}
		if err == nil {
			f(p[:n], from)
		}
	}
}

func receiveTrains(c *ipv4.PacketConn, f func(p []byte, from net.Addr)) {
	messages := trains(2048)
	for {
		n, err := c.ReadBatch(messages, 0)
		if ended(err) {
			return
		}
		for _, m := range messages[:max(n, 0)] {
			f(m.Buffers[0][:m.N], m.Addr)
		}
	}
}

// target is where datagrams are sent to. A nil address is a connected socket's.
type target struct {
	c  net.PacketConn
	to net.Addr

	trains   *ipv4.PacketConn // nil for what is no socket of the kernel
	messages []ipv4.Message
}

func newTarget(c net.PacketConn, to net.Addr) *target {
	t := &target{c: c, to: to, messages: trains(datagramSize)}
	if udp, ok := c.(*net.UDPConn); ok {
		t.trains = ipv4.NewPacketConn(udp)
	}
	for i := range t.messages {
		t.messages[i].Addr = to
	}
	return t
}

// flood sends to each target in turn, as fast as one goroutine can, however many there are.
func flood(until time.Time, targets func() []*target) {
	for time.Now().Before(until) {
		for _, t := range targets() {
			if ended(t.send()) {
				return
			}
		}
	}
}

// send sends a train of datagrams.
func (t *target) send() error {
	if t.trains != nil {
		_, err := t.trains.WriteBatch(t.messages, 0)
		return err
	}
	for _, m := range t.messages {
		var err error
		if t.to == nil {
			_, err = t.c.(net.Conn).Write(m.Buffers[0])
		} else {
			_, err = t.c.WriteTo(m.Buffers[0], t.to)
		}
		if ended(err) {
			return err
		}
	}
	return nil
}

func trains(size int) []ipv4.Message {
	messages := make([]ipv4.Message, train)
	for i := range messages {
		messages[i].Buffers = [][]byte{make([]byte, size)}
	}
	return messages
}

// ended says whether a socket is of no use any more, and not just a datagram lost.
func ended(err error) bool {
	if err == nil {
		return false
	}
	for _, lost := range []error{syscall.ECONNREFUSED, syscall.ENOBUFS, syscall.EHOSTUNREACH, syscall.ENETUNREACH, syscall.EAGAIN} {
		if errors.Is(err, lost) {
			return false
		}
	}
	return true
}
