//go:build !race

package quicx_test

// In quic-go v0.65, a stream that a client opens before the end of the handshake
// races with it: newFlowController reads the peer's limits while they come.

import (
	"context"
	"crypto/tls"
	"io"
	"testing"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/quicx"
)

// announced is a cache that tells when it gets something.
type announced struct {
	tls.ClientSessionCache
	put chan struct{}
}

func (a *announced) Put(key string, s *tls.ClientSessionState) {
	a.ClientSessionCache.Put(key, s)
	if s != nil {
		a.put <- struct{}{}
	}
}

// ticketClient has dialled before, and has a ticket.
func ticketClient(t *testing.T, l *quicx.Listener) *client {
	t.Helper()
	c := newClient(t, "127.0.0.1:0")
	tickets := &announced{ClientSessionCache: tls.NewLRUClientSessionCache(1), put: make(chan struct{}, 10)}
	c.tls.ClientSessionCache = tickets
	_, conn := pair(t, l, c)
	<-tickets.put
	conn.CloseWithError(0, "")
	eventually(t, "it is closed", func() bool { return l.Stats().Active == 0 })
	return c
}

// early dials with the first data in the first packet.
func (c *client) early(t *testing.T, l *quicx.Listener, text string) *quic.Conn {
	t.Helper()
	conn, err := c.transport.DialEarly(t.Context(), l.Addr(), c.tls, c.quic)
	require.NoError(t, err)
	t.Cleanup(func() { conn.CloseWithError(0, "") })
	s, err := conn.OpenStream()
	require.NoError(t, err)
	_, err = s.Write([]byte(text))
	require.NoError(t, err)
	require.NoError(t, s.Close())
	return conn
}

// received reads the text of the first stream.
func received(t *testing.T, c *quic.Conn) string {
	t.Helper()
	s, err := c.AcceptStream(t.Context())
	require.NoError(t, err)
	require.NoError(t, s.SetReadDeadline(time.Now().Add(time.Minute)))
	b, err := io.ReadAll(s)
	require.NoError(t, err)
	return string(b)
}

func TestListener_Early(t *testing.T) {
	noLeak(t)
	l := listen(t, &quicx.ListenConfig{Early: true})
	c := ticketClient(t, l)
	conn := c.early(t, l, "at once")
	server := accept(t, l)
	assert.Equal(t, "at once", received(t, server))
	<-server.HandshakeComplete()
	<-conn.HandshakeComplete()
	assert.True(t, server.ConnectionState().Used0RTT)
	assert.True(t, conn.ConnectionState().Used0RTT)
	eventually(t, "it is not pending", func() bool { return l.Stats().Pending == 0 })
}

// Accept returns before the handshake is done, which spoofed packets never do:
// they count as pending until their timeout.
func TestListener_EarlyPending(t *testing.T) {
	noLeak(t)
	l := listen(t, &quicx.ListenConfig{
		Early: true, HandshakeTimeout: 8 * time.Second, MaxConnsPerSource: 1, SourceBits4: 1, // half of it for who is silent
	})
	flood(t, l.Addr(), 3)
	for range 3 {
		conn := accept(t, l)
		select {
		case <-conn.HandshakeComplete():
			t.Fatal("nobody is there")
		default:
		}
	}
	s := l.Stats()
	assert.EqualValues(t, 3, s.Unvalidated)
	assert.EqualValues(t, 3, s.Pending)
	// They do not count for the source in whose name they came.
	server, _ := pair(t, l, newClient(t, "127.0.0.1:0"))
	<-server.HandshakeComplete()
	eventually(t, "they time out", func() bool { return l.Stats().HandshakesFailed == 3 })
	assert.EqualValues(t, 1, l.Stats().Active)
}

func TestListener_EarlyOverLimit(t *testing.T) {
	noLeak(t)
	var happened events
	l := listen(t, &quicx.ListenConfig{
		Early: true, MaxConnsPerSource: 1, Retry: quicx.RetryNever, CloseCode: 5, OnEvent: happened.add,
	})
	c := newClient(t, "127.0.0.1:0")
	server, _ := pair(t, l, c)
	<-server.HandshakeComplete()
	conn, err := c.dial(t, l.Addr())
	if err == nil {
		<-conn.Context().Done()
		err = context.Cause(conn.Context())
	}
	var refusal *quic.ApplicationError // it can come before the dial has returned
	require.ErrorAs(t, err, &refusal)
	assert.EqualValues(t, 5, refusal.ErrorCode)
	eventually(t, "it is counted", func() bool { return l.Stats().RefusedBySource == 1 })
	eventually(t, "it is gone", func() bool { return l.Stats().Active == 1 })
	assert.Equal(t, 1, happened.kinds()[quicx.RefusedBySource])
}

// Without Early, data that came early is there when the handshake is done.
func TestListener_LateAcceptOfEarlyData(t *testing.T) {
	noLeak(t)
	l := listen(t, &quicx.ListenConfig{QUIC: &quic.Config{Allow0RTT: true}})
	c := ticketClient(t, l)
	conn := c.early(t, l, "at once")
	server := accept(t, l)
	select {
	case <-server.HandshakeComplete():
	default:
		t.Fatal("accepted too early")
	}
	assert.Equal(t, "at once", received(t, server))
	<-conn.HandshakeComplete()
	assert.True(t, conn.ConnectionState().Used0RTT)
}

// By default there is no early data, but tickets resume.
func TestListener_Resumption(t *testing.T) {
	noLeak(t)
	l := listen(t, nil)
	c := ticketClient(t, l)
	conn := c.early(t, l, "in time")
	<-conn.HandshakeComplete()
	state := conn.ConnectionState()
	assert.True(t, state.TLS.DidResume)
	assert.False(t, state.Used0RTT)
	accept(t, l)
}
