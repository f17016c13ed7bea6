package quicx_test

import (
	"errors"
	"net"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/quicx"
	"github.com/strata-net/strata/sockopt"
)

func TestSocketOptionsAreInForce(t *testing.T) {
	noLeak(t)
	options := sockopt.Options{sockopt.IPTTL.Value(33), sockopt.ReusePort.Value(true), sockopt.RcvBuf.Value(50_000)}
	s, err := quicx.OpenSocket(t.Context(), "udp4", "127.0.0.1:0", options, 0, 0)
	require.NoError(t, err)
	defer s.UDP.Close()
	require.NoError(t, options.Verify(s.UDP))
	assert.Equal(t, 100_000, s.Info.ReceiveBuffer, "the option decides, not the default")
}

func TestSocketOptionThatFails(t *testing.T) {
	noLeak(t)
	options := sockopt.Options{sockopt.BindToDevice.Value("nosuchdevice")}
	_, err := quicx.OpenSocket(t.Context(), "udp4", "127.0.0.1:0", options, 0, 0)
	require.ErrorIs(t, err, syscall.ENODEV)
	e, ok := err.(*quicx.Error)
	require.True(t, ok)
	assert.Equal(t, "set option", e.Op)
	assert.Equal(t, "SO_BINDTODEVICE=nosuchdevice", e.Value)
}

func TestSocketThatCannotBeBound(t *testing.T) {
	noLeak(t)
	taken, err := quicx.OpenSocket(t.Context(), "udp4", "127.0.0.1:0", nil, 0, 0)
	require.NoError(t, err)
	defer taken.UDP.Close()
	_, err = quicx.OpenSocket(t.Context(), "udp4", taken.Info.Addr.String(), nil, 0, 0)
	require.ErrorIs(t, err, syscall.EADDRINUSE)
	e, ok := err.(*quicx.Error)
	require.True(t, ok)
	assert.Equal(t, "listen", e.Op)
}

func TestSocketAdoptedTooLate(t *testing.T) {
	noLeak(t)
	udp, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	require.NoError(t, err)
	_, err = quicx.AdoptSocket(udp, sockopt.Options{sockopt.ReusePort.Value(true)}, 0)
	require.ErrorContains(t, err, "Options=SO_REUSEPORT=true", "only before bind")
	udp.Close()
	_, err = quicx.AdoptSocket(udp, nil, 100_000)
	require.ErrorIs(t, err, net.ErrClosed)
}

// TestSocketPastTheLimit needs CAP_NET_ADMIN where net.core.rmem_max is lower.
func TestSocketPastTheLimit(t *testing.T) {
	noLeak(t)
	s, err := quicx.OpenSocket(t.Context(), "udp4", "127.0.0.1:0", nil, 64<<20, 0)
	if errors.Is(err, syscall.EPERM) {
		require.ErrorContains(t, err, "ReceiveBuffer=67108864: the kernel gave ")
		require.ErrorContains(t, err, "raise net.core.rmem_max or: ")
		return
	}
	require.NoError(t, err)
	defer s.UDP.Close()
	assert.Equal(t, 128<<20, s.Info.ReceiveBuffer)
	assert.Same(t, s.UDP, s.Conn)
}
