package virtnettest

import (
	"errors"
	"io"
	"net"
	"testing"

	"github.com/strata-net/strata/virtnet"
)

// TestListener tests listeners: their addresses, who may listen where, and how
// Accept ends.
func TestListener(t *testing.T, network MakeNetwork) {
	run(t, network, listenerTests)
}

var listenerTests = []test{
	{"Addresses", listenAddresses},
	{"WaitsForAccept", waitsForAccept},
	{"Closed", listenerClosed},
	{"AcceptedGoesOn", acceptedGoesOn},
	{"AcceptByMany", acceptByMany},
	{"AcceptIsToldWhy", acceptIsToldWhy},
	{"DialIsToldWhy", dialIsToldWhy},
}

// listenAddresses: a port is one socket's, and a host listens on its own.
func listenAddresses(b *bench) {
	l := b.listen(b.alpha, "")
	again, err := b.alpha.Listen(l.Addr().String())
	b.nothing("listen twice", again, err)
	b.opError(err, "listen", virtnet.ErrAddrAlreadyUsed)
	again, err = b.alpha.Listen("β:5")
	b.nothing("listen on another host", again, err)
	b.opError(err, "listen", virtnet.ErrAddrNoListen)
	for _, laddr := range []string{"α", "α:x", "α:-1", ":4294967296"} {
		again, err := b.alpha.Listen(laddr)
		b.nothing("listen on "+laddr, again, err)
		var e *net.OpError
		if !errors.As(err, &e) || e.Op != "listen" {
			b.Errorf("listen on %q: got %v (%T), want a *net.OpError", laddr, err, err)
		}
	}
	b.same("network of the address", b.listen(b.beta, "").Addr().Network(), l.Addr().Network())
	dialled, accepted := b.connect(b.beta, b.listen(b.alpha, "α:77"))
	b.exchange(dialled, accepted)
}

// waitsForAccept: a dial ends with Accept, or, with a backlog, before it.
func waitsForAccept(b *bench) {
	l := b.listen(b.beta, "")
	dialling := start(func() (net.Conn, error) { return b.alpha.Dial(b.Context(), l.Addr().String()) })
	if b.Backlog {
		dialled := b.await("dial", dialling)
		b.must(dialled.err)
		accepted, err := b.do("accept", l.Accept)
		b.must(err)
		b.exchange(dialled.conn, accepted)
		return
	}
	l.Close()
	r := b.await("dial", dialling)
	b.nothing("dial that nobody accepts", r.conn, r.err)
	b.opError(r.err, "dial", virtnet.ErrConnRefused)
}

// listenerClosed: nobody can connect, and the port is free.
func listenerClosed(b *bench) {
	l := b.listen(b.beta, "")
	addr := l.Addr().String()
	for range 2 {
		if err := l.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			b.Errorf("close: %v", err)
		}
	}
	c, err := b.do("accept", l.Accept)
	b.nothing("accept", c, err)
	b.opError(err, "accept", virtnet.ErrSockDown)
	b.same("address of a closed listener", l.Addr().String(), addr)
	c, err = b.dial(b.alpha, addr)
	b.nothing("dial", c, err)
	b.opError(err, "dial", virtnet.ErrConnRefused)
	dialled, accepted := b.connect(b.alpha, b.listen(b.beta, addr))
	b.exchange(dialled, accepted)
}

// acceptedGoesOn: accepted conns do not need their listener.
func acceptedGoesOn(b *bench) {
	l := b.listen(b.beta, "")
	dialled, accepted := b.connect(b.alpha, l)
	b.must(l.Close())
	b.exchange(dialled, accepted)
}

// acceptByMany: each conn is accepted once.
func acceptByMany(b *bench) {
	const n = 8
	l := b.listen(b.beta, "")
	var accepting, dialling []<-chan result
	for range n {
		accepting = append(accepting, start(l.Accept))
		dialling = append(dialling, start(func() (net.Conn, error) { return b.alpha.Dial(b.Context(), l.Addr().String()) }))
	}
	peers := make(map[string]net.Conn)
	for i := range n {
		a, d := b.await("accept", accepting[i]), b.await("dial", dialling[i])
		if a.err != nil || d.err != nil {
			b.Fatalf("accept: %v; dial: %v", a.err, d.err)
		}
		peers[a.conn.RemoteAddr().String()] = a.conn
		defer d.conn.Close()
		dialling[i] = start(func() (net.Conn, error) { return d.conn, nil })
	}
	for i := range n {
		d := (<-dialling[i]).conn
		a := peers[d.LocalAddr().String()]
		if a == nil {
			b.Fatalf("nobody has accepted %v", d.LocalAddr())
		}
		b.same("remote address", d.RemoteAddr().String(), a.LocalAddr().String())
		b.exchange(d, a)
	}
}

// closings are the ways for a socket of α to go down, and what it is told then.
var closings = []struct {
	name  string
	cause error
	close func(*bench, io.Closer) error
}{
	{"socket", virtnet.ErrSockDown, func(_ *bench, c io.Closer) error { return c.Close() }},
	{"host", virtnet.ErrHostDown, func(b *bench, _ io.Closer) error { return b.alpha.Close() }},
	{"network", virtnet.ErrNetDown, func(b *bench, _ io.Closer) error { return b.SubNetwork.Close() }},
}

// acceptIsToldWhy: also when it was blocked, and also later.
func acceptIsToldWhy(b *bench) {
	for _, each := range closings {
		b.alpha = b.fresh(b.alpha)
		l := b.listen(b.alpha, "")
		accepting := []<-chan result{start(l.Accept), start(l.Accept)}
		if err := each.close(b, l); err != nil {
			b.Errorf("close of the %s: %v", each.name, err)
		}
		for _, a := range append(accepting, start(l.Accept)) {
			r := b.await("accept", a)
			b.nothing("accept", r.conn, r.err)
			b.opError(r.err, "accept", each.cause)
			if !errors.Is(r.err, net.ErrClosed) {
				b.Errorf("%v is not net.ErrClosed", r.err)
			}
		}
	}
}

// fresh replaces a host by a new one of its name.
func (b *bench) fresh(h *virtnet.Host) *virtnet.Host {
	b.Helper()
	b.must(h.Close())
	return b.host(b.SubNetwork, h.Name())
}

// dialIsToldWhy: who is blocked in Dial learns who was closed; who was faster has a
// conn that is dead.
func dialIsToldWhy(b *bench) {
	for _, each := range closings[1:] {
		b.alpha = b.fresh(b.alpha)
		l := b.listen(b.beta, "")
		dialling := start(func() (net.Conn, error) { return b.alpha.Dial(b.Context(), l.Addr().String()) })
		if err := each.close(b, nil); err != nil {
			b.Errorf("close of the %s: %v", each.name, err)
		}
		r := b.await("dial", dialling)
		if r.err == nil && b.Backlog {
			r = b.await("read", start(func() (net.Conn, error) { return read(r.conn) }))
			b.opError(r.err, "read", each.cause)
			continue
		}
		b.nothing("dial", r.conn, r.err)
		b.opError(r.err, "dial", each.cause)
	}
}
