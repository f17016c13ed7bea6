package main

import (
	"io"
	"net"
	"sync"
)

// datagrams holds buffers for one datagram of any length.
var datagrams = sync.Pool{New: func() any { return new([1 << 16]byte) }}

// receiveBuffered reads a datagram and writes it to w. It holds a buffer while
// it waits.
func receiveBuffered(c net.Conn, w io.Writer) error {
	buf := datagrams.Get().(*[1 << 16]byte)
	defer datagrams.Put(buf)
	n, err := c.Read(buf[:])
	if err != nil {
		return err
	}
	_, err = w.Write(buf[:n])
	return err
}
