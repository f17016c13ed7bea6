//go:build unix

package main

import (
	"errors"
	"io"
	"net"
	"syscall"
)

// A receiver reads the datagrams of a conn. It takes a buffer when there is
// something to put into it, so that one that waits costs none.
type receiver struct {
	conn net.Conn
	raw  syscall.RawConn // nil: the conn is none of package net
	take func(fd uintptr) bool

	buf *[1 << 16]byte
	n   int
	err error
}

func newReceiver(c net.Conn) *receiver {
	r := &receiver{conn: c}
	if s, ok := c.(syscall.Conn); ok {
		r.raw, _ = s.SyscallConn() // one that fails does so in Read too
	}
	r.take = r.try // once, since it would be allocated for each datagram
	return r
}

// receive waits for a datagram and writes it to w.
func (r *receiver) receive(w io.Writer) error {
	if r.raw == nil {
		return receiveBuffered(r.conn, w)
	}
	if err := r.raw.Read(r.take); err != nil {
		return err
	}
	defer datagrams.Put(r.buf)
	if r.err != nil {
		return r.err
	}
	_, err := w.Write(r.buf[:r.n])
	return err
}

// try reads without waiting. It returns false if there is nothing to read.
func (r *receiver) try(fd uintptr) bool {
	r.buf = datagrams.Get().(*[1 << 16]byte)
	for {
		r.n, r.err = syscall.Read(int(fd), r.buf[:])
		if !errors.Is(r.err, syscall.EINTR) {
			break
		}
	}
	if errors.Is(r.err, syscall.EAGAIN) {
		datagrams.Put(r.buf)
		return false
	}
	return true
}
