//go:build !plan9

package forward_test

import (
	"errors"
	"net"
	"net/netip"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/netstack"
	"github.com/strata-net/strata/netstack/forward"
	"github.com/strata-net/strata/tunx"
)

// broken is a sender that sends nothing.
type broken struct{ err error }

func (b broken) WriteTo([]byte, netip.AddrPort) (int, error) { return 0, b.err }

func (broken) Close() error { return nil }

// TestUnreachable wants the ICMP message that says why a datagram was not sent.
func TestUnreachable(t *testing.T) {
	for name, c := range map[string]struct {
		err   error
		codes [2]uint8 // of ICMP, ICMPv6
	}{
		"refused":     {connRefused, [2]uint8{3, 4}},
		"host":        {hostUnreach, [2]uint8{1, 3}},
		"host down":   {hostDown, [2]uint8{1, 3}},
		"network":     {&net.OpError{Op: "write", Err: netUnreach}, [2]uint8{0, 0}},
		"access":      {access, [2]uint8{13, 1}},
		"prohibited":  {syscall.EPERM, [2]uint8{13, 1}},
		"of netstack": {netstack.ErrHostUnreachable, [2]uint8{1, 3}},
	} {
		for where, proxy := range map[string]tunx.PacketProxy{
			"session": proxyFunc(func(tunx.PacketResponseReceiver) (tunx.PacketRequestSender, error) { return nil, c.err }),
			"write":   proxyFunc(func(tunx.PacketResponseReceiver) (tunx.PacketRequestSender, error) { return broken{c.err}, nil }),
		} {
			t.Run(name+", "+where, func(t *testing.T) {
				noLeak(t)
				w := openWire(t, &forward.Config{Packets: proxy})
				w.unreachable(c.codes)
			})
		}
	}
	t.Run("unknown", func(t *testing.T) {
		noLeak(t)
		told := make(chan error, 10)
		w := openWire(t, &forward.Config{
			Packets: proxyFunc(func(tunx.PacketResponseReceiver) (tunx.PacketRequestSender, error) {
				return broken{errors.New("who knows")}, nil
			}),
			Sessions: &tunx.SessionConfig{OnFailure: func(_, _ netip.AddrPort, cause error) { told <- cause }},
		})
		a := families["ipv4"]
		w.send(ip(a.client, a.server, protoUDP, udp(4000, 443, payload(20)), 6))
		require.EqualError(t, receive(t, told), "who knows")
		w.quiet()
	})
}

// TestNoRouteBehind sends through another stack, which has no route.
func TestNoRouteBehind(t *testing.T) {
	noLeak(t)
	s, err := netstack.New(nil)
	require.NoError(t, err)
	defer s.Close()
	p, err := tunx.NewPacketProxyFromPacketListener(tunx.PacketListenerFrom(&netstack.ListenConfig{Stack: s}, "udp", ":0"))
	require.NoError(t, err)
	openWire(t, &forward.Config{Packets: p}).unreachable([2]uint8{0, 0})
}

// unreachable sends a datagram in both families and wants ICMP's answer.
func (w *wire) unreachable(codes [2]uint8) {
	w.t.Helper()
	for _, a := range families {
		w.send(ip(a.client, a.server, protoUDP, udp(4000, 443, payload(20)), 6))
		got := w.next()
		want := []byte{3, codes[0]}
		if a.client.Is6() {
			want = []byte{1, codes[1]}
		}
		assert.Equal(w.t, want, got.transport[:2])
		assert.Equal(w.t, a.server, got.src)
		assert.Equal(w.t, a.client, got.dst)
	}
}
