package listener_test

import (
	"bytes"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/nettest"

	"github.com/strata-net/strata/listener"
)

// pipes returns a nettest.MakePipe of conns that l accepts.
func pipes(l net.Listener, dial func() (net.Conn, error)) nettest.MakePipe {
	return func() (c1, c2 net.Conn, stop func(), err error) {
		if c1, err = dial(); err != nil {
			return nil, nil, nil, err
		}
		if c2, err = l.Accept(); err != nil {
			return nil, nil, nil, err
		}
		return c1, c2, func() { c1.Close(); c2.Close() }, nil
	}
}

func TestConnTCP(t *testing.T) {
	l := open(t, &listener.Config{Address: "127.0.0.1:0"})
	nettest.TestConn(t, pipes(l, func() (net.Conn, error) { return net.Dial("tcp", l.Addr().String()) }))
}

// A tls.Conn is broken for good after a write timed out (crypto/tls,
// Conn.SetWriteDeadline), and three subtests go on after one: PastTimeout,
// FutureTimeout and ConcurrentMethods. The others are run by a process of their
// own, since nettest has no way to choose.
func TestConnTLS(t *testing.T) {
	if os.Getenv("STRATA_CONN_TLS") == "1" {
		ca := newAuthority(t)
		l := open(t, &listener.Config{Address: "127.0.0.1:0", TLS: ca.server(t, "127.0.0.1")})
		nettest.TestConn(t, pipes(l, func() (net.Conn, error) { return tlsDial(l, ca) }))
		return
	}
	names := []string{"BasicIO", "PingPong", "RacyRead", "RacyWrite", "ReadTimeout", "WriteTimeout", "PresentTimeout", "CloseTimeout"}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.v", "-test.run", "^TestConnTLS$/^("+strings.Join(names, "|")+")$")
	cmd.Env = append(os.Environ(), "STRATA_CONN_TLS=1")
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	for _, name := range names {
		assert.True(t, bytes.Contains(out, []byte("--- PASS: TestConnTLS/"+name)), name)
	}
}
