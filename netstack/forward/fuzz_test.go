//go:build !plan9

package forward_test

import (
	"net"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/netstack/forward"
	"github.com/strata-net/strata/tunx"
)

// silent answers without telling the test.
type silent struct{ r tunx.PacketResponseReceiver }

func (s *silent) WriteTo(p []byte, to netip.AddrPort) (int, error) {
	return s.r.WriteFrom(p, net.UDPAddrFromAddrPort(to))
}

func (*silent) Close() error { return nil }

// FuzzWrite gives a device whatever bytes there are: none of them may do harm.
func FuzzWrite(f *testing.F) {
	for _, a := range families {
		f.Add(segment(a.client, a.server, syn, 1, 0))
		f.Add(segment(a.client, a.server, rst, 2, 0))
		f.Add(ip(a.client, a.server, protoUDP, udp(4000, 53, payload(20)), 6))
		p, protocol := ping(a.client, 1, 2, payload(20))
		f.Add(ip(a.client, a.server, protocol, p, 2))
		for _, g := range fragments(a.client, a.server, protoUDP, udp(4000, 53, payload(40)), 6, 16) {
			f.Add(g)
		}
	}
	f.Add([]byte{0x60, 0, 0, 0, 0, 0})                         // 6 bytes of IPv6
	f.Add([]byte{0x45, 0, 0, 9, 0, 0, 0x20, 0, 64})            // 9 bytes of an IPv4 fragment
	f.Add([]byte{0x4f, 0, 0, 20, 0, 0, 0, 0, 64, 17, 0, 0, 1}) // options beyond the packet
	f.Add([]byte{})
	d, err := forward.NewDevice(0, &forward.Config{
		Packets: proxyFunc(func(r tunx.PacketResponseReceiver) (tunx.PacketRequestSender, error) {
			return &silent{r}, nil
		}), Echo: forward.EchoAnswer,
	})
	require.NoError(f, err)
	f.Cleanup(func() { require.NoError(f, d.Close()) })
	go func() {
		for b := make([]byte, 65535); ; {
			if _, err := d.Read(b); err != nil {
				return
			}
		}
	}()
	f.Fuzz(func(t *testing.T, p []byte) {
		n, err := d.Write(p)
		if len(p) > d.MTU() {
			require.ErrorIs(t, err, tunx.ErrMsgSize)
			require.Zero(t, n)
		} else {
			require.NoError(t, err)
		}
	})
}
