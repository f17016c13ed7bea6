package virtnettest

import (
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"time"

	"golang.org/x/net/nettest"

	"github.com/strata-net/strata/virtnet"
)

// TestConn tests conns: with nettest.TestConn, and their addresses, errors and
// ends besides.
func TestConn(t *testing.T, network MakeNetwork) {
	t.Run("Nettest", func(t *testing.T) {
		noLeak(t)
		nettest.TestConn(t, func() (net.Conn, net.Conn, func(), error) { return pipe(t, network) })
	})
	run(t, network, connTests)
}

var connTests = []test{
	{"Addresses", connAddresses},
	{"Deadlines", deadlines},
	{"PeerClosed", peerClosed},
	{"IsToldWhy", connIsToldWhy},
	{"CauseRemains", causeRemains},
	{"CloseTwice", closeTwice},
	{"EachPeer", eachPeer},
}

// pipe makes a conn on a network of its own.
func pipe(t *testing.T, network MakeNetwork) (net.Conn, net.Conn, func(), error) {
	b := set(t, network(t))
	dialled, accepted := b.connect(b.alpha, b.listen(b.beta, ""))
	return dialled, accepted, b.close, nil
}

// connAddresses: each end knows both.
func connAddresses(b *bench) {
	l := b.listen(b.beta, "")
	dialled, accepted := b.connect(b.alpha, l)
	b.same("dialled", dialled.LocalAddr().String(), accepted.RemoteAddr().String())
	b.same("accepted", accepted.LocalAddr().String(), dialled.RemoteAddr().String())
	b.same("network", dialled.LocalAddr().Network(), l.Addr().Network())
	b.same("listener's port", accepted.LocalAddr().String() == l.Addr().String(), b.ListenerPort)
}

// deadlines: who waits too long is told so, and can go on.
func deadlines(b *bench) {
	dialled, accepted := b.connect(b.alpha, b.listen(b.beta, ""))
	for i, f := range []func(net.Conn) (net.Conn, error){read, write} {
		op := []string{"read", "write"}[i]
		b.must(dialled.SetDeadline(time.Now().Add(time.Millisecond)))
		r := b.await(op, start(func() (net.Conn, error) { return f(dialled) }))
		b.opError(r.err, op, os.ErrDeadlineExceeded)
		if e, ok := r.err.(net.Error); !ok || !e.Timeout() { //nolint:errorlint // callers ask it like this
			b.Errorf("%s after its deadline: %v is no timeout", op, r.err)
		}
	}
	b.must(dialled.SetDeadline(time.Time{}))
	drained := start(func() (net.Conn, error) { return drain(accepted) })
	b.must(b.once("write", func([]byte) (int, error) { return dialled.Write([]byte{255}) }))
	b.must(b.await("read", drained).err)
	b.exchange(dialled, accepted)
}

// drain reads up to a byte 255.
func drain(c net.Conn) (net.Conn, error) {
	for buf := make([]byte, 4096); ; {
		n, err := c.Read(buf)
		if err != nil || buf[n-1] == 255 {
			return nil, err
		}
	}
}

// peerClosed: Read comes to the end, Write fails.
func peerClosed(b *bench) {
	dialled, accepted := b.connect(b.alpha, b.listen(b.beta, ""))
	writing := start(func() (net.Conn, error) { return write(dialled) })
	reading := start(func() (net.Conn, error) {
		_, err := dialled.Read(make([]byte, 1))
		return nil, err
	})
	b.must(accepted.Close())
	if r := b.await("write", writing); r.err == nil || errors.Is(r.err, net.ErrClosed) {
		b.Errorf("write: got %v, as if this end was closed", r.err)
	}
	r := b.await("read", reading)
	if r.err == nil || errors.Is(r.err, net.ErrClosed) {
		b.Errorf("read: got %v, as if this end was closed", r.err)
	}
	dialled, accepted = b.connect(b.alpha, b.listen(b.beta, ""))
	accepted.Close()
	for range 2 {
		if err := b.once("read", dialled.Read); err != io.EOF { //nolint:errorlint // bare, as net.Conn has it
			b.Errorf("read: got %v, want %v", err, io.EOF)
		}
	}
}

// connIsToldWhy: Read and Write that are blocked, and those that come later.
func connIsToldWhy(b *bench) {
	for _, each := range closings {
		b.alpha = b.fresh(b.alpha)
		dialled, _ := b.connect(b.alpha, b.listen(b.beta, ""))
		blocked := map[string][]<-chan result{
			"read":  {start(func() (net.Conn, error) { return read(dialled) })},
			"write": {start(func() (net.Conn, error) { return write(dialled) })},
		}
		if err := each.close(b, dialled); err != nil {
			b.Errorf("close of the %s: %v", each.name, err)
		}
		blocked["read"] = append(blocked["read"], start(func() (net.Conn, error) { return read(dialled) }))
		blocked["write"] = append(blocked["write"], start(func() (net.Conn, error) { return write(dialled) }))
		for op, all := range blocked {
			for _, done := range all {
				r := b.await(op, done)
				b.opError(r.err, op, each.cause)
				if !errors.Is(r.err, net.ErrClosed) {
					b.Errorf("%v is not net.ErrClosed", r.err)
				}
			}
		}
		if err := dialled.SetDeadline(time.Now()); !errors.Is(err, net.ErrClosed) {
			b.Errorf("deadline of a closed conn: %v", err)
		}
	}
}

// causeRemains: what comes later does not change why a conn went down.
func causeRemains(b *bench) {
	l := b.listen(b.beta, "")
	first, _ := b.connect(b.alpha, l)
	second, _ := b.connect(b.alpha, l)
	first.Close()
	b.must(b.alpha.Close())
	second.Close()
	b.must(b.SubNetwork.Close())
	for c, cause := range map[net.Conn]error{first: virtnet.ErrSockDown, second: virtnet.ErrHostDown} {
		b.opError(b.once("read", c.Read), "read", cause)
		b.opError(b.once("write", c.Write), "write", cause)
	}
}

// closeTwice: the second time nothing happens.
func closeTwice(b *bench) {
	dialled, accepted := b.connect(b.alpha, b.listen(b.beta, ""))
	for _, c := range []net.Conn{dialled, dialled, accepted, accepted} {
		if err := c.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			b.Errorf("close: %v", err)
		}
	}
}

// eachPeer: conns of one listener do not mix.
func eachPeer(b *bench) {
	l := b.listen(b.beta, "")
	for range 10 {
		dialled, accepted := b.connect(b.alpha, l)
		defer dialled.Close()
		defer b.exchange(dialled, accepted) // before the close, after all are there
	}
}
