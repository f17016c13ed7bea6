//go:build linux || darwin || freebsd || openbsd || netbsd || dragonfly

package listener_test

import (
	"crypto/tls"
	"errors"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/listener"
)

// wrapper is a conn as other packages wrap it: without SyscallConn.
type wrapper struct {
	net.Conn

	inner net.Conn
}

func (w wrapper) NetConn() net.Conn { return w.inner }

func TestCredentials(t *testing.T) {
	for _, network := range []string{"unix", "unixpacket"} {
		l := open(t, &listener.Config{Address: network + "://" + filepath.Join(t.TempDir(), "s")})
		client := dial(t, l)
		conn := accept(t, l)
		for name, c := range map[string]net.Conn{
			"client": client, "server": conn, "tls": tls.Server(conn, &tls.Config{}),
			"wrapper": wrapper{conn, conn}, "wrapper of TLS": wrapper{conn, tls.Server(conn, &tls.Config{})},
			"wrapper of nothing": struct{ *net.UnixConn }{conn.(*net.UnixConn)},
		} {
			cred, err := listener.Credentials(c)
			if errors.Is(err, errors.ErrUnsupported) && runtime.GOOS != "linux" {
				t.Skip(err)
			}
			require.NoError(t, err, name)
			assert.Equal(t, uint32(os.Geteuid()), cred.UID)
			assert.Equal(t, uint32(os.Getegid()), cred.GID)
			if runtime.GOOS == "linux" {
				assert.Equal(t, os.Getpid(), cred.PID)
			}
		}
	}
}

func TestCredentialsThroughTrackingAndTLS(t *testing.T) {
	ca := newAuthority(t)
	l := open(t, &listener.Config{
		Address: "unix://" + filepath.Join(t.TempDir(), "s"), TLS: ca.server(t, "service.test"), Track: true,
	})
	greeted := make(chan error, 1)
	client := dial(t, l)
	go func() {
		greeted <- tls.Client(client, &tls.Config{RootCAs: ca.Pool(), ServerName: "service.test"}).HandshakeContext(t.Context())
	}()
	conn := accept(t, l)
	require.NoError(t, <-greeted)
	cred, err := listener.Credentials(conn)
	if errors.Is(err, errors.ErrUnsupported) && runtime.GOOS != "linux" {
		t.Skip(err)
	}
	require.NoError(t, err)
	assert.Equal(t, uint32(os.Geteuid()), cred.UID)
}

// What a PROXY header announces is not what the socket is.
func TestCredentialsBehindAProxy(t *testing.T) {
	l := open(t, &listener.Config{
		Address: "unix://" + filepath.Join(t.TempDir(), "s"), ProxyProtocol: &listener.ProxyProtocol{},
	})
	say(t, l, goodHeaders["2 TCP6"].text)
	conn := accept(t, l)
	require.Equal(t, "tcp", conn.LocalAddr().Network())
	cred, err := listener.Credentials(conn)
	if errors.Is(err, errors.ErrUnsupported) && runtime.GOOS != "linux" {
		t.Skip(err)
	}
	require.NoError(t, err)
	assert.Equal(t, uint32(os.Geteuid()), cred.UID)

	l = open(t, &listener.Config{Address: "127.0.0.1:0", ProxyProtocol: trusting(t)})
	say(t, l, goodHeaders["2 unix"].text)
	conn = accept(t, l)
	require.Equal(t, "unix", conn.LocalAddr().Network())
	_, err = listener.Credentials(conn)
	assert.ErrorIs(t, err, errors.ErrUnsupported)
}

func TestNoCredentials(t *testing.T) {
	l := open(t, &listener.Config{Address: "127.0.0.1:0"})
	dial(t, l)
	_, err := listener.Credentials(accept(t, l))
	require.ErrorIs(t, err, errors.ErrUnsupported)
	assert.EqualError(t, err, "listener: read credentials tcp: only a unix conn has them: unsupported operation")
	_, err = listener.Credentials(nil)
	assert.EqualError(t, err, "listener: read credentials: the conn is nil")
	a, b := net.Pipe()
	defer a.Close()
	defer b.Close()
	_, err = listener.Credentials(a)
	assert.ErrorIs(t, err, errors.ErrUnsupported)

	u := open(t, &listener.Config{Address: "unix://" + filepath.Join(t.TempDir(), "s")})
	dial(t, u)
	conn := accept(t, u)
	loop := &wrapper{Conn: conn}
	loop.inner = loop
	_, err = listener.Credentials(loop)
	assert.ErrorContains(t, err, "read credentials unix")
	_, err = listener.Credentials(wrapper{conn, nil})
	assert.ErrorContains(t, err, "read credentials unix")
	require.NoError(t, conn.Close())
	_, err = listener.Credentials(conn)
	assert.ErrorIs(t, err, net.ErrClosed)
}
