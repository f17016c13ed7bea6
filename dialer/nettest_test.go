package dialer_test

import (
	"bytes"
	"crypto/tls"
	"net"
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/nettest"

	"github.com/strata-net/strata/dialer"
)

// pipes returns a nettest.MakePipe of conns between d and l. The server's
// handshake, if there is one, has to run while the client's does.
func pipes(d dialer.Dialer, l net.Listener, address string) nettest.MakePipe {
	return func() (c1, c2 net.Conn, stop func(), err error) {
		type result struct {
			conn net.Conn
			err  error
		}
		accepted := make(chan result, 1)
		go func() {
			c, err := l.Accept()
			if secure, ok := c.(*tls.Conn); ok {
				err = secure.Handshake()
			}
			accepted <- result{c, err}
		}()
		if c1, err = d.Dial(l.Addr().Network(), address); err != nil {
			return nil, nil, nil, err
		}
		server := <-accepted
		if server.err != nil {
			return nil, nil, nil, server.err
		}
		return c1, server.conn, func() { c1.Close(); server.conn.Close() }, nil
	}
}

func TestConnTCP(t *testing.T) {
	l := listen(t, "tcp", "127.0.0.1:0")
	nettest.TestConn(t, pipes(newDialer(t, nil), l, l.Addr().String()))
}

// A tls.Conn is broken for good after a write timed out (crypto/tls,
// Conn.SetWriteDeadline), and three subtests go on after one: PastTimeout,
// FutureTimeout and ConcurrentMethods. The others are run by a process of their
// own, since nettest has no way to choose.
func TestConnTLS(t *testing.T) {
	ca := newAuthority(t)
	if os.Getenv("STRATA_CONN_TLS") == "1" {
		l := listen(t, "tcp", "127.0.0.1:0")
		d := newDialer(t, &dialer.Config{TLS: ca.client()})
		nettest.TestConn(t, pipes(d, tls.NewListener(l, ca.server(t, "127.0.0.1")), l.Addr().String()))
		return
	}
	names := []string{"BasicIO", "PingPong", "RacyRead", "RacyWrite", "ReadTimeout",
		"WriteTimeout", "PresentTimeout", "CloseTimeout"}
	pattern := "^TestConnTLS$/^("
	for i, name := range names {
		pattern += map[bool]string{true: "", false: "|"}[i == 0] + name
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.v", "-test.run", pattern+")$")
	cmd.Env = append(os.Environ(), "STRATA_CONN_TLS=1")
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	for _, name := range names {
		assert.True(t, bytes.Contains(out, []byte("--- PASS: TestConnTLS/"+name)), name)
	}
}
