package netstack_test

import (
	"encoding/binary"
	"io"
	"net/netip"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/checksum"
	"gvisor.dev/gvisor/pkg/tcpip/header"

	"github.com/strata-net/strata/netstack"
	"github.com/strata-net/strata/tunx"
)

// noLeak checks at the end of the test that goroutines are back to what they were at the
// call, and that the engine holds no endpoints.
func noLeak(t *testing.T) {
	t.Helper()
	before := runtime.NumGoroutine()
	t.Cleanup(func() {
		// Each try counts once, because NumGoroutine is off by hundreds at the moment
		// when the runtime moves ended ones from list to list.
		var now int
		for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
			if now = runtime.NumGoroutine(); now <= before {
				assert.Empty(t, tcpip.GetDanglingEndpoints())
				return
			}
		}
		buf := make([]byte, 1<<20)
		t.Errorf("%d goroutines, %d before:\n%s", now, before, buf[:runtime.Stack(buf, true)])
	})
}

// manual is a clock that stands still until it is moved.
type manual struct {
	mu     sync.Mutex
	now    time.Time
	timers []*manualTimer
}

type manualTimer struct {
	at time.Time
	f  func()
}

func newManual() *manual { return &manual{now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)} }

func (m *manual) Now() time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.now
}

func (m *manual) AfterFunc(d time.Duration, f func()) func() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	timer := &manualTimer{m.now.Add(d), f}
	m.timers = append(m.timers, timer)
	return func() bool {
		m.mu.Lock()
		defer m.mu.Unlock()
		before := len(m.timers)
		m.timers = slices.DeleteFunc(m.timers, func(t *manualTimer) bool { return t == timer })
		return len(m.timers) < before
	}
}

// pending returns how many timers are set.
func (m *manual) pending() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.timers)
}

// move lets time pass, timer by timer.
func (m *manual) move(d time.Duration) {
	m.mu.Lock()
	end := m.now.Add(d)
	for {
		next := slices.IndexFunc(m.timers, func(t *manualTimer) bool { return !t.at.After(end) })
		if next < 0 {
			break
		}
		for i, t := range m.timers {
			if t.at.Before(m.timers[next].at) {
				next = i
			}
		}
		t := m.timers[next]
		m.timers = slices.Delete(m.timers, next, next+1)
		m.now = t.at
		m.mu.Unlock()
		t.f()
		m.mu.Lock()
	}
	m.now = end
	m.mu.Unlock()
}

// script is a device whose other side is the test.
type script struct {
	in     chan scripted
	out    chan []byte
	closed chan struct{}
	once   sync.Once
	mtu    int
	err    error // of Close
}

type scripted struct {
	p   []byte
	err error
}

func newScript() *script {
	return &script{in: make(chan scripted), out: make(chan []byte, 1000), closed: make(chan struct{}), mtu: 1500}
}

func (s *script) MTU() int { return s.mtu }

func (s *script) Read(p []byte) (int, error) {
	select {
	case next := <-s.in:
		return copy(p, next.p), next.err
	case <-s.closed:
		return 0, io.EOF
	}
}

func (s *script) Write(p []byte) (int, error) {
	select {
	case <-s.closed:
		return 0, tunx.ErrClosed
	case s.out <- slices.Clone(p):
		return len(p), nil
	}
}

func (s *script) Close() error {
	s.once.Do(func() { close(s.closed) })
	return s.err
}

// next returns the next packet that the stack sent.
func (s *script) next(t testing.TB) []byte {
	t.Helper()
	select {
	case p := <-s.out:
		return p
	case <-time.After(20 * time.Second):
		require.Fail(t, "no packet")
		return nil
	}
}

// send gives the stack a packet.
func (s *script) send(t testing.TB, p []byte) {
	t.Helper()
	select {
	case s.in <- scripted{p: p}:
	case <-time.After(20 * time.Second):
		require.Fail(t, "nobody reads")
	}
}

// plainDevice has no offloads.
type plainDevice struct{ tunx.IPDevice }

// udpPacket is a datagram with right checksums.
func udpPacket(src, dst netip.AddrPort, ttl uint8, payload []byte) []byte {
	return ipPacket(src.Addr(), dst.Addr(), ttl, uint8(header.UDPProtocolNumber), 6, append(
		binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(
			binary.BigEndian.AppendUint16(nil, src.Port()), dst.Port()), uint16(8+len(payload))), 0), payload...))
}

// tcpPacket is a segment with right checksums.
func tcpPacket(src, dst netip.AddrPort, seq uint32, flags header.TCPFlags, payload []byte) []byte {
	h := header.TCP(make([]byte, header.TCPMinimumSize, header.TCPMinimumSize+len(payload)))
	h.Encode(&header.TCPFields{
		SrcPort: src.Port(), DstPort: dst.Port(), SeqNum: seq, DataOffset: header.TCPMinimumSize, Flags: flags, WindowSize: 1000,
	})
	return ipPacket(src.Addr(), dst.Addr(), 64, uint8(header.TCPProtocolNumber), 16, append(h, payload...))
}

func echoPacket(src, dst netip.Addr, ttl uint8, payload []byte) []byte {
	icmp := header.ICMPv4(append([]byte{8, 0, 0, 0, 0, 1, 0, 1}, payload...))
	icmp.SetChecksum(header.ICMPv4Checksum(icmp, 0))
	return ipPacket(src, dst, ttl, uint8(header.ICMPv4ProtocolNumber), -1, icmp)
}

// ipPacket puts a header before the transport's, and its checksum into the field at offset.
func ipPacket(src, dst netip.Addr, ttl, protocol uint8, field int, transport []byte) []byte {
	sum := checksum.Checksum(src.AsSlice(), uint16(protocol))
	sum = checksum.Combine(checksum.Checksum(dst.AsSlice(), sum), uint16(len(transport)))
	if field >= 0 {
		binary.BigEndian.PutUint16(transport[field:], ^checksum.Checksum(transport, sum))
	}
	if src.Is4() {
		h := header.IPv4(make([]byte, header.IPv4MinimumSize))
		h.Encode(&header.IPv4Fields{
			TotalLength: uint16(len(h) + len(transport)), ID: 7, TTL: ttl, Protocol: protocol,
			SrcAddr: tcpip.AddrFromSlice(src.AsSlice()), DstAddr: tcpip.AddrFromSlice(dst.AsSlice()),
		})
		h.SetChecksum(^h.CalculateChecksum())
		return append(h, transport...)
	}
	h := header.IPv6(make([]byte, header.IPv6MinimumSize))
	h.Encode(&header.IPv6Fields{
		PayloadLength: uint16(len(transport)), TransportProtocol: tcpip.TransportProtocolNumber(protocol), HopLimit: ttl,
		SrcAddr: tcpip.AddrFromSlice(src.AsSlice()), DstAddr: tcpip.AddrFromSlice(dst.AsSlice()),
	})
	return append(h, transport...)
}

// sumsRight reports whether all checksums of a TCP or UDP packet are right.
func sumsRight(p []byte) bool {
	if header.IPVersion(p) == header.IPv4Version {
		h := header.IPv4(p)
		if !h.IsChecksumValid() || int(h.TotalLength()) != len(p) {
			return false
		}
		return transportSum(p[12:16], p[16:20], h.Protocol(), p[h.HeaderLength():])
	}
	h := header.IPv6(p)
	return int(h.PayloadLength()) == len(p)-header.IPv6MinimumSize && transportSum(p[8:24], p[24:40], h.NextHeader(), p[40:])
}

func transportSum(src, dst []byte, protocol uint8, b []byte) bool {
	sum := checksum.Checksum(dst, checksum.Checksum(src, uint16(protocol)))
	return checksum.Checksum(b, checksum.Combine(sum, uint16(len(b)))) == 0xffff
}

func prefix(s string) netip.Prefix { return netip.MustParsePrefix(s) }

func addr(s string) netip.Addr { return netip.MustParseAddr(s) }

func port(s string) netip.AddrPort { return netip.MustParseAddrPort(s) }

// scripted stack: NIC 1 is the device, with an address of each family.
func newScripted(t testing.TB, c *netstack.Config) (*netstack.Stack, *script) {
	t.Helper()
	d := newScript()
	s, err := netstack.New(c)
	require.NoError(t, err)
	t.Cleanup(func() { _ = s.Close() })
	require.NoError(t, s.CreateNIC(1, d))
	require.NoError(t, s.AddAddress(1, prefix("192.0.2.1/24")))
	require.NoError(t, s.AddAddress(1, prefix("2001:db8::1/64")))
	require.NoError(t, s.SetRouteTable([]netstack.Route{
		{Destination: prefix("0.0.0.0/0"), NIC: 1}, {Destination: prefix("::/0"), NIC: 1},
	}))
	return s, d
}
