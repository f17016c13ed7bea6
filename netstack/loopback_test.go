package netstack_test

import (
	"context"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/netstack"
	"github.com/strata-net/strata/tunx"
)

// TestHandlersOfOwnPackets: what a stack sends past its endpoints to one of its own addresses
// comes back, as what endpoints send there does.
func TestHandlersOfOwnPackets(t *testing.T) {
	for name, forwarding := range map[string]bool{"host": false, "router": true} {
		t.Run(name, func(t *testing.T) {
			s, err := netstack.New(&netstack.Config{Forwarding: forwarding})
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, s.Close()) })
			require.NoError(t, s.CreateNIC(1, netstack.Loopback))
			dev, _ := tunx.Pipe(1500)
			require.NoError(t, s.CreateNIC(2, dev))
			require.NoError(t, s.AddAddress(2, prefix(right4+"/24")))
			require.NoError(t, s.AddAddress(2, prefix(right6+"/64")))
			s.HandleUDP(func(d netstack.Datagram) {
				assert.NoError(t, s.SendUDP(netstack.Datagram{NIC: d.NIC, Src: d.Dst, Dst: d.Src, Payload: d.Payload}))
			})
			s.HandleEcho(func(e netstack.Echo) {
				e.Src, e.Dst = e.Dst, e.Src
				assert.NoError(t, s.SendEchoReply(e))
			})
			require.NoError(t, s.HandleTCP(&netstack.TCPHandler{Handle: func(r *netstack.TCPRequest) {
				assert.NoError(t, r.Unreachable(netstack.NetworkUnreachable))
			}}))
			for _, host := range []string{"127.0.0.1", "::1", right4, right6} {
				exchangeSelf(t, s, netip.MustParseAddr(host))
			}
		})
	}
}

func exchangeSelf(t *testing.T, s *netstack.Stack, host netip.Addr) {
	t.Helper()
	p := make([]byte, 100)
	c, err := s.Dial("udp", netip.AddrPortFrom(host, 9).String())
	require.NoError(t, err)
	defer c.Close()
	require.NoError(t, c.SetReadDeadline(time.Now().Add(20*time.Second)))
	_, err = c.Write([]byte("there and back"))
	require.NoError(t, err)
	n, err := c.Read(p)
	require.NoError(t, err)
	assert.Equal(t, "there and back", string(p[:n]), host)

	c, err = s.Dial("ping", host.String())
	require.NoError(t, err)
	defer c.Close()
	require.NoError(t, c.SetReadDeadline(time.Now().Add(20*time.Second)))
	request := []byte{8, 0, 0, 0, 0, 0, 0, 1, 'x'}
	if host.Is6() {
		request[0] = 128
	}
	_, err = c.Write(request)
	require.NoError(t, err)
	n, err = c.Read(p)
	require.NoError(t, err)
	assert.Equal(t, "x", string(p[8:n]), host)

	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	_, err = s.DialContext(ctx, "tcp", netip.AddrPortFrom(host, 9).String())
	require.ErrorIs(t, err, netstack.ErrNetworkUnreachable, host)
}
