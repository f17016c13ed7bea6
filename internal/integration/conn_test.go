package integration_test

import (
	"net"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/nettest"

	"github.com/strata-net/strata/dialer"
	"github.com/strata-net/strata/listener"
	"github.com/strata-net/strata/sockopt"
)

// open returns a listener and a dialer for it.
func open(t *testing.T, lc *listener.Config, dc *dialer.Config) (net.Listener, dialer.Dialer) {
	t.Helper()
	l, err := listener.New(t.Context(), lc)
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	d, err := dialer.New(dc)
	require.NoError(t, err)
	return l, d
}

// connect returns both ends of a conn.
func connect(l net.Listener, d dialer.Dialer) (client, server net.Conn, err error) {
	client, err = d.Dial(l.Addr().Network(), l.Addr().String())
	if err != nil {
		return nil, nil, err
	}
	server, err = l.Accept()
	if err != nil {
		_ = client.Close()
	}
	return client, server, err
}

// TestConn runs the conformance test of net.Conn on a dialled and an accepted conn with options of every stage.
func TestConn(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	list := "SO_RCVBUF=65536,SO_SNDBUF=65536"
	for name, test := range map[string]struct{ address, options string }{
		"tcp4": {"tcp4://127.0.0.1:0", list + ",TCP_NODELAY=true,TCP_KEEPIDLE?=30s"},
		"tcp6": {"tcp6://[::1]:0", list + ",TCP_NODELAY=true,IP_TTL=33"},
		"unix": {"unix://" + path, list},
	} {
		t.Run(name, func(t *testing.T) {
			if name == "unix" && runtime.GOOS == "windows" {
				t.Skip("the table of Windows has no rows for unix sockets")
			}
			options, err := sockopt.ParseList(test.options)
			require.NoError(t, err)
			l, d := open(t, &listener.Config{Address: test.address, Options: options}, &dialer.Config{Options: options})
			nettest.TestConn(t, func() (c1, c2 net.Conn, stop func(), err error) {
				c1, c2, err = connect(l, d)
				return c1, c2, func() { _ = c1.Close(); _ = c2.Close() }, err
			})
		})
	}
}
