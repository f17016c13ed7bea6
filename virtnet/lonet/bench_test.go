package lonet_test

import (
	"net"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/virtnet/lonet"
)

// BenchmarkDial is a dial, its accept and the close of both, as BenchmarkTCP.
func BenchmarkDial(b *testing.B) {
	n, err := lonet.Join(b.Context(), "")
	require.NoError(b, err)
	defer n.Close()
	server, err := n.NewHost(b.Context(), "server")
	require.NoError(b, err)
	other, err := lonet.Join(b.Context(), n.Network()[len("lonet"):])
	require.NoError(b, err)
	defer other.Close()
	client, err := other.NewHost(b.Context(), "client")
	require.NoError(b, err)
	l, err := server.Listen("")
	require.NoError(b, err)
	dials(b, l, func() (net.Conn, error) { return client.Dial(b.Context(), l.Addr().String()) })
}

// BenchmarkTCP is what BenchmarkDial is measured against.
func BenchmarkTCP(b *testing.B) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(b, err)
	dials(b, l, func() (net.Conn, error) { return net.Dial("tcp", l.Addr().String()) })
}

func dials(b *testing.B, l net.Listener, dial func() (net.Conn, error)) {
	b.Helper()
	defer l.Close()
	accepted := make(chan net.Conn)
	go func() {
		defer close(accepted)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			accepted <- c
		}
	}()
	for b.Loop() {
		c, err := dial()
		if err != nil {
			b.Fatal(err)
		}
		c.Close()
		(<-accepted).Close()
	}
}
