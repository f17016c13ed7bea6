//go:build !race

package http3x_test

import (
	"context"
	"crypto/tls"
	"io"
	"slices"
	"testing"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/quicx/http3x"
)

// In quic-go v0.65, a stream that is opened before the end of the handshake
// races with it: newFlowController reads the peer's limits while they come.

// Requests of 0-RTT work where both sides want it.
func TestTransportEarly(t *testing.T) {
	noLeak(t)
	used := make(chan bool, 10)
	s := serve(t, echo, func(c *http3x.ServerConfig) {
		c.Listen.Early = true
		c.ConnContext = func(ctx context.Context, q *quic.Conn) context.Context {
			go func() {
				<-q.HandshakeComplete()
				used <- q.ConnectionState().Used0RTT
			}()
			return ctx
		}
	})
	rt := transport(t, func(c *http3x.Config) { c.Early = true })
	for range 2 {
		assert.Equal(t, "200 GET "+s.addr+" ", fetch(t, rt, http3.MethodGet0RTT, s.url("/"), ""))
		rt.CloseIdleConnections()
	}
	assert.False(t, within(t, "the first", used))
	assert.True(t, within(t, "the second", used))
}

// A request that comes before the handshake is complete is served if it may be repeated, else status 425 asks for it again.
func TestEarly(t *testing.T) {
	noLeak(t)
	s := serve(t, echo, func(c *http3x.ServerConfig) { c.Listen.Early = true })
	cache := tls.NewLRUClientSessionCache(1)
	dial := func() *quic.Conn {
		tc := &tls.Config{RootCAs: authority().Pool(), NextProtos: []string{http3.NextProtoH3}, ClientSessionCache: cache}
		q, err := quic.DialAddrEarly(t.Context(), s.addr, tc, nil)
		require.NoError(t, err)
		return q
	}
	first := dial()
	eventually(t, "a ticket", func() bool { _, ok := cache.Get("127.0.0.1"); return ok })
	first.CloseWithError(0, "")
	post := slices.Concat(postLength, body10)
	eventually(t, "a request that came before the end of the handshake", func() bool {
		q := dial()
		defer q.CloseWithError(0, "")
		var status [2]byte
		for i, data := range [][]byte{post, getRequest} {
			str := openRaw(t, q, data)
			require.NoError(t, str.Close())
			answer, err := io.ReadAll(str)
			require.NoError(t, err)
			status[i] = answer[4] // the first field, after the frame's type and length and two bytes of QPACK
		}
		assert.Equal(t, status200, status[1])
		return q.ConnectionState().Used0RTT && status[0] == status425
	})
}

// status codes of QPACK's static table, their first byte.
const (
	status200 byte = 0xd9
	status425 byte = 0xff
)
