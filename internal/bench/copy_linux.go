package bench

import (
	"errors"
	"fmt"
	"io"
	"net"
)

const mebibyte = 1 << 20

// copyCases let a proxy copy 1 GiB from the conn of a client to the conn of a server, and the other way round. All are
// in this process and over loopback.
func copyCases() []Case {
	var cases []Case
	for _, up := range []bool{true, false} {
		name := "proxy copy of 1 GiB to the client, a MiB"
		if up {
			name = "proxy copy of 1 GiB from the client, a MiB"
		}
		cases = append(cases, Case{Name: name, Batch: 1024, Rounds: 40, Ways: []Way{
			copyWay("net.Listener", listen, nil, up),
			copyWay("listener.New with limit, rules and counters", func() (net.Listener, error) { return listenConfig(Limited()) }, nil, up),
			copyWay("the same with IdleTimeout", func() (net.Listener, error) { return listenConfig(Watched()) }, nil, up),
			copyWay("net.Listener, conns without splice", listen, hideSplice, up),
		}})
	}
	return cases
}

func copyWay(name string, listen func() (net.Listener, error), wrap func(net.Conn) net.Conn, up bool) Way {
	return Way{Name: name, Prepare: func(n int) (*Run, error) {
		p := &proxy{}
		if err := p.open(listen); err != nil {
			p.close()
			return nil, err
		}
		if wrap != nil {
			p.front = wrap(p.front)
		}
		return &Run{Close: p.close, Do: func() error {
			if up {
				return pump(p.client, p.front, p.back, p.server, n*mebibyte)
			}
			return pump(p.server, p.back, p.front, p.client, n*mebibyte)
		}}, nil
	}}
}

// A proxy has accepted the conn front and dialled the conn back.
type proxy struct {
	client, front net.Conn
	back, server  net.Conn
}

func (p *proxy) open(listenFront func() (net.Listener, error)) (err error) {
	if p.client, p.front, err = connect(listenFront); err == nil {
		p.back, p.server, err = connect(listen)
	}
	return err
}

func connect(listen func() (net.Listener, error)) (dialled, accepted net.Conn, err error) {
	l, err := listen()
	if err != nil {
		return nil, nil, err
	}
	defer l.Close()
	if dialled, err = net.Dial("tcp4", l.Addr().String()); err != nil { //nolint:noctx // loopback answers at once
		return nil, nil, err
	}
	accepted, err = l.Accept()
	return dialled, accepted, err
}

func (p *proxy) close() {
	for _, c := range []net.Conn{p.client, p.front, p.back, p.server} {
		if c != nil {
			c.Close()
		}
	}
}

// pump writes to source and reads from sink while it copies between the conns that are their other ends.
func pump(source, from, to, sink net.Conn, size int) error {
	done := make(chan error, 2)
	go func() { done <- write(source, size) }()
	go func() { done <- read(sink, size) }()
	_, err := io.Copy(to, from)
	err = errors.Join(err, closeWrite(to))
	return errors.Join(err, <-done, <-done)
}

func write(c net.Conn, size int) error {
	data := make([]byte, mebibyte/4)
	for ; size > 0; size -= len(data) {
		if _, err := c.Write(data); err != nil {
			return err
		}
	}
	return closeWrite(c)
}

func read(c net.Conn, size int) error {
	buffer := make([]byte, mebibyte/4)
	for {
		n, err := c.Read(buffer)
		size -= n
		switch {
		case err == nil:
		case !errors.Is(err, io.EOF):
			return err
		case size != 0:
			return fmt.Errorf("%d bytes are missing", size)
		default:
			return nil
		}
	}
}

func closeWrite(c net.Conn) error {
	half, ok := c.(interface{ CloseWrite() error })
	if !ok {
		return fmt.Errorf("%T cannot close for writing: %w", c, errors.ErrUnsupported)
	}
	return half.CloseWrite()
}

// plainConn has neither ReadFrom nor WriteTo, as if a careless wrapper had lost them.
type plainConn struct{ net.Conn }

func hideSplice(c net.Conn) net.Conn { return plainConn{c} }

// CloseWrite is what the wrapper did not lose.
func (c plainConn) CloseWrite() error { return closeWrite(c.Conn) }
