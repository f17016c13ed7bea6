package main

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A halfCloser is a conn whose directions end apart.
type halfCloser interface {
	net.Conn
	CloseWrite() error
}

// dialFront connects to the tcp or the tcp-tls listener.
func dialFront(t *testing.T, g *local, name string) halfCloser {
	t.Helper()
	c := dialTCP(t, g.address(name))
	if name == "tcp" {
		return c
	}
	return secureClient(t, g, c)
}

// secureClient puts TLS on a conn to the gateway.
func secureClient(t *testing.T, g *local, c net.Conn) *tls.Conn {
	t.Helper()
	secure := tls.Client(c, &tls.Config{RootCAs: g.roots(), ServerName: "localhost"})
	require.NoError(t, secure.HandshakeContext(t.Context()))
	return secure
}

func TestTCPLargeBody(t *testing.T) {
	const size = 64 << 20
	want := digest(t, noise(size, 2))
	for _, name := range []string{"tcp", "tcp-tls"} {
		t.Run(name, func(t *testing.T) {
			settled(t)
			g := start(t, echoConfig, nil)
			c := dialFront(t, g, name)
			sent := make(chan error, 1)
			go func() {
				_, err := io.Copy(c, noise(size, 2))
				sent <- errors.Join(err, c.CloseWrite())
			}()
			assert.Equal(t, want, digest(t, c))
			require.NoError(t, <-sent)
		})
	}
}

// Each direction ends for itself, whichever comes first, and the other goes on.
func TestHalfClose(t *testing.T) {
	for _, name := range []string{"tcp", "tcp-tls"} {
		for _, first := range []string{"client", "upstream"} {
			t.Run(name+" "+first, func(t *testing.T) {
				settled(t)
				l := listenTCP(t)
				g := start(t, front(l.Addr().String()), nil)
				client := dialFront(t, g, name)
				server := acceptTCP(t, l)
				a, b := client, halfCloser(server)
				if first == "upstream" {
					a, b = b, a
				}
				say(t, a, "last words")
				require.NoError(t, a.CloseWrite())
				hear(t, b, "last words")
				for i := range 3 { // the other direction still works, also after a while
					say(t, b, fmt.Sprintf("more %d", i))
					got := make([]byte, len("more 0"))
					_, err := io.ReadFull(a, got)
					require.NoError(t, err)
					assert.Equal(t, fmt.Sprintf("more %d", i), string(got))
					time.Sleep(10 * time.Millisecond)
				}
				require.NoError(t, b.CloseWrite())
				hear(t, a, "")
				g.log.eventually(t, "msg=session ")
			})
		}
	}
}

func say(t *testing.T, c net.Conn, text string) {
	t.Helper()
	_, err := io.WriteString(c, text)
	require.NoError(t, err)
}

// hear reads to the end.
func hear(t *testing.T, c net.Conn, want string) {
	t.Helper()
	got, err := io.ReadAll(c)
	require.NoError(t, err)
	assert.Equal(t, want, string(got))
}

// A reset of one side reaches the other as a reset and not as a normal end.
func TestResetIsPassedOn(t *testing.T) {
	for _, who := range []string{"client", "upstream"} {
		t.Run(who, func(t *testing.T) {
			settled(t)
			l := listenTCP(t)
			g := start(t, front(l.Addr().String()), nil)
			client := dialTCP(t, g.address("tcp"))
			server := acceptTCP(t, l)
			a, b := client, server
			if who == "upstream" {
				a, b = b, a
			}
			say(t, a, "x")
			_, err := io.ReadFull(b, make([]byte, 1))
			require.NoError(t, err)
			require.NoError(t, a.SetLinger(0))
			require.NoError(t, a.Close())
			_, err = b.Read(make([]byte, 1))
			assert.ErrorIs(t, err, syscall.ECONNRESET)
			g.log.eventually(t, "session cut")
		})
	}
}

// Without an upstream the client sees a reset, since that refuses.
func TestTCPUpstreamDown(t *testing.T) {
	for _, name := range []string{"tcp", "tcp-tls"} {
		t.Run(name, func(t *testing.T) {
			settled(t)
			g := start(t, front(closedPort(t)), nil)
			require.ErrorIs(t, firstRead(g, name), syscall.ECONNRESET)
			g.log.eventually(t, "connection refused")
		})
	}
}

// firstRead returns the first error of a client that only listens. On loopback
// even its dial may see the reset.
func firstRead(g *local, name string) error {
	c, err := net.Dial("tcp", g.address(name))
	if err != nil {
		return err
	}
	defer c.Close()
	if name == "tcp-tls" {
		c = tls.Client(c, &tls.Config{RootCAs: g.roots(), ServerName: "localhost"})
	}
	_, err = c.Read(make([]byte, 1))
	return err
}
