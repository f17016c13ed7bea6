package listener_test

import (
	"crypto/tls"
	"fmt"
	"math"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/listener"
)

// Timeouts that stand for none add up to more than a duration can be.
func TestTheFairTimeOfTheLongestTimeouts(t *testing.T) {
	const longest = time.Duration(math.MaxInt64)
	c := &listener.Config{
		TLS: &tls.Config{}, HandshakeTimeout: longest,
		ProxyProtocol: &listener.ProxyProtocol{HeaderTimeout: longest},
	}
	assert.Equal(t, 2*(longest/4), listener.Fair(c))
}

// A flood of silent clients, from one address or from many, takes all places.
// Others come in nevertheless, long before the silent ones time out.
func TestSilentClientsKeepNobodyOut(t *testing.T) {
	ca := newAuthority(t)
	for name, source := range map[string]func(i int) string{
		"one source":   func(int) string { return "127.0.0.2" },
		"many sources": func(i int) string { return fmt.Sprintf("127.0.1.%d", i+1) },
	} {
		for _, stage := range []string{"TLS", "PROXY"} {
			t.Run(name+" "+stage, func(t *testing.T) {
				noLeak(t)
				const timeout = 8 * time.Second // a quarter is the fair time
				config := &listener.Config{Address: "127.0.0.1:0", MaxHandshakes: 8, MaxConns: 1000}
				if stage == "TLS" {
					config.TLS, config.HandshakeTimeout = ca.server(t, "127.0.0.1"), timeout
				} else {
					config.ProxyProtocol = trusting(t)
					config.ProxyProtocol.HeaderTimeout = timeout
				}
				l := open(t, config)
				for i := range 16 {
					dialFrom(t, l, source(i))
				}
				conns := accepting(t, l)
				if stage == "TLS" {
					dialTLS(t, l, ca.client())
				} else {
					say(t, l, goodHeaders["TCP4"].text)
				}
				(<-conns).Close()
				assert.Zero(t, stats(l).HandshakesFailed+stats(l).HeadersFailed, "it had to wait for the timeout of the silent ones")
				assert.GreaterOrEqual(t, stats(l).HandshakesDropped, int64(8))
				require.NoError(t, l.Close())
				assert.Zero(t, stats(l).Active+stats(l).Pending)
			})
		}
	}
}

// The one that is dropped is of the source that has too much, though others are older.
func TestTheGreedySourceIsDroppedFirst(t *testing.T) {
	noLeak(t)
	ca := newAuthority(t)
	events := make(chan listener.Event, 100)
	l := open(t, &listener.Config{
		Address: "127.0.0.1:0", TLS: ca.server(t, "127.0.0.1"), MaxHandshakes: 8, HandshakeTimeout: 8 * time.Second,
		OnEvent: ends(func(e listener.Event) { events <- e }),
	})
	slow := dialFrom(t, l, "127.0.0.3")
	eventually(t, "the slow one is in", func() bool { return stats(l).Pending == 1 })
	for range 7 {
		dialFrom(t, l, "127.0.0.2")
	}
	eventually(t, "all places are taken", func() bool { return stats(l).Pending == 8 })
	time.Sleep(2200 * time.Millisecond) // longer than the fair time, a quarter of the timeout
	accepting(t, l)
	dialTLS(t, l, ca.client())
	e := <-events
	assert.Equal(t, listener.HandshakeDropped, e.Kind)
	assert.Equal(t, "127.0.0.2", e.Remote.(*net.TCPAddr).IP.String())
	assert.Equal(t, "handshake", failure(t, e.Err).Op)
	slow.Close()
}

// Places of finished conns that nobody accepts cannot be taken away.
func TestFinishedConnsAreNotDropped(t *testing.T) {
	noLeak(t)
	ca := newAuthority(t)
	l := open(t, &listener.Config{Address: "127.0.0.1:0", TLS: ca.server(t, "127.0.0.1"), MaxHandshakes: 2, HandshakeTimeout: 3 * time.Second})
	for range 2 {
		dialTLS(t, l, ca.client())
	}
	dial(t, l)
	time.Sleep(3200 * time.Millisecond)
	require.Zero(t, stats(l).HandshakesDropped+stats(l).HandshakesFailed)
	accept(t, l)
	accept(t, l)
}
