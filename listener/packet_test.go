package listener_test

import (
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/listener"
	"github.com/strata-net/strata/sockopt"
)

func TestUDP(t *testing.T) {
	noLeak(t)
	for _, address := range []string{"127.0.0.1:0", "udp://127.0.0.1:0", "udp4://127.0.0.1:0", "udp6://[::1]:0"} {
		pc, err := listener.NewPacketConn(t.Context(), &listener.PacketConfig{Address: address})
		require.NoError(t, err, address)
		assert.IsType(t, &net.UDPConn{}, pc)
		client, err := net.Dial("udp", pc.LocalAddr().String())
		require.NoError(t, err)
		_, err = client.Write([]byte("hello"))
		require.NoError(t, err)
		buf := make([]byte, 16)
		require.NoError(t, pc.SetReadDeadline(time.Now().Add(patience)))
		n, from, err := pc.ReadFrom(buf)
		require.NoError(t, err)
		assert.Equal(t, "hello", string(buf[:n]))
		assert.Equal(t, client.LocalAddr().String(), from.String())
		client.Close()
		pc.Close()
	}
}

func TestPacketConfigIsNotChanged(t *testing.T) {
	options := sockopt.Options{sockopt.RcvBuf.Value(65536)}
	config := listener.PacketConfig{Address: "127.0.0.1:0", Options: options}
	pc, err := listener.NewPacketConn(t.Context(), &config)
	require.NoError(t, err)
	defer pc.Close()
	assert.Equal(t, listener.PacketConfig{Address: "127.0.0.1:0", Options: sockopt.Options{sockopt.RcvBuf.Value(65536)}}, config)
}

func TestBadOptionsOfAPacketConn(t *testing.T) {
	_, err := listener.NewPacketConn(t.Context(), &listener.PacketConfig{
		Address: "127.0.0.1:70000",
		Options: sockopt.Options{sockopt.RcvBuf.Value(-1)},
	})
	assert.ErrorContains(t, err, "listener: config: Address=127.0.0.1:70000: ")
	assert.ErrorContains(t, err, "listener: config: Options=SO_RCVBUF=-1: ")
	_, err = listener.NewPacketConn(t.Context(), &listener.PacketConfig{
		Address: "127.0.0.1:0",
		Options: sockopt.Options{sockopt.TCPNoDelay.Value(true)},
	})
	assert.Equal(t, "Options", failure(t, err).Field)
}

func TestPacketPortInUse(t *testing.T) {
	noLeak(t)
	pc, err := listener.NewPacketConn(t.Context(), &listener.PacketConfig{Address: "127.0.0.1:0"})
	require.NoError(t, err)
	defer pc.Close()
	_, err = listener.NewPacketConn(t.Context(), &listener.PacketConfig{Address: pc.LocalAddr().String()})
	assert.Equal(t, "listen", failure(t, err).Op)
}
