//go:build !race

package http3x_test

import (
	"context"
	"testing"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"
	"github.com/stretchr/testify/assert"

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
