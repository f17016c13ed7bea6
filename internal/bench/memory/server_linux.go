package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"runtime"
	"sync"
)

// ready is a server's first line.
type ready struct {
	Address string `json:"address"`
}

// report is a server's last line: by how much the bytes and objects grew that are in use.
type report struct {
	Heap    int64 `json:"heap"`
	Stack   int64 `json:"stack"`
	Objects int64 `json:"objects"`
}

// A mode is what the server does with its conns, and what the client does first.
type mode struct {
	name string
	ways []way
	// hold serves the listener until it is closed. It returns when the server is
	// to say that it listens; wait returns when n conns are idle.
	hold func(w way, l server, n int) (wait func() error)
	// greet is what the client does with each conn of TCP. nil: nothing.
	greet func(ctx context.Context, d *net.Dialer, address string) (net.Conn, error)
	// udp is for what is not TCP: it returns what dials from an address, and what ends all of it.
	udp func(source net.IP) (dial func(ctx context.Context, address string) (io.Closer, error), end func(), err error)
}

func modes() []mode {
	return []mode{
		{name: "a conn that is held", ways: listeners(), hold: accept(func(net.Conn, *sync.WaitGroup) {})},
		{name: "a conn that a goroutine reads from", ways: listeners(), hold: accept(read)},
		{name: "an idle conn of HTTP/1.1 over TLS", ways: servers(), hold: serveHTTP, greet: request(1)},
		{name: "an idle conn of HTTP/2 over TLS", ways: servers(), hold: serveHTTP, greet: request(2)},
		{name: "an idle QUIC conn", ways: quicListeners(), hold: acceptQUIC, udp: dialQUIC},
		{name: "an idle conn of HTTP/3", ways: http3Servers(), hold: answering, udp: requestHTTP3},
		{name: "an idle DTLS conn", ways: dtlsListeners(), hold: acceptDTLS, udp: dialDTLS},
	}
}

func read(c net.Conn, started *sync.WaitGroup) {
	started.Add(1)
	go func() {
		started.Done()
		_, _ = c.Read(make([]byte, 1)) // until the client closes
		c.Close()
	}()
}

// accept accepts n conns and keeps them.
func accept(each func(net.Conn, *sync.WaitGroup)) func(way, server, int) func() error {
	return func(_ way, l server, n int) func() error {
		conns := make([]net.Conn, 0, n) // the list is no cost of the conns
		return func() error {
			var started sync.WaitGroup
			for range n {
				c, err := l.(net.Listener).Accept()
				if err != nil {
					return err
				}
				conns = append(conns, c)
				each(c, &started)
			}
			started.Wait()
			return nil
		}
	}
}

// serve is the main function of a server: it accepts n conns, and says what they cost when it is asked.
func serve(in io.Reader, out io.Writer, w way, m mode, n int) error {
	l, err := w.listen()
	if err != nil {
		return err
	}
	defer l.Close()
	lines := bufio.NewReader(in)
	wait := m.hold(w, l, n)
	before := inUse()
	if err := json.NewEncoder(out).Encode(ready{l.Addr().String()}); err != nil {
		return err
	}
	if err := wait(); err != nil {
		return err
	}
	if _, err := lines.ReadString('\n'); err != nil {
		return err
	}
	after := inUse()
	r := report{after.Heap - before.Heap, after.Stack - before.Stack, after.Objects - before.Objects}
	if err := json.NewEncoder(out).Encode(r); err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, lines)
	runtime.KeepAlive(wait)
	return err
}

func inUse() report {
	runtime.GC()
	runtime.GC() // what finalizers and pools let go of
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return report{int64(m.HeapInuse), int64(m.StackInuse), int64(m.HeapObjects)} //nolint:gosec // far from 2^63
}

func modeNamed(name string) (mode, error) {
	for _, m := range modes() {
		if m.name == name {
			return m, nil
		}
	}
	return mode{}, fmt.Errorf("no mode %q", name)
}
