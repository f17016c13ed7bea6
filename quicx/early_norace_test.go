//go:build !race

package quicx_test

import (
	"testing"

	"github.com/quic-go/quic-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/quicx"
)

// In quic-go v0.65, a stream that is opened before the end of the handshake
// races with it: newFlowController reads the peer's limits while they come.

func TestDialEarlySendsWithTheFirstPackets(t *testing.T) {
	noLeak(t)
	s := startServer(t, "127.0.0.1:0", &quic.Config{Allow0RTT: true})
	config, store := caching()
	c := dialer(t, &quicx.DialConfig{TLS: config})
	warm(t, c, s, store)

	conn, err := c.DialEarly(t.Context(), "udp", s.addr())
	require.NoError(t, err)
	echo(t, conn, "early")
	<-conn.HandshakeComplete()
	assert.True(t, conn.ConnectionState().Used0RTT)
	assert.True(t, conn.ConnectionState().TLS.DidResume)
}

// TestDialEarlyRejected has the server resume the session and refuse the early data.
func TestDialEarlyRejected(t *testing.T) {
	noLeak(t)
	tlsConfig := certified(t)
	var key [32]byte
	tlsConfig.SetSessionTicketKeys([][32]byte{key})
	s := startServerTLS(t, quietAddr(t), tlsConfig, &quic.Config{Allow0RTT: true})
	config, store := caching()
	c := dialer(t, &quicx.DialConfig{TLS: config})
	warm(t, c, s, store)
	address := s.addr()
	s.stop()

	strict := startServerTLS(t, address, tlsConfig, &quic.Config{})
	strict.deaf.Store(true) // so that the refusal does not come before the data is written
	conn, err := c.DialEarly(t.Context(), "udp", strict.addr())
	require.NoError(t, err)
	stream, err := conn.OpenStream()
	require.NoError(t, err)
	_, err = stream.Write([]byte("early"))
	require.NoError(t, err, "it has been sent, and nobody has refused it yet")
	strict.deaf.Store(false)
	_, err = stream.Read(make([]byte, 1))
	require.ErrorIs(t, err, quic.Err0RTTRejected)
	_, err = conn.OpenStream()
	require.ErrorIs(t, err, quic.Err0RTTRejected, "all of the conn fails")

	next, err := conn.NextConnection(t.Context())
	require.NoError(t, err)
	assert.False(t, next.ConnectionState().Used0RTT)
	echo(t, next, "once more")
	require.Len(t, c.Sockets(), 1)
	assert.Equal(t, 1, c.Sockets()[0].Conns)
	end(next)
	eventually(t, "the socket closes", func() bool { return len(c.Sockets()) == 0 })
}
