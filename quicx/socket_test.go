package quicx_test

import (
	"errors"
	"net"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/quicx"
	"github.com/strata-net/strata/sockopt"
)

func TestSocketIsBareAndLarge(t *testing.T) {
	noLeak(t)
	for _, network := range []string{"udp4", "udp6", "udp"} {
		s, err := quicx.OpenSocket(t.Context(), network, ":0", nil, 0, 0)
		require.NoError(t, err)
		defer s.UDP.Close()
		if s.Info.ReceiveBuffer >= 7<<20 && s.Info.SendBuffer >= 7<<20 {
			assert.Same(t, s.UDP, s.Conn, "quic-go gets the bare socket")
		} else {
			assert.NotSame(t, s.UDP, s.Conn, "quic-go would print about its buffers")
		}
		assert.Equal(t, s.UDP.LocalAddr().(*net.UDPAddr).Port, int(s.Info.Addr.Port()))
		assert.Equal(t, runtime.GOOS == "linux", s.Info.GSO)
	}
}

func TestSocketBuffersAsAsked(t *testing.T) {
	noLeak(t)
	s, err := quicx.OpenSocket(t.Context(), "udp4", "127.0.0.1:0", nil, 300_000, 200_000)
	require.NoError(t, err)
	defer s.UDP.Close()
	assert.Contains(t, []int{300_000, 600_000}, s.Info.ReceiveBuffer, "Linux says twice as much")
	assert.Contains(t, []int{200_000, 400_000}, s.Info.SendBuffer)
	assert.NotSame(t, s.UDP, s.Conn, "else quic-go would enlarge them")
}

func TestSocketAdopted(t *testing.T) {
	noLeak(t)
	udp, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	require.NoError(t, err)
	defer udp.Close()
	info, err := quicx.AdoptSocket(udp, nil, 100_000)
	require.NoError(t, err)
	assert.Equal(t, "udp4", info.Network)
	assert.Contains(t, []int{100_000, 200_000}, info.ReceiveBuffer)
}

func TestSocketBadFields(t *testing.T) {
	_, err := quicx.OpenSocket(t.Context(), "udp4", "127.0.0.1:0", nil, -1, 1<<32)
	require.Error(t, err)
	assert.ErrorContains(t, err, "ReceiveBuffer=-1: must not be negative")
	assert.ErrorContains(t, err, "SendBuffer=4294967296: must be at most")

	options := sockopt.Options{sockopt.RcvBuf.Value(100_000)}
	_, err = quicx.OpenSocket(t.Context(), "udp4", "127.0.0.1:0", options, 100_000, 0)
	assert.ErrorContains(t, err, "ReceiveBuffer=100000: not together with the option SO_RCVBUF")
}

func TestSocketRefusesWhatHarmsQUIC(t *testing.T) {
	for name, why := range quicx.Refused() {
		info, known := sockopt.Lookup(name)
		require.True(t, known, name)
		if !info.Supported {
			continue
		}
		value := "0"
		if info.Kind == sockopt.KindBool {
			value = "true"
		}
		options, err := sockopt.ParseList(name + "=" + value)
		require.NoError(t, err)
		_, err = quicx.OpenSocket(t.Context(), "udp", "127.0.0.1:0", options, 0, 0)
		require.ErrorIs(t, err, errors.ErrUnsupported, name)
		require.ErrorContains(t, err, "Options="+name)
		require.ErrorContains(t, err, why)

		options[0] = sockopt.Prefer(options[0])
		s, err := quicx.OpenSocket(t.Context(), "udp4", "127.0.0.1:0", options, 0, 0)
		require.NoError(t, err, "a preferred one is left out: %s", name)
		s.UDP.Close()
	}
}
