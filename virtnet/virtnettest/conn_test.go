package virtnettest_test

import (
	"net"
	"time"
)

// A conn does one thing wrong.
type conn struct {
	net.Conn
	local, remote func() net.Addr
	fail          func(error) error
	write         func([]byte) (int, error)
	deadline      func(time.Time) error
	close         func() error
}

func (c conn) LocalAddr() net.Addr {
	if c.local != nil {
		return c.local()
	}
	return c.Conn.LocalAddr()
}

func (c conn) RemoteAddr() net.Addr {
	if c.remote != nil {
		return c.remote()
	}
	return c.Conn.RemoteAddr()
}

func (c conn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	return n, c.failed(err)
}

func (c conn) Write(p []byte) (int, error) {
	if c.write != nil {
		return c.write(p)
	}
	n, err := c.Conn.Write(p)
	return n, c.failed(err)
}

func (c conn) failed(err error) error {
	if err != nil && c.fail != nil {
		return c.fail(err)
	}
	return err
}

func (c conn) SetDeadline(t time.Time) error {
	if c.deadline != nil {
		return c.deadline(t)
	}
	return c.Conn.SetDeadline(t)
}

func (c conn) Close() error {
	if c.close != nil {
		return c.close()
	}
	return c.Conn.Close()
}
