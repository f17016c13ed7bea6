package main

import (
	"net"
	"sync"
)

// A nat passes one client's datagrams on, and forgets under which address when
// it is told to.
type nat struct {
	front   net.PacketConn
	server  string
	readers sync.WaitGroup

	mu     sync.Mutex
	client net.Addr
	back   net.Conn
}

func newNAT(server string) (*nat, error) {
	front, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	n := &nat{front: front, server: server}
	if err := n.Rebind(); err != nil {
		front.Close()
		return nil, err
	}
	n.readers.Go(n.forward)
	return n, nil
}

// Addr is where the client sends to.
func (n *nat) Addr() string { return n.front.LocalAddr().String() }

// Rebind makes what follows come from another port.
func (n *nat) Rebind() error {
	back, err := net.Dial("udp", n.server)
	if err != nil {
		return err
	}
	n.mu.Lock()
	old := n.back
	n.back = back
	n.mu.Unlock()
	if old != nil {
		old.Close()
	}
	n.readers.Go(func() { n.backward(back) })
	return nil
}

func (n *nat) forward() {
	b := make([]byte, 9000)
	for {
		size, from, err := n.front.ReadFrom(b)
		if err != nil {
			return
		}
		n.mu.Lock()
		n.client = from
		back := n.back
		n.mu.Unlock()
		_, _ = back.Write(b[:size]) // datagrams may be lost
	}
}

func (n *nat) backward(back net.Conn) {
	b := make([]byte, 9000)
	for {
		size, err := back.Read(b)
		if err != nil {
			return
		}
		n.mu.Lock()
		client := n.client
		n.mu.Unlock()
		_, _ = n.front.WriteTo(b[:size], client)
	}
}

// Close returns when nothing of it runs.
func (n *nat) Close() {
	n.front.Close()
	n.mu.Lock()
	n.back.Close()
	n.mu.Unlock()
	n.readers.Wait()
}
