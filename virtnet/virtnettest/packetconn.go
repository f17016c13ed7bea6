package virtnettest

import (
	"errors"
	"fmt"
	"net"
	"os"
	"testing"
	"time"

	"github.com/strata-net/strata/virtnet"
)

// TestPacketConn tests sockets for datagrams, or that they are refused for what
// they are on a network that has none.
func TestPacketConn(t *testing.T, network MakeNetwork) {
	run(t, network, packetTests)
}

var packetTests = []test{
	{"Supported", supported},
	{"Exchange", datagram(exchangeDatagrams)},
	{"Addresses", datagram(packetAddresses)},
	{"Boundaries", datagram(boundaries)},
	{"Deadlines", datagram(packetDeadlines)},
	{"IsToldWhy", datagram(packetIsToldWhy)},
}

// datagram skips a test on a network without them.
func datagram(f func(*bench)) func(*bench) {
	return func(b *bench) {
		if !b.Datagrams {
			b.Skip("the network has no datagrams")
		}
		f(b)
	}
}

// supported: ErrUnsupported says that they are not.
func supported(b *bench) {
	c, err := b.alpha.ListenPacket("")
	if b.Datagrams {
		b.must(err)
		c.Close()
		return
	}
	b.nothing("listen for datagrams", c, err)
	var e *net.OpError
	if !errors.As(err, &e) || e.Op != "listen" || !errors.Is(err, errors.ErrUnsupported) {
		b.Errorf("got %v, want a *net.OpError with %v", err, errors.ErrUnsupported)
	}
}

// packet opens a socket that has to be possible.
func (b *bench) packet(h *virtnet.Host, laddr string) net.PacketConn {
	b.Helper()
	c, err := h.ListenPacket(laddr)
	if err != nil {
		b.Fatalf("listen for datagrams on %s %q: %v", h.Name(), laddr, err)
	}
	return c
}

// send sends text until it has arrived: a datagram may be lost.
func (b *bench) send(from, to net.PacketConn, text string) (source net.Addr) {
	b.Helper()
	buf := make([]byte, 2048)
	for range 100 {
		if _, err := from.WriteTo([]byte(text), to.LocalAddr()); err != nil {
			b.Fatalf("write: %v", err)
		}
		b.must(to.SetReadDeadline(time.Now().Add(patience / 100)))
		n, source, err := to.ReadFrom(buf)
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded):
		case err != nil:
			b.Fatalf("read: %v", err)
		case string(buf[:n]) == text: // others are copies of earlier ones
			return source
		}
	}
	b.Fatalf("%q does not arrive", text)
	return nil
}

// exchangeDatagrams: there and back, also to a socket of the own host.
func exchangeDatagrams(b *bench) {
	one, two, three := b.packet(b.alpha, ""), b.packet(b.beta, ":53"), b.packet(b.alpha, "")
	for i, pair := range [][2]net.PacketConn{{one, two}, {two, one}, {one, three}, {three, two}} {
		source := b.send(pair[0], pair[1], fmt.Sprint("hello ", i))
		b.same("source", source.String(), pair[0].LocalAddr().String())
	}
}

// packetAddresses: a port is one socket's, but not that of a listener for streams.
func packetAddresses(b *bench) {
	c := b.packet(b.alpha, ":77")
	again, err := b.alpha.ListenPacket(c.LocalAddr().String())
	b.nothing("listen twice", again, err)
	b.opError(err, "listen", virtnet.ErrAddrAlreadyUsed)
	again, err = b.alpha.ListenPacket("β:5")
	b.nothing("listen on another host", again, err)
	b.opError(err, "listen", virtnet.ErrAddrNoListen)
	b.must(c.Close())
	b.packet(b.alpha, ":77").Close()
}

// boundaries: a datagram is one, also when it is empty, and what does not fit into
// the reader's buffer is cut off.
func boundaries(b *bench) {
	one, two := b.packet(b.alpha, ""), b.packet(b.beta, "")
	for _, text := range []string{"", "a", "bc", ""} {
		b.send(one, two, text)
	}
	short := make([]byte, 4)
	for range 100 {
		_, err := one.WriteTo([]byte("0123456789"), two.LocalAddr())
		b.must(err)
		b.must(two.SetReadDeadline(time.Now().Add(patience / 100)))
		n, _, err := two.ReadFrom(short)
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded):
		case err != nil:
			b.Fatal(err)
		case n == 4 && string(short) == "0123":
			b.send(one, two, "next") // and not the rest
			return
		}
	}
	b.Error("a long datagram does not arrive")
}

// packetDeadlines: who waits too long is told so.
func packetDeadlines(b *bench) {
	c := b.packet(b.alpha, "")
	for _, deadline := range []time.Time{time.Now().Add(-time.Second), time.Now().Add(time.Millisecond)} {
		b.must(c.SetDeadline(deadline))
		err := b.once("read", func(p []byte) (int, error) {
			n, _, err := c.ReadFrom(p)
			return n, err
		})
		b.opError(err, "read", os.ErrDeadlineExceeded)
		if e, ok := err.(net.Error); !ok || !e.Timeout() { //nolint:errorlint // callers ask it like this
			b.Errorf("%v is no timeout", err)
		}
	}
	b.must(c.SetDeadline(time.Time{}))
	b.send(b.packet(b.beta, ""), c, "hello")
}

// packetIsToldWhy: also when it was blocked, and also later.
func packetIsToldWhy(b *bench) {
	to := b.packet(b.beta, "").LocalAddr()
	for _, each := range closings {
		b.alpha = b.fresh(b.alpha)
		c := b.packet(b.alpha, "")
		read := func() (net.Conn, error) {
			_, _, err := c.ReadFrom(make([]byte, 1))
			return nil, err
		}
		blocked := start(read)
		if err := each.close(b, c); err != nil {
			b.Errorf("close of the %s: %v", each.name, err)
		}
		for _, done := range []<-chan result{blocked, start(read)} {
			b.opError(b.await("read", done).err, "read", each.cause)
		}
		_, err := c.WriteTo([]byte("x"), to)
		b.opError(err, "write", each.cause)
	}
}
