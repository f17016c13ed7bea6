//go:build !js

package dtlsx_test

import (
	"net"
	"testing"

	"github.com/pion/transport/v5/dpipe"
	"golang.org/x/net/nettest"

	"github.com/strata-net/strata/dtlsx"
)

// A pipeLink carries datagrams in memory and loses none, as nettest expects.
type pipeLink struct{ net.Conn }

func (l pipeLink) ReadFrom(b []byte) (int, net.Addr, error) {
	n, err := l.Read(b)
	return n, l.RemoteAddr(), err
}

func (l pipeLink) WriteTo(b []byte, _ net.Addr) (int, error) { return l.Write(b) }

// All of nettest applies: what it writes and reads has records of one size.
func TestNetTest(t *testing.T) {
	s, c := &dtlsx.Config{TLS: serverTLS(t)}, &dtlsx.Config{TLS: clientTLS()}
	nettest.TestConn(t, func() (c1, c2 net.Conn, stop func(), err error) {
		a, b := dpipe.Pipe()
		done := make(chan error, 1)
		var server *dtlsx.Conn
		go func() {
			var err error
			server, err = dtlsx.Shake(t.Context(), s, pipeLink{b}, b.RemoteAddr())
			done <- err
		}()
		client, err := dtlsx.ShakeClient(t.Context(), c, pipeLink{a}, a.RemoteAddr())
		if err != nil {
			return nil, nil, nil, err
		}
		if err := <-done; err != nil {
			return nil, nil, nil, err
		}
		return client, server, func() { client.Close(); server.Close() }, nil
	})
}
