//go:build !plan9

package forward_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gvisor.dev/gvisor/pkg/tcpip/header"

	"github.com/strata-net/strata/netstack"
	"github.com/strata-net/strata/netstack/forward"
	"github.com/strata-net/strata/tunx"
)

const protoUDP = uint8(header.UDPProtocolNumber)

// mirror is a packet proxy that answers each datagram with itself.
type mirror struct{ sessions chan netip.AddrPort }

func (m mirror) NewSession(r tunx.PacketResponseReceiver) (tunx.PacketRequestSender, error) {
	return mirrored{r, m.sessions}, nil
}

type mirrored struct {
	r        tunx.PacketResponseReceiver
	sessions chan netip.AddrPort
}

func (m mirrored) WriteTo(p []byte, to netip.AddrPort) (int, error) {
	m.sessions <- to
	return m.r.WriteFrom(p, net.UDPAddrFromAddrPort(to))
}

func (mirrored) Close() error { return nil }

func newMirror() mirror { return mirror{make(chan netip.AddrPort, 1000)} }

func payload(n int) []byte {
	p := make([]byte, n)
	for i := range p {
		p[i] = byte(i * 31)
	}
	return p
}

// answered checks that the answer to a datagram of payload p comes.
func (w *wire) answered(client, server netip.Addr, p []byte) {
	w.t.Helper()
	got := w.reassemble()
	assert.Equal(w.t, server, got.src)
	assert.Equal(w.t, client, got.dst)
	u := header.UDP(got.transport)
	assert.EqualValues(w.t, 53, u.SourcePort())
	assert.EqualValues(w.t, 4000, u.DestinationPort())
	assert.EqualValues(w.t, len(got.transport), u.Length())
	assert.True(w.t, bytes.Equal(p, u.Payload()))
}

func TestDatagramForms(t *testing.T) {
	for name, a := range families {
		whole := func(n int) []byte { return ip(a.client, a.server, protoUDP, udp(4000, 53, payload(n)), 6) }
		t.Run(name, func(t *testing.T) {
			noLeak(t)
			m := newMirror()
			w := openWire(t, &forward.Config{Packets: m})
			for _, n := range []int{0, 1, 2, 511, 1400} {
				w.send(whole(n))
				w.answered(a.client, a.server, payload(n))
				assert.Equal(t, netip.AddrPortFrom(a.server, 53), receive(t, m.sessions))
			}
			// Fragments find the same session, the answer is cut as well.
			for _, n := range []int{2000, 9000} {
				for _, f := range fragments(a.client, a.server, protoUDP, udp(4000, 53, payload(n)), 6, 1000) {
					w.send(f)
				}
				w.answered(a.client, a.server, payload(n))
			}
			assert.EqualValues(t, 1, w.dev.Stats().UDP.Opened)
		})
		t.Run(name+" that are wrong", func(t *testing.T) {
			noLeak(t)
			m := newMirror()
			w := openWire(t, &forward.Config{Packets: m})
			bad := whole(100)
			bad[len(bad)-1] ^= 1
			w.send(bad)
			short := ip(a.client, a.server, protoUDP, udp(4000, 53, payload(9)), 6)
			binary.BigEndian.PutUint16(short[len(short)-17+4:], 200) // a length beyond the packet
			w.send(short)
			w.send(ip(a.client, a.server, protoUDP, []byte{1, 2, 3}, -1))
			zero := whole(4)
			zero[len(zero)-12+6], zero[len(zero)-12+7] = 0, 0
			w.send(zero) // no checksum: for IPv4 only
			w.send(whole(5))
			if a.client.Is4() {
				w.answered(a.client, a.server, payload(4))
			}
			w.answered(a.client, a.server, payload(5))
			w.quiet()
		})
	}
}

func TestDatagramWithOptions(t *testing.T) {
	noLeak(t)
	w := openWire(t, &forward.Config{Packets: newMirror()})
	a := families["ipv4"]
	u := ip(a.client, a.server, protoUDP, udp(4000, 53, payload(50)), 6)[20:]
	w.send(ipv4(a.client, a.server, protoUDP, u, []byte{1, 1, 1, 0}, 0, 0))
	w.answered(a.client, a.server, payload(50))
	b := families["ipv6"]
	u = ip(b.client, b.server, protoUDP, udp(4000, 53, payload(50)), 6)[40:]
	w.send(ip(b.client, b.server, 0, append([]byte{protoUDP, 0, 1, 4, 0, 0, 0, 0}, u...), -1)) // hop by hop
	w.answered(b.client, b.server, payload(50))
	w.send(ip(b.client, b.server, 60, append([]byte{protoUDP, 0, 1, 4, 0, 0, 0, 0}, u...), -1)) // destination
	w.answered(b.client, b.server, payload(50))
}

func TestDatagramsToNobody(t *testing.T) {
	noLeak(t)
	m := newMirror()
	w := openWire(t, &forward.Config{Packets: m})
	for i, to := range []string{"224.0.0.251", "169.254.1.1", "ff02::fb", "fe80::1", "255.255.255.255"} {
		a, client := netip.MustParseAddr(to), client4.Addr()
		if a.Is6() {
			client = client6.Addr()
		}
		w.send(ip(client, a, protoUDP, udp(4000, 53, payload(5)), 6))
		if i == 1 || i == 3 { // link-local ones come through
			await(t, "counted", func() bool { return w.dev.Stats().UDPDropped > 0 })
		}
	}
	a := families["ipv4"]
	w.send(ip(a.client, a.server, protoUDP, udp(4000, 53, payload(5)), 6))
	w.answered(a.client, a.server, payload(5))
	assert.Len(t, m.sessions, 1)
}

func TestPortUnreachable(t *testing.T) {
	for name, a := range families {
		t.Run(name, func(t *testing.T) {
			noLeak(t)
			w := openWire(t, nil)
			sent := ip(a.client, a.server, protoUDP, udp(4000, 443, payload(20)), 6)
			w.send(sent)
			got := w.next()
			kind, code, header := uint8(3), uint8(3), 20
			if a.client.Is6() {
				kind, code, header = 1, 4, 40
			}
			assert.Equal(t, []byte{kind, code}, got.transport[:2])
			assert.Equal(t, a.server, got.src)
			quote := got.transport[8:]
			require.GreaterOrEqual(t, len(quote), header+8)
			assert.Equal(t, sent[header-2*a.client.BitLen()/8:header], quote[header-2*a.client.BitLen()/8:header], "the addresses")
			assert.Equal(t, sent[header:header+4], quote[header:header+4], "the ports")
		})
	}
	t.Run("seen by a client", func(t *testing.T) {
		noLeak(t)
		told := make(chan netip.AddrPort, 10)
		s, f := open(t, &forward.Config{Sessions: &tunx.SessionConfig{Unreachable: func(_, remote netip.AddrPort) { told <- remote }}})
		c, err := s.DialContext(t.Context(), "udp", net.JoinHostPort(server4, "443"))
		require.NoError(t, err)
		defer c.Close()
		_, err = c.Write([]byte("hello"))
		require.NoError(t, err)
		require.NoError(t, c.SetDeadline(time.Now().Add(20*time.Second)))
		_, err = c.Read(make([]byte, 10))
		require.ErrorIs(t, err, connRefused)
		assert.Equal(t, netip.MustParseAddrPort(server4+":443"), receive(t, told))
		require.NoError(t, f.SetPacketProxy(newMirror()))
		await(t, "an answer", func() bool {
			_, _ = c.Write([]byte("hello"))
			require.NoError(t, c.SetDeadline(time.Now().Add(100*time.Millisecond)))
			_, err := c.Read(make([]byte, 10))
			return err == nil
		})
	})
}

// TestSessionThatHangs has a proxy whose NewSession never returns: others go on, and Close
// does not wait.
func TestSessionThatHangs(t *testing.T) {
	noLeak(t)
	release := make(chan struct{})
	defer close(release)
	m := newMirror()
	first := true
	w := openWire(t, &forward.Config{Packets: proxyFunc(func(r tunx.PacketResponseReceiver) (tunx.PacketRequestSender, error) {
		if first {
			first = false
			m.sessions <- netip.AddrPort{}
			<-release
		}
		return m.NewSession(r)
	})})
	a := families["ipv4"]
	w.send(ip(netip.MustParseAddr("10.7.0.9"), a.server, protoUDP, udp(4000, 53, payload(5)), 6))
	receive(t, m.sessions)
	w.send(ip(a.client, a.server, protoUDP, udp(4000, 53, payload(5)), 6))
	w.answered(a.client, a.server, payload(5))
	require.NoError(t, w.dev.Close())
}

type proxyFunc func(tunx.PacketResponseReceiver) (tunx.PacketRequestSender, error)

func (f proxyFunc) NewSession(r tunx.PacketResponseReceiver) (tunx.PacketRequestSender, error) {
	return f(r)
}

func TestDNSHook(t *testing.T) {
	noLeak(t)
	hooked := newMirror()
	w := openWire(t, &forward.Config{DNS: func(next tunx.PacketProxy) (tunx.PacketProxy, error) {
		require.NotNil(t, next)
		return hooked, nil
	}})
	a := families["ipv4"]
	w.send(ip(a.client, a.server, protoUDP, udp(4000, 53, payload(5)), 6))
	w.answered(a.client, a.server, payload(5))
	_, err := forward.NewDevice(0, &forward.Config{DNS: func(tunx.PacketProxy) (tunx.PacketProxy, error) { return nil, context.Canceled }})
	require.ErrorIs(t, err, context.Canceled)
}

func TestPing(t *testing.T) {
	for name, a := range families {
		for _, size := range []int{0, 56, 1400, 3000} {
			send := func(w *wire) {
				p, protocol := ping(a.client, 7, 9, payload(size))
				for _, f := range fragments(a.client, a.server, protocol, p, 2, 1400) {
					if size <= 1372 {
						f = ip(a.client, a.server, protocol, p, 2)
					}
					w.send(f)
				}
			}
			t.Run(name+" answered", func(t *testing.T) {
				noLeak(t)
				w := openWire(t, &forward.Config{Echo: forward.EchoAnswer})
				send(w)
				w.pong(a.client, a.server, payload(size))
				await(t, "counted", func() bool { return w.dev.Stats().EchoAnswered == 1 })
			})
			t.Run(name+" dropped", func(t *testing.T) {
				noLeak(t)
				w := openWire(t, nil)
				send(w)
				await(t, "counted", func() bool { return w.dev.Stats().EchoDropped == 1 })
				w.quiet()
			})
			t.Run(name+" passed", func(t *testing.T) {
				noLeak(t)
				replies := make(chan func([]byte) error, 1)
				w := openWire(t, &forward.Config{Echo: forward.EchoPass, OnEcho: func(e netstack.Echo, reply func([]byte) error) {
					assert.Equal(t, a.client, e.Src)
					assert.Equal(t, a.server, e.Dst)
					assert.Len(t, e.Data, size)
					replies <- reply
				}})
				send(w)
				reply := receive(t, replies)
				w.quiet()
				require.NoError(t, reply([]byte("late")))
				w.pong(a.client, a.server, []byte("late"))
				require.NoError(t, w.dev.Close())
				require.Error(t, reply(nil))
			})
		}
	}
}

// pong checks the answer to a ping.
func (w *wire) pong(client, server netip.Addr, data []byte) {
	w.t.Helper()
	got := w.reassemble()
	assert.Equal(w.t, server, got.src)
	assert.Equal(w.t, client, got.dst)
	kind := uint8(0)
	if client.Is6() {
		kind = 129
	}
	assert.Equal(w.t, []byte{kind, 0}, got.transport[:2])
	assert.Equal(w.t, []byte{0, 7, 0, 9}, got.transport[4:8])
	assert.True(w.t, bytes.Equal(data, got.transport[8:]))
}
