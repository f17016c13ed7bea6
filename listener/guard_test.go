package listener_test

import (
	"crypto/tls"
	"errors"
	"fmt"
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

// eachKind runs a test with an address for each kind of conn.
func eachKind(t *testing.T, test func(t *testing.T, address string)) {
	t.Helper()
	addresses := map[string]string{"tcp": "127.0.0.1:0"}
	if runtime.GOOS != "windows" {
		addresses["unix"] = "unix://" + t.TempDir() + "/s"
	}
	for name, address := range addresses {
		t.Run(name, func(t *testing.T) {
			noLeak(t)
			test(t, address)
		})
	}
}

// guarded opens a listener for each kind of conn and runs a test with a client
// and the server's conn, which is younger than start.
func guarded(t *testing.T, config listener.Config, test func(t *testing.T, l net.Listener, client, server net.Conn, start time.Time)) {
	t.Helper()
	eachKind(t, func(t *testing.T, address string) {
		config := config
		config.Address = address
		l := open(t, &config)
		start := time.Now()
		client := dial(t, l)
		test(t, l, client, accept(t, l), start)
	})
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
	guarded(t, config, func(t *testing.T, l net.Listener, client, server net.Conn, start time.Time) {
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
	for name, sends := range map[string]bool{"sent": true, "received": false} {
		t.Run(name, func(t *testing.T) {
			eachKind(t, func(t *testing.T, address string) {
				patiently(t, 600*time.Millisecond, func(idle time.Duration, p *pulse) error {
					l := open(t, &listener.Config{Address: address, IdleTimeout: idle})
					defer l.Close()
					client, server := pair(t, l)
					from, to := client, server
					if sends {
						from, to = server, client
					}
					if err := moves(l, idle, p, func() error { return ping(from, to) }); err != nil {
						return err
					}
					_, err := server.Read(make([]byte, 1))
					isCut(t, err, "IdleTimeout")
					return nil
				})
			})
		})
	}
}

// moves calls f again and again for longer than the idle timeout, which must cut nothing.
func moves(l net.Listener, idle time.Duration, p *pulse, f func() error) error {
	for start := time.Now(); time.Since(start) < 2*idle; time.Sleep(idle / 20) {
		err := f()
		p.beat()
		if err != nil {
			return err
		}
	}
	if n := stats(l).CutIdle; n > 0 {
		return fmt.Errorf("%d were cut", n)
	}
	return nil
}

// The bytes flow for longer than IdleTimeout through one io.Copy, which leaves
// no trace in Read and Write if it is done in the kernel.
func TestALongCopyIsNotIdle(t *testing.T) {
	eachKind(t, func(t *testing.T, address string) {
		patiently(t, 600*time.Millisecond, func(idle time.Duration, p *pulse) error {
			l := open(t, &listener.Config{Address: address, IdleTimeout: idle})
			defer l.Close()
			sink, target := pair(t, open(t, &listener.Config{Address: "127.0.0.1:0"}))
			client, server := pair(t, l)
			copied := make(chan error, 1)
			go func() {
				_, err := io.Copy(target, server)
				target.Close()
				copied <- err
			}()
			if err := moves(l, idle, p, func() error { return ping(client, sink) }); err != nil {
				client.Close()
				<-copied
				return err
			}
			isCut(t, <-copied, "IdleTimeout")
			for range 3 { // package net keeps the pipes of splice in a pool
				runtime.GC()
			}
			return nil
		})
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
	guarded(t, config, func(t *testing.T, l net.Listener, client, server net.Conn, start time.Time) {
		go io.Copy(io.Discard, client)
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
	guarded(t, listener.Config{IdleTimeout: time.Hour, MaxAge: time.Hour}, func(t *testing.T, _ net.Listener, client, server net.Conn, _ time.Time) {
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

// closeBare closes the conn inside, unless it was cut before on a busy machine.
func closeBare(t *testing.T, server net.Conn) {
	t.Helper()
	if err := server.(interface{ NetConn() net.Conn }).NetConn().Close(); err != nil {
		require.ErrorIs(t, err, net.ErrClosed)
	}
}

// The guard does no harm to whoever closes the conn inside; Close still ends what it holds.
func TestTheBareConnIsClosed(t *testing.T) {
	const idle = 50 * time.Millisecond
	guarded(t, listener.Config{IdleTimeout: idle}, func(t *testing.T, l net.Listener, _, server net.Conn, _ time.Time) {
		closeBare(t, server)
		time.Sleep(3 * idle)
		_, err := server.Read(make([]byte, 1))
		assert.Error(t, err)
		server.Close()
		assert.Zero(t, stats(l).Active)
	})
}

func TestSlowClient(t *testing.T) {
	config := listener.Config{MinReceiveRate: 1000, MinReceiveGrace: 100 * time.Millisecond}
	guarded(t, config, func(t *testing.T, l net.Listener, client, server net.Conn, start time.Time) {
		go trickle(client)
		_, err := io.Copy(io.Discard, server)
		isCut(t, err, "MinReceiveRate")
		assert.GreaterOrEqual(t, time.Since(start), config.MinReceiveGrace)
		eventually(t, "it is counted", func() bool { return stats(l).CutSlow == 1 && stats(l).Active == 0 })
	})
}

// trickle sends 50 bytes a second at most, until the conn is closed.
func trickle(c net.Conn) {
	for {
		if _, err := c.Write([]byte("x")); err != nil {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func TestASlowClientAfterAnAnswer(t *testing.T) {
	eachKind(t, func(t *testing.T, address string) {
		patiently(t, 100*time.Millisecond, func(grace time.Duration, p *pulse) error {
			l := open(t, &listener.Config{Address: address, MinReceiveRate: 1000, MinReceiveGrace: grace})
			defer l.Close()
			client, server := pair(t, l)
			request, answer := ping(client, server), ping(server, client)
			p.beat()
			if err := errors.Join(request, answer); err != nil {
				return err
			}
			time.Sleep(3 * grace)
			if n := stats(l).CutSlow; n > 0 {
				return errors.New("it may think, and was cut")
			}
			go trickle(client)
			_, err := io.Copy(io.Discard, server)
			isCut(t, err, "MinReceiveRate")
			return nil
		})
	})
}

func TestClientsThatAreNotSlow(t *testing.T) {
	eachKind(t, func(t *testing.T, address string) {
		patiently(t, 100*time.Millisecond, func(grace time.Duration, p *pulse) error {
			l := open(t, &listener.Config{Address: address, MinReceiveRate: 1000, MinReceiveGrace: grace})
			defer l.Close()
			client, server := pair(t, l)
			if err := notSlow(client, server, grace, p); err != nil {
				return err
			}
			if s := stats(l); s.CutSlow > 0 || s.Active != 1 {
				return fmt.Errorf("it was cut: %+v", s)
			}
			return nil
		})
	})
}

// notSlow is a client that gives no reason to be cut, if nothing holds it up.
func notSlow(client, server net.Conn, grace time.Duration, p *pulse) error {
	send := func(from, to net.Conn, n int) error {
		_, err := from.Write(make([]byte, n))
		if err == nil {
			_, err = io.ReadFull(to, make([]byte, n))
		}
		p.beat()
		return err
	}
	pause := func() {
		time.Sleep(3 * grace)
		p.skip()
	}
	// It sends enough, and waits for an answer that takes its time.
	if err := send(client, server, 5000); err != nil {
		return err
	}
	pause()
	if err := send(server, client, 5); err != nil {
		return err
	}
	// It says little, but answers each of ours at once.
	for range 20 {
		if err := errors.Join(send(client, server, 5), send(server, client, 5)); err != nil {
			return err
		}
		time.Sleep(grace / 5)
	}
	// It waits for an application that does not read.
	_, err := client.Write([]byte("x"))
	p.beat()
	if err != nil {
		return err
	}
	pause()
	if _, err := client.Write([]byte("y")); err != nil {
		return err
	}
	if _, err := io.ReadFull(server, make([]byte, 2)); err != nil {
		return err
	}
	p.beat()
	pause()
	return nil
}

func TestBoundsBelowTLS(t *testing.T) {
	noLeak(t)
	ca := newAuthority(t)
	l := open(t, &listener.Config{Address: "127.0.0.1:0", TLS: ca.server(t, "127.0.0.1"), IdleTimeout: 3 * time.Second})
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
	guarded(t, config, func(t *testing.T, _ net.Listener, client, server net.Conn, _ time.Time) {
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
