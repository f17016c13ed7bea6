package listener_test

import (
	"crypto/tls"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/listener"
)

// TestManyConnsCutAtRandom sends 10,000 clients through all that there is. They
// leave at any moment; goroutines, descriptors and counters end where they began.
func TestManyConnsCutAtRandom(t *testing.T) {
	ca := newAuthority(t)
	noLeak(t)
	clients, workers := 10_000, 50
	if raceEnabled { // TLS takes ten times as long
		clients = 2_500
	}
	var events atomic.Int64
	l := open(t, &listener.Config{
		Addresses: []string{"127.0.0.1:0", "127.0.0.1:0"},
		TLS:       ca.server(t, "127.0.0.1"), MaxHandshakes: 32, HandshakeTimeout: time.Second,
		Deny: prefixes(t, "127.0.3.0/24", "10.3.0.0/16"), MaxConnsPerSource: 20, SourceBits4: 24,
		AcceptRate: 1e6, AcceptBurst: 1000, MaxConns: 40,
		ProxyProtocol: &listener.ProxyProtocol{
			Trusted: prefixes(t, "127.0.1.0/24"), Untrusted: listener.DirectUntrusted, HeaderTimeout: time.Second,
		},
		IdleTimeout: 500 * time.Millisecond, MaxAge: 2 * time.Second, MinReceiveRate: 10,
		OnEvent: ends(func(listener.Event) { events.Add(1) }),
	}).(listener.Listener)

	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				assert.ErrorIs(t, err, net.ErrClosed)
				return
			}
			serving.Go(func() {
				defer conn.Close()
				io.Copy(struct{ io.Writer }{conn}, struct{ io.Reader }{conn})
				if rand.IntN(4) == 0 {
					conn.Close()
				}
			})
		}
	})
	addrs := l.Addrs()
	require.Len(t, addrs, 2)
	config := ca.client()
	config.ServerName = "127.0.0.1"
	config.ClientSessionCache = tls.NewLRUClientSessionCache(1) // spares most of the computing
	var dialling sync.WaitGroup
	for range workers {
		dialling.Go(func() {
			for range clients / workers {
				visit(addrs[rand.IntN(2)].String(), config)
			}
		})
	}
	dialling.Wait()
	require.NoError(t, l.Shutdown(t.Context()))
	serving.Wait()
	s := l.Stats()
	t.Logf("%+v", s)
	assert.Zero(t, s.Active)
	assert.Zero(t, s.Pending)
	assert.Zero(t, listener.Sources(l))
	assert.Zero(t, listener.Slots(l))
	assert.Zero(t, listener.Waiting(l))
	assert.Positive(t, s.Accepted)
	assert.Positive(t, s.RefusedByRule)
	assert.Positive(t, s.RefusedAnnounced)
	assert.Positive(t, s.HeadersFailed)
	assert.Positive(t, s.HandshakesFailed)
	assert.Equal(t, events.Load(), s.RefusedByRule+s.RefusedBySource+s.RefusedByRate+s.RefusedByLimit+s.RefusedUntrusted+
		s.RefusedAnnounced+s.HeadersFailed+s.HandshakesFailed+s.HandshakesDropped+s.CutIdle+s.CutAge+s.CutSlow+s.AcceptErrors)
}

// visit is a client that may leave at any step.
func visit(address string, config *tls.Config) {
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, byte(rand.IntN(4)), byte(1+rand.IntN(200)))}, Timeout: 10 * time.Second}
	c, err := d.Dial("tcp", address)
	if err != nil {
		return
	}
	defer func() {
		if rand.IntN(2) == 0 {
			c.(*net.TCPConn).SetLinger(0)
		}
		c.Close()
	}()
	leaves := func() bool { return rand.IntN(6) == 0 }
	c.SetDeadline(time.Now().Add(10 * time.Second))
	if d.LocalAddr.(*net.TCPAddr).IP.To4()[2] == 1 || leaves() {
		header := fmt.Sprintf("PROXY TCP4 10.%d.0.%d 10.0.0.1 1 2\r\n", rand.IntN(5), rand.IntN(200))
		if leaves() {
			header = header[:rand.IntN(len(header))]
		}
		if _, err := io.WriteString(c, header); err != nil || leaves() {
			return
		}
	}
	secure := tls.Client(c, config)
	if secure.Handshake() != nil || leaves() {
		return
	}
	if _, err := secure.Write([]byte("hello")); err != nil || leaves() {
		return
	}
	if _, err := io.ReadFull(secure, make([]byte, 5)); err != nil || leaves() {
		return
	}
	secure.CloseWrite()
	io.Copy(io.Discard, secure)
}
