package main

import (
	"net"

	"golang.org/x/net/ipv4"
)

// xnetConn makes a system call a batch, without offload.
type xnetConn struct {
	*net.UDPConn
	packets *ipv4.PacketConn
	batch   []ipv4.Message
	size    int
}

func newXNetSender(j job) (sender, error) {
	c, err := connect(j)
	if err != nil {
		return nil, err
	}
	x := &xnetConn{UDPConn: c, packets: ipv4.NewPacketConn(c)}
	for _, data := range datagrams(j) {
		x.batch = append(x.batch, ipv4.Message{Buffers: [][]byte{data}})
	}
	return x, nil
}

func newXNetReceiver(j job) (receiver, error) {
	c, err := listen(j)
	if err != nil {
		return nil, err
	}
	x := &xnetConn{UDPConn: c, packets: ipv4.NewPacketConn(c), size: j.size}
	for range j.batch {
		x.batch = append(x.batch, ipv4.Message{Buffers: [][]byte{make([]byte, roomy)}})
	}
	return x, nil
}

func (x *xnetConn) send() (int, error) {
	for sent := 0; sent < len(x.batch); {
		n, err := x.packets.WriteBatch(x.batch[sent:], 0)
		if err != nil {
			return sent, err
		}
		sent += n
	}
	return len(x.batch), nil
}

func (x *xnetConn) receive() (n, cut int, err error) {
	n, err = x.packets.ReadBatch(x.batch, 0)
	if err != nil {
		return 0, 0, err
	}
	for i := range x.batch[:n] {
		if x.batch[i].N != x.size {
			cut++
		}
	}
	return n, cut, nil
}

func (x *xnetConn) port() int { return portOf(x) }
