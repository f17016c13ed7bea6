package udpbatch_test

import (
	"errors"
	"net"
	"net/netip"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/strata-net/strata/listener/udpbatch"
	"github.com/strata-net/strata/sockopt"
)

// A connected Conn sends with metadata too, and ECN keeps the DSCP of IP_TOS.
func TestECNKeepsDSCP(t *testing.T) {
	for _, test := range []struct{ address, option string }{
		{"127.0.0.1:0", "IP_TOS=184"}, {"[::1]:0", "IPV6_TCLASS=184"},
	} {
		engines(t, func(t *testing.T, configure func(udpbatch.Config) *udpbatch.Config) {
			options, err := sockopt.ParseList(test.option)
			require.NoError(t, err)
			in, err := net.ListenPacket("udp", test.address)
			require.NoError(t, err)
			defer in.Close()
			require.NoError(t, sockopt.IPRecvTOS.Set(in.(*net.UDPConn), true))
			require.NoError(t, in.SetDeadline(time.Now().Add(patience)))
			out := dial(t, in.LocalAddr().String(), configure(udpbatch.Config{Options: options}))
			for _, ecn := range []byte{0, 1, 2, 3} {
				_, err = out.WriteBatch([]udpbatch.Message{{Data: []byte("x"), ECN: ecn}})
				require.NoError(t, err)
				oob := make([]byte, 64)
				_, n, _, _, err := in.(*net.UDPConn).ReadMsgUDP(make([]byte, 9), oob)
				require.NoError(t, err)
				cms, err := unix.ParseSocketControlMessage(oob[:n])
				require.NoError(t, err)
				require.Len(t, cms, 1)
				assert.Equal(t, 184|ecn, cms[0].Data[0])
			}
		})
	}
}

// More metadata than there is room for marks the message.
func TestMetadataTooLong(t *testing.T) {
	options := sockopt.Options{sockopt.Raw(unix.IPPROTO_IPV6, unix.IPV6_RECVHOPOPTS, []byte{1, 0, 0, 0})}
	engines(t, func(t *testing.T, configure func(udpbatch.Config) *udpbatch.Config) {
		metadataTooLong(t, configure(udpbatch.Config{Address: "[::1]:0", Options: options, PacketInfo: true}))
	})
}

func metadataTooLong(t *testing.T, config *udpbatch.Config) {
	in := listen(t, config)
	out := dial(t, in.LocalAddr().String(), nil)
	// A hop-by-hop header of 1,200 bytes, of options for experiments that a receiver skips (RFC 4727).
	header := make([]byte, 1200)
	header[1] = 1200/8 - 1
	for i := 2; i < len(header); {
		n := min(len(header)-i-2, 250)
		header[i], header[i+1] = 0x1e, byte(n)
		i += 2 + n
	}
	err := rawOption(out, unix.IPPROTO_IPV6, unix.IPV6_HOPOPTS, header)
	if errors.Is(err, unix.EPERM) {
		skipUnlessCI(t, "a hop-by-hop header needs CAP_NET_RAW")
	}
	require.NoError(t, err)
	_, err = out.Write([]byte("x"))
	require.NoError(t, err)
	ms := make([]udpbatch.Message, 1)
	_, err = in.ReadBatch(ms)
	require.NoError(t, err)
	assert.True(t, ms[0].Truncated)
	assert.Equal(t, "x", string(ms[0].Data))
}

func rawOption(c *udpbatch.Conn, level, number int, value []byte) error {
	raw, err := c.SyscallConn()
	if err != nil {
		return err
	}
	var setErr error
	err = raw.Control(func(fd uintptr) { setErr = unix.SetsockoptString(int(fd), level, number, string(value)) })
	if err != nil {
		return err
	}
	return setErr
}

// The zone of a link-local address is the interface's index, and a name will do.
func TestZones(t *testing.T) {
	engines(t, func(t *testing.T, configure func(udpbatch.Config) *udpbatch.Config) {
		inNamespace(t)
		ns := otherNamespace(t)
		veth(t, "zone0", "zone1", ns)
		up(t, "zone0")
		inside(t, ns, func() { up(t, "zone1") })
		var local netip.Addr
		for end := time.Now().Add(patience); time.Now().Before(end) && !local.IsValid(); time.Sleep(10 * time.Millisecond) {
			local = linkLocal(t, "zone0")
		}
		require.True(t, local.IsValid())
		ifi, err := net.InterfaceByName("zone0")
		require.NoError(t, err)
		zones(t, local, strconv.Itoa(ifi.Index), configure)
	})
}

// settled waits until a Conn's own address takes datagrams. An address is tentative at
// first, and for a moment after that a datagram to it leaves by the link and is lost.
func settled(t *testing.T, c *udpbatch.Conn, own netip.AddrPort) {
	ms := make([]udpbatch.Message, 1)
	var err error
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if _, err = c.WriteBatch([]udpbatch.Message{{Data: []byte("x"), Addr: own}}); err != nil {
			continue
		}
		require.NoError(t, c.SetReadDeadline(time.Now().Add(100*time.Millisecond)))
		if _, err = c.ReadBatch(ms); err == nil {
			break
		}
	}
	require.NoError(t, err)
	require.NoError(t, c.SetReadDeadline(time.Now().Add(patience)))
}

func zones(t *testing.T, local netip.Addr, index string, configure func(udpbatch.Config) *udpbatch.Config) {
	c := listen(t, configure(udpbatch.Config{Address: "udp6://:0", PacketInfo: true}))
	port := addrOf(c).Port()
	ms := make([]udpbatch.Message, 1)
	want := netip.AddrPortFrom(local.WithZone(index), port)
	settled(t, c, want)
	for _, zone := range []string{index, "zone0", "zone0"} {
		to := netip.AddrPortFrom(local.WithZone(zone), port)
		_, err := c.WriteBatch([]udpbatch.Message{{Data: []byte("x"), Addr: to}})
		require.NoError(t, err)
		_, err = c.ReadBatch(ms)
		require.NoError(t, err)
		assert.Equal(t, want, ms[0].Addr)
		assert.Equal(t, local, ms[0].Local, "without zone")

		connected := dial(t, to.String(), configure(udpbatch.Config{}))
		_, err = c.WriteToUDPAddrPort([]byte("x"), netip.AddrPortFrom(to.Addr(), addrOf(connected).Port()))
		require.NoError(t, err)
		_, err = connected.ReadBatch(ms)
		require.NoError(t, err)
		assert.Equal(t, want, ms[0].Addr)
	}
	_, err := c.WriteBatch([]udpbatch.Message{{Data: []byte("x"), Addr: netip.AddrPortFrom(local.WithZone("nosuch"), port)}})
	assert.ErrorContains(t, err, "message 0 of 1 bytes: zone nosuch: ")
	_, err = c.WriteBatch([]udpbatch.Message{{Data: []byte("x"), Addr: netip.AddrPortFrom(local.WithZone("99999999999"), port)}})
	assert.ErrorContains(t, err, "message 0 of 1 bytes: zone 99999999999: ", "no index has so many digits")

	buffer := make([]byte, 10)
	answer := []udpbatch.Message{{Data: []byte("x"), Addr: netip.AddrPortFrom(local.WithZone("zone0"), port)}}
	assert.Zero(t, testing.AllocsPerRun(100, func() {
		if _, err := c.WriteBatch(answer); err != nil {
			t.Error(err)
		}
		if _, _, err := c.ReadFromUDPAddrPort(buffer); err != nil {
			t.Error(err)
		}
	}))
}
