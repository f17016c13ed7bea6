package tunnel_test

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/netstack/forward"
	"github.com/strata-net/strata/tunx"
)

// moved makes the sockets of sessions: all that is sent goes to one place on loopback, and comes from where it was
// sent to.
type moved struct{ to net.Addr }

func (m moved) ListenPacket(context.Context) (net.PacketConn, error) {
	c, err := net.ListenPacket("udp4", "127.0.0.1:0")
	return &movedConn{PacketConn: c, to: m.to}, err
}

type movedConn struct {
	net.PacketConn
	to   net.Addr
	from atomic.Value // of the last datagram that was sent
}

func (c *movedConn) WriteTo(p []byte, to net.Addr) (int, error) {
	c.from.Store(to) // before an answer can come
	return c.PacketConn.WriteTo(p, c.to)
}

func (c *movedConn) ReadFrom(p []byte) (int, net.Addr, error) {
	n, _, err := c.PacketConn.ReadFrom(p)
	from, _ := c.from.Load().(net.Addr)
	return n, from, err
}

// echoes sends back each datagram.
func echoes(t *testing.T) net.Addr {
	t.Helper()
	c, err := net.ListenPacket("udp4", "127.0.0.1:0")
	require.NoError(t, err)
	done := make(chan struct{})
	go func() {
		defer close(done)
		b := make([]byte, 65536)
		for {
			n, from, err := c.ReadFrom(b)
			if err != nil {
				return
			}
			_, _ = c.WriteTo(b[:n], from)
		}
	}()
	t.Cleanup(func() {
		assert.NoError(t, c.Close())
		<-done
	})
	return c.LocalAddr()
}

func newEchoWire(t *testing.T) *wire {
	t.Helper()
	proxy, err := tunx.NewPacketProxyFromPacketListener(moved{echoes(t)})
	require.NoError(t, err)
	w, _ := newWire(t, &forward.Config{Packets: proxy, Echo: forward.EchoAnswer})
	return w
}

// answer is the next datagram, put together of its fragments if it comes in some.
func (w *wire) answer(f family) packet {
	w.t.Helper()
	var whole []byte
	for {
		p := w.next("a datagram", func(p packet) bool {
			return p.protocol == udp && p.src.Addr() == f.server.Addr() && p.dst.Addr() == f.client.Addr()
		}, nobody)
		if !p.fragment {
			return p
		}
		require.Equal(w.t, len(whole), p.offset, "the fragments come in their order")
		if p.more {
			assert.Zero(w.t, len(p.data)%8, "%v", p)
		}
		if whole = append(whole, p.data...); !p.more {
			require.NoError(w.t, p.readTransport(whole))
			return p
		}
	}
}

func TestDatagrams(t *testing.T) {
	inBoth(t, func(t *testing.T, f family) {
		w := newEchoWire(t)
		for _, size := range []int{0, 1, 2, 1001, 1452, 1453, 1472, 1473, 2048, 2049, 9000, 65507 - 20} {
			p := f.datagram(pattern(size))
			if size > 1452 {
				for _, part := range p.cut(1400, uint32(size)) {
					w.send(part)
				}
			} else {
				w.send(p.bytes())
			}
			got := w.answer(f)
			assert.Equal(t, f.server, got.src, size)
			assert.Equal(t, f.client, got.dst, size)
			assert.True(t, slices.Equal(p.data, got.data), "%d bytes", size)
		}
	})
}

// Fragments come in any order, twice, and beside those of other datagrams.
func TestFragmentsInDisorder(t *testing.T) {
	inBoth(t, func(t *testing.T, f family) {
		w := newEchoWire(t)
		parts := f.datagram(pattern(3000)).cut(800, 1)
		others := f.datagram(pattern(2000)).cut(800, 2)
		for _, b := range [][]byte{parts[3], others[0], parts[0], parts[0], parts[2], others[2], parts[1]} {
			w.send(b)
		}
		assert.Equal(t, pattern(3000), w.answer(f).data)
		w.send(others[1])
		assert.Equal(t, pattern(2000), w.answer(f).data)
	})
}

// What is not whole is dropped, and what comes behind it is not.
func TestBadDatagrams(t *testing.T) {
	inBoth(t, func(t *testing.T, f family) {
		w := newEchoWire(t)
		bad := f.datagram([]byte("bad"))
		bad.badSum = true
		w.send(bad.bytes())
		plain := f.datagram([]byte("without a checksum"))
		plain.noSum = true
		w.send(plain.bytes())
		w.send(f.datagram([]byte("good")).bytes())
		if f.client.Addr().Is4() {
			assert.Equal(t, "without a checksum", string(w.answer(f).data), "RFC 768 allows it")
		}
		assert.Equal(t, "good", string(w.answer(f).data), "RFC 8200 does not")
	})
}

// refusing is a proxy behind which nobody listens.
type refusing struct{}

func (refusing) NewSession(tunx.PacketResponseReceiver) (tunx.PacketRequestSender, error) {
	return refusing{}, nil
}

func (refusing) WriteTo([]byte, netip.AddrPort) (int, error) { return 0, tunx.ErrPortUnreachable }
func (refusing) Close() error                                { return nil }

// A client hears that nobody listens, and what it was that it had sent.
func TestPortUnreachable(t *testing.T) {
	for name, proxy := range map[string]tunx.PacketProxy{"no proxy": nil, "a proxy that says so": refusing{}} {
		t.Run(name, func(t *testing.T) {
			inBoth(t, func(t *testing.T, f family) {
				w, _ := newWire(t, &forward.Config{Packets: proxy})
				for _, size := range []int{0, 5, 1400} {
					w.told(f, f.port, f.datagram(pattern(size)).bytes())
				}
			})
		})
	}
}

// told sends a packet and expects "unreachable" with its beginning. It is sent again now and then: the answer is not
// promised.
func (w *wire) told(f family, code byte, sent []byte) {
	w.t.Helper()
	var p packet
	for end := time.Now().Add(patience); p.protocol == 0; {
		require.True(w.t, time.Now().Before(end), "no ICMP error")
		w.send(sent)
		select {
		case p = <-w.packets:
		case <-time.After(time.Second):
		}
	}
	require.Equal(w.t, f.icmp, p.protocol, "%v", p)
	require.Equal(w.t, f.unreachable, p.kind, "%v", p)
	assert.Equal(w.t, code, p.code)
	assert.Equal(w.t, f.client.Addr(), p.dst.Addr())
	head := 28
	if f.client.Addr().Is6() {
		head = 48
	}
	require.GreaterOrEqual(w.t, len(p.data), 4+head, "the IP header and 8 bytes")
	assert.Equal(w.t, facts(f, sent), facts(f, p.data[4:]))
}

// facts are what a client looks for in what an error quotes: the protocol, the addresses and the ports.
func facts(f family, b []byte) string {
	if f.client.Addr().Is4() {
		return fmt.Sprint(b[0], b[9], b[12:24])
	}
	return fmt.Sprint(b[0], b[6], b[8:44])
}

// A dial that finds no way to the host is told as such.
func TestHostUnreachable(t *testing.T) {
	inBoth(t, func(t *testing.T, f family) {
		s := newScript(t, f, forward.Config{})
		s.dials.answers <- "unreachable"
		s.told(f, f.host, s.segment("S", nil).bytes())
	})
}

// A segment that comes in fragments, or with a wrong checksum.
func TestSegments(t *testing.T) {
	inBoth(t, func(t *testing.T, f family) {
		s := newScript(t, f, forward.Config{})
		bad := s.segment("S", nil)
		bad.badSum = true
		s.send(bad.bytes())
		s.run("silence")
		assert.Empty(t, s.dials.begun)
		s.run(opened...)
		p := s.segment("P.", pattern(3000))
		for _, part := range p.cut(1000, 7) {
			s.send(part)
		}
		s.sent += 3000
		s.run("up reads 3000", "> .", "up writes 10", "> 10")
	})
}
