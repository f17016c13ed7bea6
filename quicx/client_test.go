package quicx_test

import (
	"context"
	"net"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/quicx"
)

func TestDialSharesASocketThatClosesByItself(t *testing.T) {
	noLeak(t)
	s := startServer(t, "127.0.0.1:0", nil)
	c := dialer(t, &quicx.DialConfig{})
	assert.Empty(t, c.Sockets(), "nothing is opened before it is needed")

	var conns []*quic.Conn
	for range 3 {
		conn, err := c.DialContext(t.Context(), "udp", s.addr())
		require.NoError(t, err)
		echo(t, conn, "hello")
		conns = append(conns, conn)
	}
	sockets := c.Sockets()
	require.Len(t, sockets, 1)
	assert.Equal(t, 3, sockets[0].Conns)
	assert.Equal(t, "udp4", sockets[0].Network)
	for _, conn := range conns {
		assert.Equal(t, conn.LocalAddr().(*net.UDPAddr).Port, int(sockets[0].Addr.Port()))
		assert.Equal(t, runtime.GOOS == "linux", conn.ConnectionState().GSO)
		end(conn)
	}
	eventually(t, "the socket closes", func() bool { return len(c.Sockets()) == 0 })

	conn, err := c.Dial("udp4", s.addr())
	require.NoError(t, err, "the next dial opens another")
	echo(t, conn, "again")
	assert.Positive(t, conn.ConnectionStats().BytesSent)
}

func TestDialBothVersionsOfIP(t *testing.T) {
	noLeak(t)
	s4, s6 := startServer(t, "127.0.0.1:0", nil), startServer(t, "[::1]:0", nil)
	c := dialer(t, &quicx.DialConfig{})
	for _, s := range []*server{s4, s6} {
		conn, err := c.DialContext(t.Context(), "udp", s.addr())
		require.NoError(t, err)
		echo(t, conn, "hello")
	}
	sockets := c.Sockets()
	require.Len(t, sockets, 2)
	assert.Equal(t, "udp4", sockets[0].Network)
	assert.Equal(t, "udp6", sockets[1].Network)

	_, err := c.DialContext(t.Context(), "udp6", s4.addr())
	require.ErrorContains(t, err, "no suitable address found")
	_, err = c.DialContext(t.Context(), "udp4", s6.addr())
	require.ErrorContains(t, err, "no suitable address found")
}

func TestDialFromLocalAddr(t *testing.T) {
	sources(t)
	noLeak(t)
	s := startServer(t, "127.0.0.1:0", nil)
	local := net.JoinHostPort("127.0.0.2", quietPort(t, "127.0.0.2"))
	c := dialer(t, &quicx.DialConfig{LocalAddr: local})
	for range 3 {
		conn, err := c.DialContext(t.Context(), "udp", s.addr())
		require.NoError(t, err, "the port is taken again and again")
		assert.Equal(t, local, conn.LocalAddr().String())
		assert.Equal(t, local, (<-s.conns).RemoteAddr().String())
		end(conn)
		eventually(t, "the socket closes", func() bool { return len(c.Sockets()) == 0 })
	}
	_, err := c.DialContext(t.Context(), "udp", "[::1]:1")
	require.ErrorContains(t, err, "LocalAddr="+local)
}

func TestDialErrors(t *testing.T) {
	noLeak(t)
	c := dialer(t, &quicx.DialConfig{})
	for _, tt := range []struct{ network, address, want string }{
		{"tcp", "127.0.0.1:1", "unknown network tcp"},
		{"udp5", "127.0.0.1:1", "unknown network udp5"},
		{"udp", "127.0.0.1", "missing port"},
		{"udp", "127.0.0.1:0", "port 0"},
		{"udp", "127.0.0.1:nosuchservice", "unknown port"},
		{"udp", ":1", "the address has no host"},
	} {
		_, err := c.DialContext(t.Context(), tt.network, tt.address)
		require.ErrorContains(t, err, tt.want)
		require.ErrorContains(t, err, "quicx: dial "+tt.network+" "+tt.address)
		_, ok := err.(net.Error)
		assert.True(t, ok)
	}
	var none context.Context
	_, err := c.DialContext(none, "udp", "127.0.0.1:1")
	require.ErrorContains(t, err, "the context is nil")
	assert.Empty(t, c.Sockets())
}

func TestDialClosedPortEndsInTime(t *testing.T) {
	noLeak(t)
	closed := quietAddr(t)
	for name, cfg := range map[string]*quicx.DialConfig{
		"Timeout":              {Timeout: 100 * time.Millisecond},
		"HandshakeIdleTimeout": {QUIC: &quic.Config{HandshakeIdleTimeout: 100 * time.Millisecond}},
	} {
		c := dialer(t, cfg)
		start := time.Now()
		_, err := c.DialContext(t.Context(), "udp", closed)
		require.Error(t, err)
		assert.Less(t, time.Since(start), 30*time.Second, name)
		assert.True(t, err.(net.Error).Timeout(), "%s: %v", name, err)
		if name == "Timeout" {
			require.ErrorIs(t, err, context.DeadlineExceeded)
			assert.ErrorContains(t, err, "Timeout=100ms")
		}
		assert.Empty(t, c.Sockets())
	}
}

func TestDialCancelled(t *testing.T) {
	noLeak(t)
	s := startServer(t, "127.0.0.1:0", nil)
	silent := listenBlack(t, "127.0.0.1:0").LocalAddr().String()
	c := dialer(t, &quicx.DialConfig{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := c.DialContext(ctx, "udp", s.addr())
	require.ErrorIs(t, err, context.Canceled)

	ctx, cancel = context.WithCancel(t.Context())
	time.AfterFunc(20*time.Millisecond, cancel)
	_, err = c.DialContext(ctx, "udp", silent)
	require.ErrorIs(t, err, context.Canceled)
	assert.False(t, err.(net.Error).Timeout())

	ctx, cancel = context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_, err = c.DialContext(ctx, "udp", silent)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	assert.True(t, err.(net.Error).Timeout())
	assert.Empty(t, c.Sockets())
}

func TestContextHasNoEffectAfterwards(t *testing.T) {
	noLeak(t)
	s := startServer(t, "127.0.0.1:0", nil)
	c := dialer(t, &quicx.DialConfig{})
	ctx, cancel := context.WithCancel(t.Context())
	conn, err := c.DialContext(ctx, "udp", s.addr())
	require.NoError(t, err)
	cancel()
	echo(t, conn, "still there")
}

func TestCloseEndsEverything(t *testing.T) {
	noLeak(t)
	s := startServer(t, "127.0.0.1:0", nil)
	silent := listenBlack(t, "127.0.0.1:0").LocalAddr().String()
	c := dialer(t, &quicx.DialConfig{})
	conn, err := c.DialContext(t.Context(), "udp", s.addr())
	require.NoError(t, err)
	dialled := make(chan error)
	go func() {
		_, err := c.DialContext(context.Background(), "udp", silent)
		dialled <- err
	}()
	time.Sleep(10 * time.Millisecond) // whether it has begun or not, it must end
	require.NoError(t, c.Close())
	require.ErrorIs(t, <-dialled, net.ErrClosed)
	require.Error(t, conn.Context().Err())
	var app *quic.ApplicationError
	served := <-s.conns
	<-served.Context().Done()
	require.ErrorAs(t, context.Cause(served.Context()), &app, "the server is told")

	require.NoError(t, c.Close())
	_, err = c.DialContext(t.Context(), "udp", s.addr())
	require.ErrorIs(t, err, net.ErrClosed)
	require.ErrorContains(t, err, "the Client is closed")
	assert.Empty(t, c.Sockets())
}

// TestLastConnAgainstNewDial has conns end while others begin: each dial works, on a socket old or new.
func TestLastConnAgainstNewDial(t *testing.T) {
	noLeak(t)
	s := startServer(t, "127.0.0.1:0", nil)
	c := dialer(t, &quicx.DialConfig{})
	quicx.NoLinger(c)
	var wait sync.WaitGroup
	for range 16 {
		wait.Go(func() {
			for range 10 {
				conn, err := c.DialContext(t.Context(), "udp", s.addr())
				if !assert.NoError(t, err) {
					return
				}
				end(conn)
			}
		})
	}
	wait.Wait()
	eventually(t, "the last socket closes", func() bool { return len(c.Sockets()) == 0 })
}

// TestCloseAgainstDials has Close meet dials in every phase. No conn outlives it.
func TestCloseAgainstDials(t *testing.T) {
	noLeak(t)
	s := startServer(t, "127.0.0.1:0", nil)
	for try := range 20 {
		c, err := quicx.NewDialer(&quicx.DialConfig{TLS: trusting()})
		require.NoError(t, err)
		var wait sync.WaitGroup
		for range 8 {
			wait.Go(func() {
				conn, err := c.DialContext(t.Context(), "udp", s.addr())
				if err == nil {
					<-conn.Context().Done()
				} else {
					assert.ErrorIs(t, err, net.ErrClosed)
				}
			})
		}
		time.Sleep(time.Duration(try) * time.Millisecond / 2)
		require.NoError(t, c.Close())
		wait.Wait()
		assert.Empty(t, c.Sockets())
	}
}

// TestSocketThatDied dials again after the socket was closed under the Client.
func TestSocketThatDied(t *testing.T) {
	noLeak(t)
	s := startServer(t, "127.0.0.1:0", nil)
	c := dialer(t, &quicx.DialConfig{})
	conn, err := c.DialContext(t.Context(), "udp", s.addr())
	require.NoError(t, err)
	quicx.BreakSockets(c)
	for _, info := range c.Sockets() {
		assert.True(t, info.Addr.IsValid())
		assert.Zero(t, info.ReceiveBuffer, "a closed socket has none")
	}
	<-conn.Context().Done()
	conn, err = c.DialContext(t.Context(), "udp", s.addr())
	require.NoError(t, err)
	echo(t, conn, "hello")
}

func TestDialWrongCertificate(t *testing.T) {
	noLeak(t)
	s := startServer(t, "127.0.0.1:0", nil)
	config := trusting()
	config.ServerName = "other.test"
	c := dialer(t, &quicx.DialConfig{TLS: config})
	_, err := c.DialContext(t.Context(), "udp", s.addr())
	require.Error(t, err)
	var crypto *quic.TransportError
	require.ErrorAs(t, err, &crypto)
	assert.True(t, crypto.ErrorCode.IsCryptoError())
	assert.ErrorContains(t, err, "other.test")
	assert.False(t, err.(net.Error).Timeout())
}

// DialServer verifies the name that it is given, whatever the address and the config say.
func TestDialServer(t *testing.T) {
	noLeak(t)
	s := startServer(t, "127.0.0.1:0", nil)
	config := trusting()
	config.ServerName = "other.test"
	c := dialer(t, &quicx.DialConfig{TLS: config})
	_, err := c.DialServer(t.Context(), "udp", s.addr(), "127.0.0.1", false)
	require.NoError(t, err)
	_, err = c.DialServer(t.Context(), "udp", s.addr(), "third.test", true)
	assert.ErrorContains(t, err, "third.test")
	_, err = c.DialServer(t.Context(), "udp", s.addr(), "", false)
	assert.ErrorContains(t, err, "other.test")
}
