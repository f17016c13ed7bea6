package listener_test

import (
	"crypto/tls"
	"io"
	"net"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/listener"
	"github.com/strata-net/strata/sockopt"
)

func TestBadBounds(t *testing.T) {
	_, err := listener.New(t.Context(), &listener.Config{
		Address: "127.0.0.1:0", IdleTimeout: -1, MaxAge: -2, MinReceiveRate: -3, MinReceiveGrace: -4,
	})
	require.Error(t, err)
	for _, want := range []string{"IdleTimeout=-1ns", "MaxAge=-2ns", "MinReceiveRate=-3", "MinReceiveGrace=-4ns"} {
		assert.Contains(t, err.Error(), "listener: config: "+want+": must not be negative")
	}
	_, err = listener.New(t.Context(), &listener.Config{Address: "127.0.0.1:0", MinReceiveGrace: 1})
	assert.EqualError(t, err, "listener: config: MinReceiveGrace=1ns: needs MinReceiveRate")
}

// guarded opens a listener for each kind of conn and runs a test with a client
// and the server's conn.
func guarded(t *testing.T, config listener.Config, test func(t *testing.T, l net.Listener, client, server net.Conn)) {
	t.Helper()
	addresses := map[string]string{"tcp": "127.0.0.1:0"}
	if runtime.GOOS != "windows" {
		addresses["unix"] = "unix://" + t.TempDir() + "/s"
	}
	for name, address := range addresses {
		t.Run(name, func(t *testing.T) {
			noLeak(t)
			config := config
			config.Address = address
			l := open(t, &config)
			client := dial(t, l)
			test(t, l, client, accept(t, l))
		})
	}
}

// isCut asserts that an error is that of a conn that was cut for a field.
func isCut(t *testing.T, err error, field string) {
	t.Helper()
	e := failure(t, err)
	assert.Equal(t, "cut", e.Op)
	assert.Equal(t, field, e.Field)
	assert.NotEmpty(t, e.Value)
	require.ErrorIs(t, err, os.ErrDeadlineExceeded)
	var netErr net.Error
	require.ErrorAs(t, err, &netErr)
	assert.True(t, netErr.Timeout())
	assert.False(t, e.Temporary())
}

func TestIdleTimeout(t *testing.T) {
	const idle = 150 * time.Millisecond
	events := make(chan listener.Event, 10)
	config := listener.Config{IdleTimeout: idle, MaxConns: 1, OnEvent: ends(func(e listener.Event) { events <- e })}
	guarded(t, config, func(t *testing.T, l net.Listener, client, server net.Conn) {
		start := time.Now()
		_, err := server.Read(make([]byte, 1))
		assert.GreaterOrEqual(t, time.Since(start), idle*9/10)
		isCut(t, err, "IdleTimeout")
		_, err = server.Write([]byte("x"))
		isCut(t, err, "IdleTimeout")
		_, err = io.Copy(server, strings.NewReader("x"))
		isCut(t, err, "IdleTimeout")
		_, err = io.Copy(io.Discard, server)
		isCut(t, err, "IdleTimeout")
		ended(t, client)
		eventually(t, "the slot is free before Close", func() bool { return stats(l).Active == 0 })
		eventually(t, "it is counted", func() bool { return stats(l).CutIdle == 1 })
		e := <-events
		assert.Equal(t, listener.CutIdle, e.Kind)
		isCut(t, e.Err, "IdleTimeout")
		assert.NoError(t, server.Close())
		assert.ErrorIs(t, server.Close(), net.ErrClosed)
		dial(t, l)
		accept(t, l)
	})
}

func TestIdleTimeoutOfPlainTCP(t *testing.T) {
	noLeak(t)
	l := open(t, &listener.Config{Address: "127.0.0.1:0", IdleTimeout: 50 * time.Millisecond, Multipath: sockopt.MultipathOff})
	_, server := pair(t, l)
	_, err := io.Copy(io.Discard, server)
	isCut(t, err, "IdleTimeout")
}

func TestTrafficMovesTheIdleTimeout(t *testing.T) {
	const idle = 600 * time.Millisecond
	for name, sends := range map[string]bool{"sent": true, "received": false} {
		t.Run(name, func(t *testing.T) {
			guarded(t, listener.Config{IdleTimeout: idle}, func(t *testing.T, l net.Listener, client, server net.Conn) {
				from, to := client, server
				if sends {
					from, to = server, client
				}
				start := time.Now()
				for time.Since(start) < 2*idle {
					_, err := from.Write([]byte("x"))
					require.NoError(t, err)
					_, err = io.ReadFull(to, make([]byte, 1))
					require.NoError(t, err)
					time.Sleep(idle / 20)
				}
				assert.Zero(t, stats(l).CutIdle)
				_, err := server.Read(make([]byte, 1))
				isCut(t, err, "IdleTimeout")
			})
		})
	}
}

// The bytes flow for longer than IdleTimeout through one io.Copy, which leaves
// no trace in Read and Write if it is done in the kernel.
func TestALongCopyIsNotIdle(t *testing.T) {
	const idle = 600 * time.Millisecond
	guarded(t, listener.Config{IdleTimeout: idle}, func(t *testing.T, l net.Listener, client, server net.Conn) {
		sink, target := pair(t, open(t, &listener.Config{Address: "127.0.0.1:0"}))
		copied := make(chan error, 1)
		go func() {
			_, err := io.Copy(target, server)
			copied <- err
		}()
		for start := time.Now(); time.Since(start) < 2*idle; time.Sleep(idle / 20) {
			_, err := client.Write([]byte("x"))
			require.NoError(t, err)
			_, err = io.ReadFull(sink, make([]byte, 1))
			require.NoError(t, err)
		}
		assert.Zero(t, stats(l).CutIdle)
		isCut(t, <-copied, "IdleTimeout")
		for range 3 { // package net keeps the pipes of splice in a pool
			runtime.GC()
		}
	})
}

func TestMaxAge(t *testing.T) {
	const age = 150 * time.Millisecond
	for name, config := range map[string]listener.Config{
		"alone":         {MaxAge: age},
		"beside others": {MaxAge: age, MinReceiveRate: 1, MinReceiveGrace: age / 4}, // looked at before it is old
	} {
		t.Run(name, func(t *testing.T) { testMaxAge(t, age, config) })
	}
}

func testMaxAge(t *testing.T, age time.Duration, config listener.Config) {
	t.Helper()
	guarded(t, config, func(t *testing.T, l net.Listener, client, server net.Conn) {
		go io.Copy(io.Discard, client)
		start := time.Now()
		var err error
		for err == nil {
			_, err = server.Write([]byte("x"))
			time.Sleep(time.Millisecond)
		}
		assert.GreaterOrEqual(t, time.Since(start), age/2)
		isCut(t, err, "MaxAge")
		eventually(t, "it is counted", func() bool { return stats(l).CutAge == 1 })
	})
}

func TestDeadlinesAreTheApplications(t *testing.T) {
	guarded(t, listener.Config{IdleTimeout: time.Hour, MaxAge: time.Hour}, func(t *testing.T, _ net.Listener, client, server net.Conn) {
		require.NoError(t, server.SetReadDeadline(time.Now().Add(10*time.Millisecond)))
		_, err := server.Read(make([]byte, 1))
		require.ErrorIs(t, err, os.ErrDeadlineExceeded)
		var own *listener.Error
		assert.NotErrorAs(t, err, &own)
		require.NoError(t, server.SetReadDeadline(time.Time{}))
		_, err = client.Write([]byte("x"))
		require.NoError(t, err)
		_, err = server.Read(make([]byte, 1))
		require.NoError(t, err)
		require.NoError(t, server.Close())
		_, err = server.Read(make([]byte, 1))
		require.ErrorIs(t, err, net.ErrClosed)
		assert.NotErrorAs(t, err, &own, "closed, not cut")
		require.ErrorIs(t, server.Close(), net.ErrClosed)
	})
}

// The guard does no harm to whoever closes the conn inside; Close still ends what it holds.
func TestTheBareConnIsClosed(t *testing.T) {
	const idle = 50 * time.Millisecond
	guarded(t, listener.Config{IdleTimeout: idle}, func(t *testing.T, l net.Listener, _, server net.Conn) {
		require.NoError(t, server.(interface{ NetConn() net.Conn }).NetConn().Close())
		time.Sleep(3 * idle)
		_, err := server.Read(make([]byte, 1))
		assert.Error(t, err)
		server.Close()
		assert.Zero(t, stats(l).Active)
	})
}

func TestSlowClient(t *testing.T) {
	config := listener.Config{MinReceiveRate: 1000, MinReceiveGrace: 100 * time.Millisecond}
	guarded(t, config, func(t *testing.T, l net.Listener, client, server net.Conn) {
		go func() {
			for {
				if _, err := client.Write([]byte("x")); err != nil {
					return
				}
				time.Sleep(20 * time.Millisecond) // 50 bytes a second
			}
		}()
		start := time.Now()
		_, err := io.Copy(io.Discard, server)
		isCut(t, err, "MinReceiveRate")
		assert.GreaterOrEqual(t, time.Since(start), config.MinReceiveGrace)
		eventually(t, "it is counted", func() bool { return stats(l).CutSlow == 1 && stats(l).Active == 0 })
	})
}

func TestASlowClientAfterAnAnswer(t *testing.T) {
	config := listener.Config{MinReceiveRate: 1000, MinReceiveGrace: 100 * time.Millisecond}
	guarded(t, config, func(t *testing.T, l net.Listener, client, server net.Conn) {
		roundTripFrom(t, client, server) // a request
		roundTripFrom(t, server, client) // its answer
		time.Sleep(3 * config.MinReceiveGrace)
		assert.Zero(t, stats(l).CutSlow, "it may think")
		go func() {
			for {
				if _, err := client.Write([]byte("x")); err != nil {
					return
				}
				time.Sleep(20 * time.Millisecond)
			}
		}()
		_, err := io.Copy(io.Discard, server)
		isCut(t, err, "MinReceiveRate")
	})
}

func TestClientsThatAreNotSlow(t *testing.T) {
	config := listener.Config{MinReceiveRate: 1000, MinReceiveGrace: 100 * time.Millisecond}
	pause := 3 * config.MinReceiveGrace
	guarded(t, config, func(t *testing.T, l net.Listener, client, server net.Conn) {
		// It sends enough, and waits for an answer that takes its time.
		_, err := client.Write(make([]byte, 5000))
		require.NoError(t, err)
		_, err = io.ReadFull(server, make([]byte, 5000))
		require.NoError(t, err)
		time.Sleep(pause)
		roundTripFrom(t, server, client)
		// It says little, but answers each of ours at once.
		for range 20 {
			roundTripFrom(t, client, server)
			roundTripFrom(t, server, client)
			time.Sleep(config.MinReceiveGrace / 5)
		}
		// It waits for an application that does not read.
		_, err = client.Write([]byte("x"))
		require.NoError(t, err)
		time.Sleep(pause)
		_, err = client.Write([]byte("y"))
		require.NoError(t, err)
		_, err = io.ReadFull(server, make([]byte, 2))
		require.NoError(t, err)
		time.Sleep(pause)
		assert.Zero(t, stats(l).CutSlow)
		assert.Equal(t, int64(1), stats(l).Active)
	})
}

func TestBoundsBelowTLS(t *testing.T) {
	noLeak(t)
	ca := newAuthority(t)
	l := open(t, &listener.Config{Address: "127.0.0.1:0", TLS: ca.server(t, "127.0.0.1"), IdleTimeout: time.Second})
	client := dialTLS(t, l, ca.client())
	server := accept(t, l)
	require.IsType(t, &tls.Conn{}, server)
	roundTripFrom(t, server, client)
	_, err := server.Read(make([]byte, 1))
	isCut(t, err, "IdleTimeout")
	eventually(t, "its slot is free", func() bool { return stats(l).Active == 0 })
}

func TestGuardedConnsAllocateNothingPerCall(t *testing.T) {
	config := listener.Config{IdleTimeout: time.Hour, MaxAge: time.Hour, MinReceiveRate: 1, MinReceiveGrace: time.Hour}
	guarded(t, config, func(t *testing.T, _ net.Listener, client, server net.Conn) {
		buf := make([]byte, 64)
		assert.Zero(t, testing.AllocsPerRun(200, func() {
			if _, err := server.Write(buf); err != nil {
				t.Fatal(err)
			}
			if _, err := io.ReadFull(client, buf); err != nil {
				t.Fatal(err)
			}
			if _, err := client.Write(buf); err != nil {
				t.Fatal(err)
			}
			if _, err := io.ReadFull(server, buf); err != nil {
				t.Fatal(err)
			}
		}))
	})
}

// pair returns both ends of a conn, the server's accepted by l.
func pair(t *testing.T, l net.Listener) (client, server net.Conn) {
	t.Helper()
	client = dial(t, l)
	return client, accept(t, l)
}
