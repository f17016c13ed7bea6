package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// unhurried is a drain time for what comes to its own end, on a busy machine too. It
// is longer than a test waits for the end of a process.
const unhurried = "drain: 1m\n"

// refused fails the test if an address goes on taking conns. One that is dialled
// while the listener closes may be reset instead.
func refused(t *testing.T, address string) {
	t.Helper()
	require.Eventually(t, func() bool {
		c, err := net.Dial("tcp", address)
		if err == nil {
			c.Close()
		}
		return errors.Is(err, syscall.ECONNREFUSED)
	}, patience, time.Millisecond)
}

// answer is what a request got.
type answer struct {
	res  *http.Response
	body string
	err  error
}

// ask sends a request and delivers its answer.
func ask(c *http.Client, url string) <-chan answer {
	done := make(chan answer, 1)
	go func() {
		res, err := c.Get(url)
		if err != nil {
			done <- answer{err: err}
			return
		}
		defer res.Body.Close()
		b, err := io.ReadAll(res.Body)
		done <- answer{res, string(b), err}
	}()
	return done
}

// SIGTERM while a request is in flight: it completes, new conns are refused,
// and the process ends with 0.
func TestTerminateDuringRequest(t *testing.T) {
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			began, finish := make(chan struct{}), make(chan struct{})
			up := upstream(t, func(w http.ResponseWriter, _ *http.Request) {
				io.WriteString(w, "first half, ")
				http.NewResponseController(w).Flush()
				close(began)
				<-finish
				io.WriteString(w, "second half")
			})
			p := spawn(t, unhurried+front(up))
			address := p.address(t, way.listener)
			got := ask(client(t, way.version, poolOf(t, p.ca)), way.scheme+"://"+address+"/")
			<-began
			p.terminate(t)
			refused(t, address)
			time.Sleep(100 * time.Millisecond) // it must not be cut meanwhile
			close(finish)
			a := <-got
			require.NoError(t, a.err)
			assert.Equal(t, http.StatusOK, a.res.StatusCode)
			assert.Equal(t, "first half, second half", a.body)
			assert.Equal(t, 0, p.ended(t))
			assert.NotContains(t, p.log.String(), "level=WARN")
		})
	}
}

// A request that does not complete in time is cut, and the process still ends
// with 0.
func TestTerminateCutsRequest(t *testing.T) {
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			began := make(chan struct{})
			up := upstream(t, func(_ http.ResponseWriter, r *http.Request) {
				close(began)
				<-r.Context().Done()
			})
			p := spawn(t, "drain: 300ms\n"+front(up))
			got := ask(client(t, way.version, poolOf(t, p.ca)),
				way.scheme+"://"+p.address(t, way.listener)+"/")
			<-began
			begin := time.Now()
			p.terminate(t)
			assert.Equal(t, 0, p.ended(t))
			assert.GreaterOrEqual(t, time.Since(begin), 300*time.Millisecond)
			assert.Less(t, time.Since(begin), 10*time.Second, "the drain time without the key")
			a := <-got
			if a.err == nil { // the answer may still get through
				assert.Equal(t, http.StatusServiceUnavailable, a.res.StatusCode)
			}
			assert.Contains(t, p.log.String(), "the rest was cut")
		})
	}
}

// A session goes on after SIGTERM, and its end is the end of the process.
func TestTerminateDuringSession(t *testing.T) {
	p := spawn(t, unhurried+echoConfig)
	c := dialTCP(t, p.address(t, "tcp"))
	exchange := func(text string) {
		say(t, c, text)
		got := make([]byte, len(text))
		_, err := io.ReadFull(c, got)
		require.NoError(t, err)
		require.Equal(t, text, string(got))
	}
	exchange("before")
	p.terminate(t)
	refused(t, p.address(t, "tcp"))
	exchange("after")
	require.NoError(t, c.CloseWrite())
	hear(t, c, "")
	assert.Equal(t, 0, p.ended(t))
	assert.NotContains(t, p.log.String(), "level=WARN")
}

// A session that does not end in time is reset on both sides.
func TestTerminateCutsSession(t *testing.T) {
	l := listenTCP(t)
	p := spawn(t, "drain: 200ms\n"+front(l.Addr().String()))
	c := dialTCP(t, p.address(t, "tcp"))
	server := acceptTCP(t, l)
	p.terminate(t)
	for _, side := range []net.Conn{c, server} {
		_, err := side.Read(make([]byte, 1))
		require.ErrorIs(t, err, syscall.ECONNRESET)
	}
	assert.Equal(t, 0, p.ended(t))
	assert.Contains(t, p.log.String(), errShutdown.Error())
}

// An idle keep-alive conn does not hold the gateway up.
func TestTerminateWhileIdle(t *testing.T) {
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			p := spawn(t, unhurried+echoConfig)
			c := client(t, way.version, poolOf(t, p.ca))
			a := <-ask(c, way.scheme+"://"+p.address(t, way.listener)+"/")
			require.NoError(t, a.err)
			p.terminate(t)
			assert.Equal(t, 0, p.ended(t), "long before the drain time is over")
		})
	}
}

// A second signal does not wait for the drain.
func TestSecondSignal(t *testing.T) {
	p := spawn(t, "drain: 1h\n"+echoConfig)
	c := dialTCP(t, p.address(t, "tcp"))
	say(t, c, "x")
	_, err := io.ReadFull(c, make([]byte, 1))
	require.NoError(t, err)
	p.terminate(t)
	require.Eventually(t, func() bool {
		return p.cmd.Process.Signal(syscall.SIGTERM) != nil || len(p.exit) > 0
	}, patience, 10*time.Millisecond)
	assert.Equal(t, -1, p.ended(t), "the signal ended it")
}

// SIGTERM under load: all sessions that were there come to their own end, with
// limits and rules in their way or not.
func TestTerminateUnderLoad(t *testing.T) {
	const clients, rounds = 100, 30
	p := spawn(t, unhurried+guarded("max_conns: 1000, max_conns_per_source: 500, allow: [127.0.0.0/8]"))
	address := p.address(t, "tcp")
	var halfway, done sync.WaitGroup
	halfway.Add(clients)
	errs := make(chan error, clients)
	for id := range clients {
		c := dialTCP(t, address)
		done.Go(func() {
			var err error
			for n := range rounds {
				if n == rounds/2 {
					halfway.Done()
				}
				err = errors.Join(err, converseBytes(c, fmt.Sprintf("round %d of client %d", n, id)))
			}
			errs <- errors.Join(err, c.Close())
		})
	}
	halfway.Wait()
	p.terminate(t)
	refused(t, address)
	done.Wait()
	for range clients {
		require.NoError(t, <-errs)
	}
	assert.Equal(t, 0, p.ended(t))
	assert.NotContains(t, p.log.String(), "level=WARN")
}

// A client that never ends its handshake, or its PROXY header, does not hold the
// gateway up beyond the drain time.
func TestTerminateDuringHandshake(t *testing.T) {
	const proxied = "proxy_protocol: {trusted: [127.0.0.0/8], header_timeout: 1h}"
	for name, tt := range map[string]struct{ more, begin string }{
		"tcp":        {"self_signed: [localhost], handshake_timeout: 1h", "\x16"},
		"tcp proxy":  {proxied, "PROXY"},
		"http":       {"protocol: http, self_signed: [localhost], handshake_timeout: 1h", "\x16"},
		"http proxy": {"protocol: http, " + proxied, "PROXY"},
	} {
		t.Run(name, func(t *testing.T) {
			p := spawn(t, "drain: 200ms\n"+fmt.Sprintf(`
upstreams: [{name: up, echo: http}]
listeners: [{name: slow, address: "127.0.0.1:0", routes: [{upstream: up}], %s}]
`, tt.more))
			say(t, dialTCP(t, p.address(t, "slow")), tt.begin)
			require.NoError(t, p.cmd.Process.Signal(syscall.SIGTERM))
			assert.Equal(t, 0, p.ended(t))
		})
	}
}

// Without a drain time nothing is cut where nothing is.
func TestShutdownAtOnce(t *testing.T) {
	settled(t)
	g := start(t, `
upstreams: [{name: bytes, echo: tcp}, {name: datagrams, echo: udp}]
listeners:
  - {name: tcp, address: "127.0.0.1:0", routes: [{upstream: bytes}]}
  - {name: udp, address: "127.0.0.1:0", protocol: udp, routes: [{upstream: datagrams}]}
`, nil)
	over, cancel := contextFor(0)
	defer cancel()
	assert.True(t, g.Shutdown(over))
}
