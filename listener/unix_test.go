//go:build unix

package listener_test

import (
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/nettest"

	"github.com/strata-net/strata/listener"
)

func TestUnix(t *testing.T) {
	noLeak(t)
	path := filepath.Join(t.TempDir(), "s")
	l := open(t, &listener.Config{Address: "unix://" + path})
	client := dial(t, l)
	server := accept(t, l)
	assert.IsType(t, &net.UnixConn{}, server)
	_, err := client.Write([]byte("hello"))
	require.NoError(t, err)
	buf := make([]byte, 5)
	_, err = server.Read(buf)
	require.NoError(t, err)
	assert.Equal(t, "hello", string(buf))
	require.NoError(t, l.Close())
	assert.NoFileExists(t, path)
}

func TestTLSOverUnix(t *testing.T) {
	noLeak(t)
	ca := newAuthority(t)
	l := open(t, &listener.Config{Address: "unix://" + filepath.Join(t.TempDir(), "s"), TLS: ca.server(t, "service.test")})
	echo(t, l)
	config := ca.client()
	config.ServerName = "service.test"
	roundTrip(t, dialTLS(t, l, config))
}

func TestTLSOnAPathInUseIsAnError(t *testing.T) {
	noLeak(t)
	path := filepath.Join(t.TempDir(), "s")
	open(t, &listener.Config{Address: "unix://" + path})
	l, err := listener.New(t.Context(), &listener.Config{Address: "unix://" + path, TLS: newAuthority(t).server(t, "service.test")})
	require.ErrorIs(t, err, syscall.EADDRINUSE)
	assert.Nil(t, l)
	assert.FileExists(t, path, "the path belongs to the first listener")
}

func TestUnixgram(t *testing.T) {
	noLeak(t)
	path := filepath.Join(t.TempDir(), "s")
	pc, err := listener.NewPacketConn(t.Context(), &listener.PacketConfig{Address: "unixgram://" + path})
	require.NoError(t, err)
	defer pc.Close()
	assert.IsType(t, &net.UnixConn{}, pc)
	client, err := net.Dial("unixgram", path)
	require.NoError(t, err)
	defer client.Close()
	_, err = client.Write([]byte("hello"))
	require.NoError(t, err)
	buf := make([]byte, 16)
	n, _, err := pc.ReadFrom(buf)
	require.NoError(t, err)
	assert.Equal(t, "hello", string(buf[:n]))
	require.NoError(t, pc.Close())
	require.NoError(t, os.Remove(path), "as documented, the path stays")
}

func TestConnUnix(t *testing.T) {
	l := open(t, &listener.Config{Address: "unix://" + filepath.Join(t.TempDir(), "s")})
	nettest.TestConn(t, pipes(l, func() (net.Conn, error) { return net.Dial("unix", l.Addr().String()) }))
}
