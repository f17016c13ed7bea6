package netstack_test

import (
	"bytes"
	"io"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/nettest"
)

func TestConnTCP(t *testing.T) {
	for _, network := range []string{"tcp4", "tcp6", "tcp"} {
		t.Run(network, func(t *testing.T) {
			left, right := newPair(t)
			nettest.TestConn(t, func() (a, b net.Conn, stop func(), err error) {
				l, err := right.Listen(network, ":0")
				require.NoError(t, err)
				defer l.Close()
				host := right4
				if network == "tcp6" {
					host = right6
				}
				_, port, _ := net.SplitHostPort(l.Addr().String())
				if a, err = left.Dial(network, net.JoinHostPort(host, port)); err != nil {
					return nil, nil, nil, err
				}
				b, err = l.Accept()
				return a, b, func() {
					_ = a.Close()
					_ = b.Close()
				}, err
			})
		})
	}
}

func TestConnBulk(t *testing.T) {
	left, right := newPair(t)
	a, b := newTCP(t, left, right)
	data := bytes.Repeat([]byte("0123456789abcdef"), 4<<16)
	go func() {
		_, _ = a.Write(data)
		_ = a.CloseWrite()
	}()
	begin := time.Now()
	got, err := io.ReadAll(b)
	require.NoError(t, err)
	assert.True(t, bytes.Equal(data, got))
	t.Log(time.Since(begin))
	roundTrip(t, b, a) // the other half is open
}
