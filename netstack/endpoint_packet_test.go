package netstack_test

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/netstack"
	"github.com/strata-net/strata/tunx"
)

// packet4 returns an IPv4 packet from stack one's address to stack two's, with checksums.
func packet4(protocol byte, payload []byte) []byte {
	p := make([]byte, 20, 20+len(payload))
	p[0], p[8], p[9] = 0x45, 64, protocol
	binary.BigEndian.PutUint16(p[2:], uint16(20+len(payload)))
	copy(p[12:], families[0].one.AsSlice())
	copy(p[16:], families[0].two.AsSlice())
	binary.BigEndian.PutUint16(p[10:], ^sum(0, p))
	return append(p, payload...)
}

// segment returns a TCP segment with flags, options and a checksum.
func segment(port uint16, flags byte, options ...byte) []byte {
	p := make([]byte, 20, 20+len(options))
	binary.BigEndian.PutUint16(p, 40000)
	binary.BigEndian.PutUint16(p[2:], port)
	binary.BigEndian.PutUint32(p[4:], 1000)
	p[12], p[13] = byte(20+len(options))<<2, flags
	binary.BigEndian.PutUint16(p[14:], 65535)
	p = append(p, options...)
	pseudo := append(families[0].one.AsSlice(), families[0].two.AsSlice()...)
	pseudo = append(pseudo, 0, 6, 0, byte(len(p)))
	binary.BigEndian.PutUint16(p[16:], ^sum(sum(0, pseudo), p))
	return p
}

func sum(start uint16, p []byte) uint16 {
	s := uint32(start)
	for i := 0; i+1 < len(p); i += 2 {
		s += uint32(binary.BigEndian.Uint16(p[i:]))
	}
	if len(p)%2 == 1 {
		s += uint32(p[len(p)-1]) << 8
	}
	for s > 0xffff {
		s = s>>16 + s&0xffff
	}
	return uint16(s)
}

// TestListenNoCookies has window scale and SACK in the answer to the first SYN, which a SYN
// cookie has no room for, whatever the backlog.
func TestListenNoCookies(t *testing.T) {
	for _, backlog := range []int{0, 1, 5} {
		a, b := tunx.Pipe(0)
		s := hostOn(t, a, families[0].two)
		_, at := listener(t, s, netstack.IPv4, families[0].two, backlog)
		wish := []byte{2, 4, 5, 180, 4, 2, 1, 3, 3, 7, 0, 0}
		_, err := b.Write(packet4(6, segment(at.Port, 2, wish...)))
		require.NoError(t, err)
		p := make([]byte, 2000)
		n, err := b.Read(p)
		require.NoError(t, err)
		tcp := p[20:n]
		require.Equal(t, byte(0x12), tcp[13], "SYN and ACK")
		options := tcp[20 : tcp[12]>>4*4]
		assert.True(t, bytes.Contains(options, []byte{3, 3}), "window scale in %x", options)
		assert.True(t, bytes.Contains(options, []byte{4, 2}), "SACK in %x", options)
	}
}

// FuzzPackets throws packets at a stack that listens: it must live.
func FuzzPackets(f *testing.F) {
	f.Add(packet4(6, segment(80, 2)))
	f.Add(packet4(17, []byte{156, 64, 0, 80, 0, 9, 0, 0, 'x'}))
	f.Add(packet4(1, []byte{8, 0, 0xf7, 0xff, 0, 0, 0, 0}))
	f.Add(packet4(1, append([]byte{3, 3, 0, 0, 0, 0, 0, 0}, packet4(17, make([]byte, 8))...)))
	f.Add([]byte{0x60, 0, 0, 0, 0, 0, 59, 64})
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, p []byte) {
		if len(p) > 1500 {
			return
		}
		a, b := tunx.Pipe(1500)
		s := hostOn(t, a, families[0].two, families[1].two)
		listener(t, s, netstack.IPv6, netip.IPv6Unspecified(), 1)
		u := newEndpoint(t, s, netstack.UDP, netstack.IPv6)
		require.NoError(t, u.Bind(netstack.FullAddress{Port: 80}, nil))
		if len(p) > 0 {
			_, err := b.Write(p)
			require.NoError(t, err)
		}
		_, _ = b.Write(packet4(6, p)) // too long for the link
		_, _ = b.Write(packet4(17, p))
		echoed(t, b)
		_, err := u.RecvMsg(make([]byte, 100), nil)
		if err != nil {
			require.ErrorIs(t, err, netstack.ErrWouldBlock)
		}
	})
}

// echoed waits until the stack has answered an echo request, and so all before it.
func echoed(t *testing.T, dev tunx.IPDevice) {
	t.Helper()
	ask := []byte{8, 0, 0, 0, 0, 99, 0, 98}
	binary.BigEndian.PutUint16(ask[2:], ^sum(0, ask))
	late := time.AfterFunc(patience, func() { _ = dev.Close() })
	defer late.Stop()
	_, err := dev.Write(packet4(1, ask))
	require.NoError(t, err)
	for p := make([]byte, 65535); ; {
		n, err := dev.Read(p)
		require.NoError(t, err)
		if n == 28 && p[9] == 1 && p[20] == 0 && bytes.Equal(p[24:28], ask[4:]) {
			return
		}
	}
}

// FuzzEndpoint calls methods in an order that the input says: nothing may panic, hang, or
// stay behind.
func FuzzEndpoint(f *testing.F) {
	f.Add([]byte{0, 0, 1, 0, 2, 0, 3, 1, 4, 0, 5, 0})
	f.Add([]byte{2, 1, 3, 0, 6, 1, 7, 0, 8, 0, 9, 0, 10, 1, 11, 0, 12, 1, 13, 0})
	f.Fuzz(func(t *testing.T, calls []byte) {
		if len(calls) > 200 {
			return
		}
		one, two := stacks(t)
		l, at := listener(t, two, netstack.IPv4, families[0].two, 1)
		pool := []netstack.Endpoint{
			newEndpoint(t, one, netstack.TCP, netstack.IPv4), newEndpoint(t, one, netstack.TCP, netstack.IPv6),
			newEndpoint(t, one, netstack.UDP, netstack.IPv6), newEndpoint(t, one, netstack.ICMPv4, netstack.IPv4), l,
		}
		for i := 0; i+1 < len(calls); i += 2 {
			e := pool[int(calls[i+1])%len(pool)]
			if n := call(e, l, at, int(calls[i]), i); n != nil && len(pool) < 20 {
				pool = append(pool, n)
				t.Cleanup(func() { _ = n.Close() })
			}
			if err := invariant(e); err != "" {
				t.Fatal(err)
			}
		}
	})
}

// call calls one of the methods; Accept gives an endpoint.
func call(e, l netstack.Endpoint, at netstack.FullAddress, what, i int) netstack.Endpoint {
	p := make([]byte, 10)
	switch what % 22 {
	case 0:
		_ = e.Bind(netstack.FullAddress{Port: uint16(i % 3)}, nil)
	case 1:
		_ = e.Bind(netstack.FullAddress{}, func() error { return e.Listen(1) })
	case 2:
		_ = e.Connect(at)
	case 3:
		_ = e.ConnectEndpoint(l)
	case 4:
		_ = e.Connect(netstack.FullAddress{})
	case 5:
		_ = e.Listen(i % 3)
	case 6:
		n, err := e.Accept()
		if err == nil {
			return n
		}
	case 7:
		_, _ = e.Write(p, nil)
	case 8:
		_, _ = e.Write(p, &at)
	case 9:
		_, _ = e.SendMsg(p, &netstack.Message{To: at, ControlMessages: netstack.ControlMessages{TOS: i % 256, TTL: i % 256}})
	case 10:
		_, _ = e.SendMsg(p, &netstack.Message{More: true})
	case 11:
		_, _ = e.Read(p, &at)
	case 12:
		_, _ = e.RecvMsg(p, new(netstack.Message))
	case 13:
		_, _ = e.Peek(p)
	case 14:
		_ = e.Shutdown(netstack.ShutdownFlags(i % 5))
	case 15:
		_ = e.Abort()
	case 16:
		e.Notify(netstack.EventIn, func(netstack.EventMask) { _, _ = e.Read(make([]byte, 1), nil) })()
	case 17:
		_ = e.SetSockOpt(optionCases[i%len(optionCases)].value)
	case 18:
		_ = e.GetSockOpt(new(netstack.ErrorOption))
	case 19:
		_ = e.GetSockOpt(new(netstack.InfoOption))
	case 20:
		_, _ = e.GetRemoteAddress()
	case 21:
		_ = e.Close()
	}
	return nil
}

// invariant says what does not hold of every endpoint at any time.
func invariant(e netstack.Endpoint) string {
	n, err := e.Peek(make([]byte, 10))
	switch {
	case n != 0 && err != nil:
		return "data and an error"
	case n < 0 || n > 10:
		return "impossible length"
	}
	if _, err := e.GetLocalAddress(); err != nil {
		return err.Error()
	}
	return ""
}
