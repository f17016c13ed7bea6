package tunxtest_test

import (
	"context"
	"net"
	"net/netip"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/tunx"
	"github.com/strata-net/strata/tunx/tunxtest"
)

// The package's own devices and proxies pass.
func TestPipe(t *testing.T) {
	for name, mtu := range map[string]int{"1500": 0, "largest": 65535, "smallest for IPv6": 1280} {
		t.Run(name, func(t *testing.T) {
			tunxtest.TestIPDevice(t, func(*testing.T) *tunxtest.Devices {
				a, b := tunx.Pipe(mtu)
				return &tunxtest.Devices{Device: a, Peer: b}
			})
		})
	}
}

// plain hides everything that a device can do besides.
type plain struct{ tunx.IPDevice }

func TestPlainDevice(t *testing.T) {
	tunxtest.TestIPDevice(t, func(*testing.T) *tunxtest.Devices {
		a, b := tunx.Pipe(0)
		return &tunxtest.Devices{Device: plain{a}, Peer: b}
	})
}

// double is a device with two queues that are the same one.
type double struct{ tunx.IPDevice }

func (d double) Queues() []tunx.IPDevice { return []tunx.IPDevice{d.IPDevice, d.IPDevice} }

func TestMultiQueue(t *testing.T) {
	tunxtest.TestIPDevice(t, func(*testing.T) *tunxtest.Devices {
		a, b := tunx.Pipe(0)
		return &tunxtest.Devices{Device: double{a}, Peer: b}
	})
}

// closedPort is one at which nobody listens: that of a socket which takes from another one
// only, so that no other process can have it meanwhile.
func closedPort(t *testing.T) netip.AddrPort {
	t.Helper()
	ip := net.IPv4(127, 0, 0, 1)
	c, err := net.DialUDP("udp4", &net.UDPAddr{IP: ip}, &net.UDPAddr{IP: ip, Port: 9})
	require.NoError(t, err)
	t.Cleanup(func() { c.Close() })
	return c.LocalAddr().(*net.UDPAddr).AddrPort()
}

func direct(t *testing.T) tunx.PacketProxy {
	t.Helper()
	p, err := tunx.NewPacketProxyFromPacketListener(tunx.PacketListenerFrom(&net.ListenConfig{}, "udp", ":0"))
	require.NoError(t, err)
	return p
}

func TestPacketListenerProxy(t *testing.T) {
	tunxtest.TestPacketProxy(t, func(t *testing.T) *tunxtest.Proxy {
		p := &tunxtest.Proxy{PacketProxy: direct(t), MaxPayload: 9000}
		if runtime.GOOS == "linux" { // elsewhere sockets that are not connected are not told
			p.Closed = closedPort(t)
		}
		return p
	})
}

// otherConn hides that a conn is a *net.UDPConn.
type otherConn struct{ net.PacketConn }

func TestOtherPacketConn(t *testing.T) {
	tunxtest.TestPacketProxy(t, func(t *testing.T) *tunxtest.Proxy {
		p, err := tunx.NewPacketProxyFromPacketListener(tunx.PacketListenerFunc(func(ctx context.Context) (net.PacketConn, error) {
			c, err := (&net.ListenConfig{}).ListenPacket(ctx, "udp", ":0")
			return otherConn{c}, err
		}))
		require.NoError(t, err)
		return &tunxtest.Proxy{PacketProxy: p}
	})
}

func TestPacketDialerProxy(t *testing.T) {
	tunxtest.TestPacketProxy(t, func(t *testing.T) *tunxtest.Proxy {
		p, err := tunx.NewPacketProxyFromDialer(&net.Dialer{}, nil)
		require.NoError(t, err)
		test := &tunxtest.Proxy{PacketProxy: p}
		if runtime.GOOS != "windows" { // package net switches it off there
			test.Closed = closedPort(t)
		}
		return test
	})
}

func TestRelay(t *testing.T) {
	tunxtest.TestPacketProxy(t, func(t *testing.T) *tunxtest.Proxy {
		return &tunxtest.Proxy{PacketProxy: tunx.PacketProxyFrom(tunx.PacketRelayFrom(direct(t)))}
	})
}

func TestDelegate(t *testing.T) {
	tunxtest.TestPacketProxy(t, func(t *testing.T) *tunxtest.Proxy {
		p, err := tunx.NewDelegatePacketProxy(direct(t))
		require.NoError(t, err)
		return &tunxtest.Proxy{PacketProxy: p}
	})
}
