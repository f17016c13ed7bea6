package quicx_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"io"
	"net"
	"runtime"
	"testing"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	xnet "golang.org/x/net/quic"

	"github.com/strata-net/strata/quicx"
)

// needsSecondLoopback skips where 127.0.0.2 is not an address of the machine.
func needsSecondLoopback(t *testing.T) {
	t.Helper()
	if runtime.GOOS != "linux" && runtime.GOOS != "windows" {
		t.Skip("127.0.0.2 is not an address of " + runtime.GOOS)
	}
}

// senders tells how many conns send from each local IP.
func senders(c *quicx.Client) map[string]int {
	m := make(map[string]int)
	for _, s := range c.Sockets() {
		m[s.Addr.Addr().String()] += s.Conns
	}
	return m
}

func TestMigrateInTheMiddleOfATransfer(t *testing.T) {
	sources(t)
	needsSecondLoopback(t)
	noLeak(t)
	s := startServer(t, "127.0.0.1:0", nil)
	c := dialer(t, &quicx.DialConfig{LocalAddr: "127.0.0.1"})
	conn, err := c.DialContext(t.Context(), "udp", s.addr())
	require.NoError(t, err)
	served := <-s.conns
	assert.Equal(t, "127.0.0.1", served.RemoteAddr().(*net.UDPAddr).IP.String())

	data := make([]byte, 8<<20)
	_, _ = rand.Read(data)
	stream, err := conn.OpenStreamSync(t.Context())
	require.NoError(t, err)
	half := make(chan struct{})
	written := make(chan error, 1)
	go func() {
		_, err := stream.Write(data[:len(data)/2])
		close(half)
		if err == nil {
			_, err = stream.Write(data[len(data)/2:])
		}
		stream.Close()
		written <- err
	}()
	read := make(chan []byte, 1)
	go func() {
		b, _ := io.ReadAll(stream)
		read <- b
	}()
	<-half
	require.NoError(t, c.Migrate(t.Context(), conn, "127.0.0.2"))
	assert.Equal(t, map[string]int{"127.0.0.1": 0, "127.0.0.2": 1}, senders(c))
	require.NoError(t, <-written)
	require.True(t, bytes.Equal(data, <-read), "the data is intact")
	eventually(t, "the server sees the new address", func() bool {
		echo(t, conn, "hello")
		return served.RemoteAddr().(*net.UDPAddr).IP.String() == "127.0.0.2"
	})

	other, err := c.DialContext(t.Context(), "udp", s.addr())
	require.NoError(t, err)
	assert.Equal(t, map[string]int{"127.0.0.1": 1, "127.0.0.2": 1}, senders(c), "dials go on as configured")
	end(other)

	require.NoError(t, c.Migrate(t.Context(), conn, "127.0.0.1"), "back to the first socket")
	eventually(t, "the server sees the first address", func() bool {
		echo(t, conn, "hello")
		return served.RemoteAddr().(*net.UDPAddr).IP.String() == "127.0.0.1"
	})
	end(conn)
	eventually(t, "all sockets close", func() bool { return len(c.Sockets()) == 0 })
}

func TestMigrateToAnotherPort(t *testing.T) {
	noLeak(t)
	s := startServer(t, "127.0.0.1:0", nil)
	c := dialer(t, &quicx.DialConfig{})
	conn, err := c.DialContext(t.Context(), "udp", s.addr())
	require.NoError(t, err)
	for range 4 {
		require.NoError(t, c.Migrate(t.Context(), conn, ""))
		echo(t, conn, "hello")
	}
	assert.Len(t, c.Sockets(), 2, "two sockets take turns")
}

func TestMigrateErrors(t *testing.T) {
	needsSecondLoopback(t)
	noLeak(t)
	s := startServer(t, "127.0.0.1:0", nil)
	c, other := dialer(t, &quicx.DialConfig{}), dialer(t, &quicx.DialConfig{})
	conn, err := c.DialContext(t.Context(), "udp", s.addr())
	require.NoError(t, err)
	for address, want := range map[string]string{
		"nonsense":        "must be an IP literal or IP:port",
		"::1":             "not an address of network udp4",
		"127.0.0.1:70000": "not a number from 0 to 65535",
		"192.0.2.1":       "cannot assign requested address",
	} {
		if runtime.GOOS == "windows" && address == "192.0.2.1" {
			continue // other words, and wine binds to addresses that nobody has
		}
		err := c.Migrate(t.Context(), conn, address)
		require.ErrorContains(t, err, want)
		require.ErrorContains(t, err, "quicx: migrate "+address)
	}
	require.ErrorContains(t, other.Migrate(t.Context(), conn, "127.0.0.2"), "not an open conn of this Client")
	require.ErrorContains(t, c.Migrate(t.Context(), nil, "127.0.0.2"), "is nil")
	echo(t, conn, "still there")
	end(conn)
	eventually(t, "it is forgotten", func() bool { return len(c.Sockets()) == 0 })
	require.Error(t, c.Migrate(t.Context(), conn, "127.0.0.2"))
	require.NoError(t, c.Close())
	require.ErrorIs(t, c.Migrate(t.Context(), conn, "127.0.0.2"), net.ErrClosed)
}

// TestMigrateNotAllowed has a server of another library, which forbids migration (RFC 9000, section 18.2,
// disable_active_migration). The conn stays where it is, and nothing is left of the socket that was opened for it.
func TestMigrateNotAllowed(t *testing.T) {
	needsSecondLoopback(t)
	noLeak(t)
	config := certified(t)
	config.MinVersion = tls.VersionTLS13
	e, err := xnet.Listen("udp", "127.0.0.1:0", &xnet.Config{TLSConfig: config})
	require.NoError(t, err)
	defer e.Close(t.Context())
	c := dialer(t, &quicx.DialConfig{})
	quicx.NoLinger(c)
	conn, err := c.DialContext(t.Context(), "udp", e.LocalAddr().String())
	require.NoError(t, err)
	for range 2 { // a conn that has not migrated may try again
		err = c.Migrate(t.Context(), conn, "127.0.0.2")
		require.ErrorContains(t, err, "quicx: migrate 127.0.0.2: ")
		require.ErrorContains(t, err, "disabled connection migration")
		assert.Len(t, c.Sockets(), 1, "the new socket is closed")
	}
	require.NoError(t, conn.Context().Err())
	end(conn)
}

// TestMigrateWhereNobodyAnswers fails with the context: a socket bound to the loopback address cannot reach what is not
// there, nor can the server answer. The conn goes on from where it was.
func TestMigrateWhereNobodyAnswers(t *testing.T) {
	needsSecondLoopback(t)
	noLeak(t)
	s := startServer(t, "127.0.0.1:0", nil)
	c := dialer(t, &quicx.DialConfig{})
	conn, err := c.DialContext(t.Context(), "udp", s.addr())
	require.NoError(t, err)
	s.deaf.Store(true)
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	err = c.Migrate(ctx, conn, "127.0.0.2")
	require.ErrorIs(t, err, context.DeadlineExceeded)
	assert.True(t, err.(net.Error).Timeout())
	s.deaf.Store(false)
	echo(t, conn, "still there")
	assert.Equal(t, 0, senders(c)["127.0.0.2"])
	end(conn)
	eventually(t, "all sockets close", func() bool { return len(c.Sockets()) == 0 })
}

func TestMigrateIsBounded(t *testing.T) {
	needsSecondLoopback(t)
	noLeak(t)
	s := startServer(t, "127.0.0.1:0", &quic.Config{MaxIncomingStreams: 10})
	c := dialer(t, &quicx.DialConfig{})
	conn, err := c.DialContext(t.Context(), "udp", s.addr())
	require.NoError(t, err)
	for i := range 15 {
		require.NoError(t, c.Migrate(t.Context(), conn, net.IPv4(127, 0, 1, byte(i)).String()))
	}
	err = c.Migrate(t.Context(), conn, "127.0.0.2")
	require.ErrorContains(t, err, "the conn has used 16 local addresses")
	require.NoError(t, c.Migrate(t.Context(), conn, "127.0.1.1"), "known ones are free")
	echo(t, conn, "hello")
}

// TestMigrateAgainstClose ends the conn or the Client in the middle.
func TestMigrateAgainstClose(t *testing.T) {
	needsSecondLoopback(t)
	noLeak(t)
	s := startServer(t, "127.0.0.1:0", nil)
	for try := range 20 {
		c := dialer(t, &quicx.DialConfig{})
		conn, err := c.DialContext(t.Context(), "udp", s.addr())
		require.NoError(t, err)
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			_ = c.Migrate(t.Context(), conn, "127.0.0.2")
		}()
		time.Sleep(time.Duration(try) * 100 * time.Microsecond)
		if try%2 == 0 {
			end(conn)
		} else {
			require.NoError(t, c.Close())
		}
		<-ended
		eventually(t, "all sockets close", func() bool { return len(c.Sockets()) == 0 })
	}
}

// TestMigrateTwiceAtOnce has a second migration begin before the first one has ended.
func TestMigrateTwiceAtOnce(t *testing.T) {
	needsSecondLoopback(t)
	noLeak(t)
	s := startServer(t, "127.0.0.1:0", nil)
	c := dialer(t, &quicx.DialConfig{})
	conn, err := c.DialContext(t.Context(), "udp", s.addr())
	require.NoError(t, err)
	s.deaf.Store(true)
	first := make(chan error, 1)
	go func() { first <- c.Migrate(t.Context(), conn, "127.0.0.2") }()
	eventually(t, "it has begun", func() bool { return len(c.Sockets()) == 2 })
	require.ErrorContains(t, c.Migrate(t.Context(), conn, "127.0.0.3"), "the conn is migrating already")
	s.deaf.Store(false)
	require.NoError(t, <-first)
	echo(t, conn, "hello")
}
