//go:build !unix

package main

import (
	"io"
	"net"
)

// A receiver reads the datagrams of a conn.
type receiver struct{ conn net.Conn }

func newReceiver(c net.Conn) *receiver { return &receiver{conn: c} }

// receive waits for a datagram and writes it to w.
func (r *receiver) receive(w io.Writer) error { return receiveBuffered(r.conn, w) }
