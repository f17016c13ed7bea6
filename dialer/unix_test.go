//go:build unix

package dialer_test

import (
	"net"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/nettest"

	"github.com/strata-net/strata/dialer"
)

func TestUnix(t *testing.T) {
	noLeak(t)
	dir := t.TempDir()
	path := filepath.Join(dir, "server")
	echo(t, listen(t, "unix", path))
	c, err := newDialer(t, &dialer.Config{LocalAddr: filepath.Join(dir, "client")}).Dial("unix", path)
	require.NoError(t, err)
	defer c.Close()
	assert.IsType(t, &net.UnixConn{}, c)
	assert.Equal(t, filepath.Join(dir, "client"), c.LocalAddr().String())
	roundTrip(t, c)
}

func TestUnixgram(t *testing.T) {
	noLeak(t)
	dir := t.TempDir()
	server, err := net.ListenPacket("unixgram", filepath.Join(dir, "server"))
	require.NoError(t, err)
	defer server.Close()
	client := filepath.Join(dir, "client")
	c, err := newDialer(t, &dialer.Config{LocalAddr: "unixgram://" + client}).Dial("unixgram", filepath.Join(dir, "server"))
	require.NoError(t, err)
	defer c.Close()
	_, err = c.Write([]byte("hello"))
	require.NoError(t, err)
	buf := make([]byte, 16)
	n, from, err := server.ReadFrom(buf)
	require.NoError(t, err)
	assert.Equal(t, "hello", string(buf[:n]))
	assert.Equal(t, client, from.String())
}

func TestTLSOverUnix(t *testing.T) {
	noLeak(t)
	ca := newAuthority(t)
	addr, asked := tlsEcho(t, "unix", filepath.Join(t.TempDir(), "server"), ca.server(t, "service.test"))
	config := ca.client()
	config.ServerName = "service.test"
	c, err := newDialer(t, &dialer.Config{TLS: config}).Dial("unix", addr.String())
	require.NoError(t, err)
	defer c.Close()
	assert.Equal(t, "service.test", <-asked)
	roundTrip(t, c)

	config.ServerName, config.InsecureSkipVerify = "", true
	c, err = newDialer(t, &dialer.Config{TLS: config}).Dial("unix", addr.String())
	require.NoError(t, err)
	defer c.Close()
	assert.Empty(t, <-asked)
	roundTrip(t, c)
}

func TestConnUnix(t *testing.T) {
	l := listen(t, "unix", filepath.Join(t.TempDir(), "s"))
	nettest.TestConn(t, pipes(newDialer(t, nil), l, l.Addr().String()))
}

func TestPoolOfUnixAddresses(t *testing.T) {
	noLeak(t)
	dir := t.TempDir()
	path := filepath.Join(dir, "server")
	echo(t, listen(t, "unix", path))
	d := newDialer(t, &dialer.Config{LocalAddrs: []string{filepath.Join(dir, "a"), "127.0.0.1", filepath.Join(dir, "b")}})
	for _, want := range []string{"a", "b"} {
		c, err := d.Dial("unix", path)
		require.NoError(t, err)
		assert.Equal(t, filepath.Join(dir, want), c.LocalAddr().String())
		c.Close()
	}
}
