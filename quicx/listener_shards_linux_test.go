package quicx_test

import (
	"context"
	"net"
	"testing"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/strata-net/strata/quicx"
	"github.com/strata-net/strata/sockopt"
)

// Conns spread over the sockets, and stay at theirs when the client's address
// changes.
func TestListener_Shards(t *testing.T) {
	for _, address := range []string{"127.0.0.1:0", "[::1]:0", "[::]:0"} {
		for _, policy := range []quicx.RetryPolicy{quicx.RetryNever, quicx.RetryAlways} {
			t.Run(address+" "+policy.String(), func(t *testing.T) {
				noLeak(t)
				const shards, clients = 4, 24
				l := listen(t, &quicx.ListenConfig{Address: address, Shards: shards, Retry: policy})
				serve(t, l)
				assert.Equal(t, shards, l.Stats().Sockets)
				require.Len(t, l.Sockets(), shards)
				for _, s := range l.Sockets() {
					assert.EqualValues(t, l.Addr().(*net.UDPAddr).Port, s.Addr.Port())
				}
				host := "[::1]:0"
				if address == "127.0.0.1:0" {
					host = address
				}
				for range clients {
					c := newClient(t, host)
					conn := c.connect(t, reachable(l.Addr(), "::1"))
					echo(t, conn, "first")
					for range 2 {
						migrate(t, conn, newClient(t, host).transport)
						echo(t, conn, "elsewhere")
					}
				}
				used := 0
				for _, n := range quicx.ShardConns(l) {
					if n > 0 {
						used++
					}
				}
				assert.GreaterOrEqual(t, used, 2, "3^24 to 1 that one is not enough")
				assert.EqualValues(t, clients, l.Stats().Active)
			})
		}
	}
}

func TestListener_ShardsErrors(t *testing.T) {
	noLeak(t)
	_, err := quicx.NewListener(t.Context(), &quicx.ListenConfig{
		Address: "127.0.0.1:0", TLS: serverTLS(t), Shards: 2, Options: sockopt.Options{sockopt.ReusePort.Value(false)},
	})
	require.ErrorContains(t, err, "Shards=2: need SO_REUSEPORT=true, and Options has SO_REUSEPORT=false")
	alone := listen(t, nil)
	_, err = quicx.NewListener(t.Context(), &quicx.ListenConfig{
		Address: alone.Addr().String(), TLS: serverTLS(t), Shards: 2, Options: sockopt.Options{sockopt.ReusePort.Value(true)},
	})
	require.ErrorIs(t, err, unix.EADDRINUSE)
}

// migrate moves a conn to another socket.
func migrate(t *testing.T, conn *quic.Conn, to *quic.Transport) {
	t.Helper()
	path, err := conn.AddPath(to)
	require.NoError(t, err)
	require.NoError(t, path.Probe(t.Context()))
	require.NoError(t, path.Switch())
}

// Without steering a conn whose address changes is lost, so the test above shows
// something.
func TestListener_ShardsWithoutSteering(t *testing.T) {
	noLeak(t)
	const shards = 4
	l := listen(t, &quicx.ListenConfig{Address: "127.0.0.1:0", Shards: shards})
	serve(t, l)
	require.NoError(t, quicx.Unsteer(l))
	lost := 0
	for range 40 {
		c := newClient(t, "127.0.0.1:0")
		conn, err := c.dial(t, l.Addr())
		require.NoError(t, err)
		path, err := conn.AddPath(newClient(t, "127.0.0.1:0").transport)
		require.NoError(t, err)
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		if path.Probe(ctx) != nil {
			lost++
		}
		cancel()
		if lost > 0 {
			return
		}
	}
	assert.Positive(t, lost)
}

func TestListener_ShardsClose(t *testing.T) {
	noLeak(t)
	l := listen(t, &quicx.ListenConfig{Shards: 4})
	c := newClient(t, "127.0.0.1:0")
	server, peer := pair(t, l, c)
	require.NoError(t, l.Close())
	migrate(t, peer, newClient(t, "127.0.0.1:0").transport) // all sockets stay, or numbers would change
	_, err := c.dial(t, l.Addr())
	refused(t, err)
	require.NoError(t, server.CloseWithError(0, ""))
	require.NoError(t, l.Shutdown(t.Context()))
}
