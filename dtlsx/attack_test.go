package dtlsx_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/dtlsx"
	"github.com/strata-net/strata/tlsx/pki"
)

// TestStorm opens and closes everything at random times. Nothing may hang, leak or
// hand out a conn that does not carry.
func TestStorm(t *testing.T) {
	noLeak(t)
	const rounds, clients = 60, 8
	cfg := &dtlsx.DialConfig{Config: dtlsx.Config{PSK: &dtlsx.PSK{Identity: []byte("test"), Key: secret}, HandshakeTimeout: 2 * time.Second}}
	d, err := dtlsx.NewDialer(cfg)
	require.NoError(t, err)
	var dialled, served atomic.Int64
	longest := 15 * time.Millisecond
	pause := func() time.Duration { return time.Duration(rand.Int64N(int64(longest))) }
	for round := 0; round < rounds || dialled.Load() == 0 || served.Load() == 0; round++ {
		if round%rounds == 0 {
			longest *= 2 // more than once if this machine is busy
		}
		l := listen(t, dtlsx.ListenConfig{
			Config: dtlsx.Config{PSK: &dtlsx.PSK{Key: secret}, HandshakeTimeout: time.Second}, MaxHandshakes: 4, MaxConns: 6,
			IdleTimeout: time.Duration(1+rand.IntN(50)) * time.Millisecond,
		})
		var group sync.WaitGroup
		group.Go(func() {
			for {
				c, err := l.Accept()
				if err != nil {
					assert.ErrorIs(t, err, net.ErrClosed)
					return
				}
				served.Add(1)
				for _, f := range []func(){
					func() { c.Read(make([]byte, 100)) }, func() { c.Write([]byte("x")) },
					func() { c.SetDeadline(time.Now().Add(pause())) }, func() { time.Sleep(pause()); c.Close() },
				} {
					group.Go(f)
				}
			}
		})
		for range clients {
			group.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), 2*pause())
				defer cancel()
				c, err := d.DialContext(ctx, "udp", l.Addr().String())
				if err != nil {
					return
				}
				dialled.Add(1)
				assert.NoError(t, c.SetDeadline(time.Now().Add(pause())))
				c.Write([]byte("hello"))
				c.Read(make([]byte, 100))
				assert.NoError(t, c.Close())
			})
		}
		time.Sleep(pause())
		if rand.IntN(2) == 0 {
			assert.NoError(t, l.Close())
		}
		ctx, cancel := context.WithTimeout(t.Context(), pause())
		if err := l.Shutdown(ctx); err != nil {
			assert.ErrorIs(t, err, context.DeadlineExceeded)
		}
		cancel()
		group.Wait()
		eventually(t, "all gone", func() bool { s := l.Stats(); return s.Active == 0 && s.Pending == 0 })
	}
	t.Logf("%d dialled, %d served", dialled.Load(), served.Load())
	assert.Positive(t, dialled.Load())
	assert.Positive(t, served.Load())
}

// echoOn is a listener on an address that may have been used before, and what
// echoes there until stop.
func echoOn(t *testing.T, address string, c dtlsx.Config) (l *dtlsx.Listener, stop func()) {
	t.Helper()
	l = listen(t, dtlsx.ListenConfig{Address: address, Config: c})
	var group sync.WaitGroup
	group.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			group.Go(func() {
				defer c.Close()
				b := make([]byte, 100)
				for {
					n, err := c.Read(b)
					if err != nil {
						return
					}
					c.Write(b[:n])
				}
			})
		}
	})
	return l, func() { l.Close(); group.Wait() }
}

// TestSharedSessions: one store behind several policies lets nobody around the
// stricter one.
func TestSharedSessions(t *testing.T) {
	noLeak(t)
	stranger, err := pki.New(nil)
	require.NoError(t, err)
	cert := serverTLS(t).Certificates
	certified := func(change func(*tls.Config)) *tls.Config {
		c := &tls.Config{Certificates: cert}
		change(c)
		return c
	}
	plain := func() *tls.Config { return &tls.Config{Certificates: cert} }
	loose := func() *tls.Config { return &tls.Config{InsecureSkipVerify: true} }
	for name, test := range map[string]struct {
		server1, server2 *tls.Config
		client1, client2 *tls.Config
		ok               bool
	}{
		"the same":                    {plain(), plain(), clientTLS(), clientTLS(), true},
		"unverified, then verified":   {plain(), plain(), loose(), &tls.Config{RootCAs: stranger.Pool()}, false},
		"unverified, then no roots":   {plain(), plain(), loose(), &tls.Config{RootCAs: x509.NewCertPool()}, false},
		"unverified, then the system": {plain(), plain(), loose(), &tls.Config{}, false},
		"no client certificate, then required": {
			plain(), certified(func(c *tls.Config) { c.ClientAuth, c.ClientCAs = tls.RequireAndVerifyClientCert, authority().Pool() }),
			clientTLS(), clientTLS(), false,
		},
		"no client certificate, then any": {
			plain(), certified(func(c *tls.Config) { c.ClientAuth = tls.RequireAnyClientCert }), clientTLS(), clientTLS(), false,
		},
	} {
		t.Run(name, func(t *testing.T) {
			ours, theirs := cache(t), cache(t)
			address := quietAddr(t)
			dial := func(s, c *tls.Config) (resumed bool, err error) {
				_, stop := echoOn(t, address, dtlsx.Config{TLS: s, Sessions: theirs})
				defer stop()
				d, err := dtlsx.NewDialer(&dtlsx.DialConfig{Config: dtlsx.Config{TLS: c, Sessions: ours}})
				require.NoError(t, err)
				conn, err := d.DialContext(t.Context(), "udp", address)
				if err != nil {
					return false, err
				}
				defer conn.Close()
				say(t, conn, "hello")
				require.Equal(t, "hello", hear(t, conn))
				return conn.(*dtlsx.Conn).ConnectionState().Resumed, nil
			}
			_, err := dial(test.server1, test.client1)
			require.NoError(t, err)
			require.Equal(t, 1, ours.Len())
			resumed, err := dial(test.server2, test.client2)
			if !test.ok {
				assert.Error(t, err)
				return
			}
			require.NoError(t, err)
			assert.True(t, resumed)
		})
	}
}

// TestSessionsOfNames: a session is that of a server name.
func TestSessionsOfNames(t *testing.T) {
	noLeak(t)
	ours := cache(t)
	l, stop := echoOn(t, "127.0.0.1:0", dtlsx.Config{TLS: &tls.Config{Certificates: []tls.Certificate{
		issue(t, &pki.Leaf{Names: []string{"one.test", "two.test"}}).TLS(),
	}}, Sessions: cache(t)})
	defer stop()
	for i, test := range []struct {
		name    string
		resumed bool
	}{{"one.test", false}, {"two.test", false}, {"one.test", true}, {"two.test", true}} {
		c := clientTLS()
		c.ServerName = test.name
		d, err := dtlsx.NewDialer(&dtlsx.DialConfig{Config: dtlsx.Config{TLS: c, Sessions: ours}})
		require.NoError(t, err)
		conn, err := d.DialContext(t.Context(), "udp", l.Addr().String())
		require.NoError(t, err)
		assert.Equal(t, test.resumed, conn.(*dtlsx.Conn).ConnectionState().Resumed, i)
		require.NoError(t, conn.Close())
	}
}

// Small datagrams are no way around the bound of a handshake.
func TestSmallDatagramsOfHandshake(t *testing.T) {
	assert.LessOrEqual(t, dtlsx.Waiting(dtlsx.DefaultReceiveQueue, 13, false), 128<<10)
	assert.LessOrEqual(t, dtlsx.Waiting(1<<20, 13, false), 256<<10)
	assert.Equal(t, dtlsx.DefaultReceiveQueue*2048, dtlsx.Waiting(dtlsx.DefaultReceiveQueue, 13, true), "afterwards room is used again")
}
