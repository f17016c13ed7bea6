package quicx_test

import (
	"context"
	"crypto/tls"
	"errors"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/quicx"
)

// TestChaos lets clients dial, migrate and give up, servers accept, refuse and close, and strangers send rubbish, at any
// moments: nothing may stay counted, open or running, and nobody may wait for ever.
func TestChaos(t *testing.T) {
	noLeak(t)
	server := serverTLS(t)
	rounds := 40
	if testing.Short() {
		rounds = 5
	}
	for range rounds {
		seed := rand.Uint64()
		if !chaos(t, rand.New(rand.NewPCG(seed, seed)), server) {
			t.Fatalf("seed %d", seed)
		}
	}
}

// chaosConfig is a config with limits that are soon reached.
func chaosConfig(r *rand.Rand, server *tls.Config) *quicx.ListenConfig {
	c := &quicx.ListenConfig{
		Address: "127.0.0.1:0", TLS: server, Early: r.IntN(2) == 0, Retry: quicx.RetryPolicy(r.IntN(3)),
		MaxConns: r.IntN(6), MaxConnsPerSource: r.IntN(4), MaxHandshakes: 1 + r.IntN(4), HandshakeTimeout: 400 * time.Millisecond,
	}
	chance := func(n int) bool { return r.IntN(n) == 0 }
	// by whatever goroutine calls back
	one := func() int { return rand.IntN(6) }
	if chance(3) {
		c.Deny = []netip.Prefix{netip.MustParsePrefix("::ffff:127.0.0.2/128")}
	}
	if chance(3) {
		c.QUIC = &quic.Config{GetConfigForClient: func(*quic.ClientInfo) (*quic.Config, error) {
			switch one() {
			case 0, 1:
				return nil, errors.New("not you")
			case 2:
				return &quic.Config{KeepAlivePeriod: -1}, nil
			}
			return nil, nil
		}}
	}
	if chance(3) {
		own := server.Clone()
		own.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) {
			switch one() {
			case 0:
				return nil, errors.New("not you")
			case 1:
				return &tls.Config{Certificates: server.Certificates, NextProtos: []string{"other"}}, nil
			}
			return nil, nil
		}
		c.TLS = own
	}
	return c
}

func chaos(t *testing.T, r *rand.Rand, server *tls.Config) bool {
	t.Helper()
	l, err := quicx.NewListener(t.Context(), chaosConfig(r, server))
	require.NoError(t, err)
	c, err := quicx.NewDialer(&quicx.DialConfig{
		TLS: clientTLS(), QUIC: &quic.Config{HandshakeIdleTimeout: 300 * time.Millisecond, MaxIdleTimeout: time.Second},
	})
	require.NoError(t, err)
	var group sync.WaitGroup
	act := func(n int, f func(r *rand.Rand)) {
		for range n {
			own := rand.New(rand.NewPCG(r.Uint64(), r.Uint64()))
			group.Go(func() { f(own) })
		}
	}
	pause := func(r *rand.Rand) { time.Sleep(time.Duration(r.IntN(20_000)) * time.Microsecond) }
	act(6, func(r *rand.Rand) { chaosClient(t, r, c, l.Addr(), pause) })
	act(2, func(r *rand.Rand) { chaosServer(t, r, l, pause) })
	act(1, func(r *rand.Rand) { rubbish(t, r, l.Addr()) })
	act(1, func(r *rand.Rand) {
		pause(r)
		pause(r)
		assert.NoError(t, c.Close())
	})
	act(1, func(r *rand.Rand) {
		pause(r)
		pause(r)
		if r.IntN(2) == 0 {
			assert.NoError(t, l.Close())
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(r.IntN(30))*time.Millisecond)
		defer cancel()
		if err := l.Shutdown(ctx); err != nil {
			assert.ErrorIs(t, err, context.DeadlineExceeded)
		}
		assert.Equal(t, make([]int, 7), quicx.Leftovers(l))
	})
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		group.Wait()
	}()
	select {
	case <-ended:
	case <-time.After(time.Minute):
		t.Error("somebody waits for ever")
		return false
	}
	assert.Empty(t, c.Sockets())
	s := l.Stats()
	for _, n := range []int64{
		s.Accepted, s.Retries, s.RefusedByRule, s.RefusedBySource, s.RefusedByLimit, s.RefusedByHandshakes, s.HandshakesFailed,
	} {
		assert.GreaterOrEqual(t, n, int64(0))
	}
	return !t.Failed()
}

// chaosClient dials, and does something with the conn if there is one.
func chaosClient(t *testing.T, r *rand.Rand, c *quicx.Client, to net.Addr, pause func(*rand.Rand)) {
	for range 3 {
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(1+r.IntN(400))*time.Millisecond)
		dial := c.DialContext
		if r.IntN(2) == 0 {
			dial = c.DialEarly
		}
		conn, err := dial(ctx, "udp", to.String())
		if err != nil {
			cancel()
			var e *quicx.Error
			assert.ErrorAs(t, err, &e)
			continue
		}
		select { // quic-go v0.65 has a race between its end and the opening of streams
		case <-conn.HandshakeComplete():
		case <-conn.Context().Done():
		}
		if s, err := conn.OpenStream(); err == nil {
			_, _ = s.Write([]byte("hello"))
			s.Close()
		}
		if r.IntN(2) == 0 {
			_ = c.Migrate(ctx, conn, "127.0.0.1")
		}
		cancel()
		pause(r)
		if r.IntN(4) > 0 { // else the Client does
			_ = conn.CloseWithError(1, "enough")
		}
	}
}

// chaosServer accepts until the listener is closed.
func chaosServer(t *testing.T, r *rand.Rand, l *quicx.Listener, pause func(*rand.Rand)) {
	for {
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(r.IntN(20))*time.Millisecond)
		conn, err := l.Accept(ctx)
		cancel()
		switch {
		case err == nil:
			pause(r)
			if r.IntN(3) > 0 {
				_ = conn.CloseWithError(2, "enough")
			}
		case errors.Is(err, context.DeadlineExceeded):
		default:
			assert.ErrorIs(t, err, net.ErrClosed)
			return
		}
	}
}

// rubbish sends datagrams of no protocol, of versions that nobody knows, and empty ones.
func rubbish(t *testing.T, r *rand.Rand, to net.Addr) {
	conn, err := net.Dial("udp", to.String())
	if !assert.NoError(t, err) {
		return
	}
	defer conn.Close()
	good, err := initial()
	assert.NoError(t, err)
	for range 200 {
		b := make([]byte, r.IntN(1400)*r.IntN(2))
		for i := range b {
			b[i] = byte(r.Uint32())
		}
		switch r.IntN(4) {
		case 0:
			b = append([]byte(nil), good...)
			b[r.IntN(len(b))] ^= 1 << r.IntN(8)
		case 1:
			b = append([]byte{0xc0, 0, 0, 0, byte(r.IntN(3)), byte(r.IntN(24))}, b...)
		}
		_, _ = conn.Write(b) // may hear that the port is closed
	}
}
