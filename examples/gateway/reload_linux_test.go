package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// two is a document with two listeners of tcp at fixed ports and one of http.
func two(first, second int, limits, upstream string) string {
	return fmt.Sprintf(`
drain: 1m
upstreams: [{name: up, address: %q}]
listeners:
  - {name: first, address: "127.77.0.1:%d", routes: [{upstream: up}]}
  - {name: second, address: "127.77.0.1:%d", %s routes: [{upstream: up}]}
  - {name: web, address: "127.0.0.1:0", protocol: http, routes: [{upstream: up}]}
`, upstream, first, second, limits)
}

// taken listens at a port until the test ends.
func taken(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.77.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { l.Close() })
	return l.Addr().(*net.TCPAddr).Port
}

// freePort returns a port that nobody has.
func freePort(t *testing.T) int {
	t.Helper()
	return freePorts(t, "127.77.0.1", 1)
}

// freePair returns two of them.
func freePair(t *testing.T) (first, second int) {
	t.Helper()
	first = freePorts(t, "127.77.0.1", 2)
	return first, first + 1
}

// greet runs a server that says its name on every conn and then echoes.
func greet(t *testing.T, name string) string {
	t.Helper()
	l := listenTCP(t)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				io.WriteString(c, name)
				io.Copy(c, c)
			}()
		}
	}()
	return l.Addr().String()
}

// opened connects to a listener and hears who is behind it.
func opened(t *testing.T, g *local, listener, name string) *net.TCPConn {
	t.Helper()
	c := dialTCP(t, g.address(listener))
	heard(t, c, name)
	return c
}

// A listener that is what it was keeps its socket and its conns, also when its
// upstream is another one; one that has changed drains, at the same address.
func TestReload(t *testing.T) {
	settled(t)
	a, b := greet(t, "a"), greet(t, "b")
	one, other := freePair(t)
	g := start(t, two(one, other, "", a), nil)
	first, second := opened(t, g, "first", "a"), opened(t, g, "second", "a")
	doors := g.listeners()
	require.NoError(t, g.reload(t, two(one, other, "max_conns: 7,", b)))

	assert.Same(t, doors[0], g.door("first"), "its socket is the same")
	assert.Same(t, doors[2], g.door("web"))
	assert.NotSame(t, doors[1], g.door("second"))
	assert.Equal(t, 7, g.door("second").cfg.Net.MaxConns)
	for _, c := range []*net.TCPConn{first, second} {
		say(t, c, "still there")
		heard(t, c, "still there")
	}
	opened(t, g, "first", "b")
	opened(t, g, "second", "b")
	require.NoError(t, second.CloseWrite())
	g.log.eventually(t, "msg=ended listener=second cut=false")
	say(t, first, "on")
	heard(t, first, "on")
}

// What drains is cut when its time is over.
func TestReloadCuts(t *testing.T) {
	settled(t)
	low := freePorts(t, "127.77.0.1", 4)
	g := start(t, two(low, low+1, "", greet(t, "a")), nil)
	c := opened(t, g, "second", "a")
	text := two(low+2, low+3, "", greet(t, "a"))
	require.NoError(t, g.reload(t, strings.Replace(text, "drain: 1m", "drain: 50ms", 1)))
	g.log.eventually(t, "msg=ended listener=second cut=true")
	_, err := c.Read(make([]byte, 1))
	require.ErrorIs(t, err, syscall.ECONNRESET)
}

// An address that somebody else has changes nothing.
func TestReloadRefused(t *testing.T) {
	settled(t)
	a := greet(t, "a")
	one, other := freePair(t)
	g := start(t, two(one, other, "", a), nil)
	c := opened(t, g, "second", "a")
	doors := g.listeners()
	err := g.reload(t, two(one, taken(t), "", greet(t, "b")))
	require.ErrorIs(t, err, syscall.EADDRINUSE)
	require.ErrorContains(t, err, "listener second: ")
	assert.Equal(t, doors, g.listeners())
	say(t, c, "still there")
	heard(t, c, "still there")
	opened(t, g, "first", "a")
}

// A successor that cannot have what its predecessor gave up leaves the old one
// running.
func TestReloadGoesBack(t *testing.T) {
	settled(t)
	a := greet(t, "a")
	one, other := freePair(t)
	g := start(t, two(one, other, "", a), nil)
	text := two(one, other, fmt.Sprintf(`addresses: ["127.77.0.1:%d"],`, taken(t)), greet(t, "b"))
	err := g.reload(t, strings.Replace(text, "drain: 1m", "drain: 50ms", 1))
	require.ErrorContains(t, err, "it goes on as it was")
	opened(t, g, "first", "b")
	opened(t, g, "second", "a")
	require.NoError(t, g.reload(t, two(one, other, "", a)), "and it can be reloaded again")
	opened(t, g, "second", "a")
}

// Datagrams share a socket with their successors: a changed listener opens when
// the old one has ended.
func TestReloadDatagrams(t *testing.T) {
	settled(t)
	port := freePort(t)
	text := func(sessions int) string {
		return fmt.Sprintf(`
drain: 100ms
upstreams: [{name: up, echo: udp}, {name: bytes, echo: tcp}, {name: h3, echo: http, http3: true}]
listeners:
  - {name: udp, address: "127.77.0.1:%d", protocol: udp, max_sessions: %d, routes: [{upstream: up}]}
  - {name: web, address: "127.0.0.1:0", protocol: http3, self_signed: [localhost], routes: [{upstream: h3}]}
`, port, sessions)
	}
	g := start(t, text(3), nil)
	web := g.door("web")
	for sessions := range 3 {
		require.NoError(t, g.reload(t, text(4+sessions)))
		c, err := net.Dial("udp", g.address("udp"))
		require.NoError(t, err)
		require.NoError(t, c.SetDeadline(time.Now().Add(patience)))
		say(t, c, "hello")
		heard(t, c, "hello")
		require.NoError(t, c.Close())
		assert.Equal(t, 4+sessions, g.door("udp").cfg.UDP.MaxSessions)
		assert.Same(t, web, g.door("web"))
	}
}

// A listener of streams does not wait until one of datagrams has drained.
func TestReloadSideBySide(t *testing.T) {
	settled(t)
	before := drainQuiet
	drainQuiet = 3 * time.Second // a busy machine may stand still for the usual time
	t.Cleanup(func() { drainQuiet = before })
	port := freePort(t)
	a := greet(t, "a")
	text := func(limit int) string {
		return fmt.Sprintf(`
drain: 1m
upstreams: [{name: up, echo: udp}, {name: bytes, address: %q}]
listeners:
  - {name: udp, address: "127.77.0.1:%d", protocol: udp, max_sessions: %d, routes: [{upstream: up}]}
  - {name: tcp, address: "127.77.0.1:%[2]d", max_conns: %[3]d, routes: [{upstream: bytes}]}
`, a, port, limit)
	}
	g := start(t, text(3), nil)
	busy, err := net.Dial("udp", g.address("udp"))
	require.NoError(t, err)
	defer busy.Close()
	say(t, busy, "hello") // the session is there
	require.NoError(t, busy.SetReadDeadline(time.Now().Add(patience)))
	heard(t, busy, "hello")
	stop, stopped := make(chan bool), make(chan bool)
	go func() { // keeps the session from being over
		defer close(stopped)
		for {
			select {
			case <-stop:
				return
			case <-time.After(20 * time.Millisecond):
				io.WriteString(busy, "on")
			}
		}
	}()
	reloaded := make(chan error, 1)
	next, err := Load("test.yaml", []byte(text(4)), nil)
	require.NoError(t, err)
	go func() { reloaded <- g.Reload(t.Context(), next) }()
	again := func() bool { return strings.Count(g.log.String(), "msg=listening listener=tcp ") == 2 }
	assert.Eventually(t, again, patience, time.Millisecond)
	assert.NotContains(t, g.log.String(), "msg=ended listener=udp")
	close(stop)
	<-stopped
	require.NoError(t, <-reloaded)
	opened(t, g, "tcp", "a")
}

// A listener that speaks another protocol now has the port of the old one, of
// which http3 has two.
func TestReloadProtocol(t *testing.T) {
	settled(t)
	port := freePort(t)
	text := func(protocol, upstream string) string {
		return fmt.Sprintf(`
drain: 50ms
upstreams: [{name: up, echo: %s}]
listeners: [{name: first, address: "127.77.0.1:%d", protocol: %s, routes: [{upstream: up}]}]
`, upstream, port, protocol)
	}
	g := start(t, text("udp", "udp"), nil)
	for _, next := range []string{text("http3, self_signed: [localhost]", "http"), text("udp", "udp")} {
		require.NoError(t, g.reload(t, next))
	}
	c, err := net.Dial("udp", g.address("first"))
	require.NoError(t, err)
	defer c.Close()
	require.NoError(t, c.SetDeadline(time.Now().Add(patience)))
	say(t, c, "hello")
	heard(t, c, "hello")
}

// A successor of several listeners waits for all of them.
func TestReloadSuccessorOfTwo(t *testing.T) {
	at := func(addresses ...Address) *Listener { return &Listener{Protocol: HTTP3, Addresses: addresses} }
	one, two := Address{"tcp", "127.0.0.1:81"}, Address{"tcp", "127.0.0.1:82"}
	g := &Gateway{doors: []*door{{cfg: at(one)}, {cfg: at(two)}, {cfg: at(Address{"tcp", "127.0.0.1:83"})}}}
	c := &change{Gateway: g, gone: map[*door]chan struct{}{}}
	for _, d := range g.doors {
		c.gone[d] = make(chan struct{})
	}
	left := c.left(at(one, two))
	close(c.gone[g.doors[0]])
	select {
	case <-left:
		t.Fatal("the second has not ended")
	default:
	}
	close(c.gone[g.doors[1]])
	<-left
}

// What a listener has out of files is a part of what it is.
func TestReloadFiles(t *testing.T) {
	settled(t)
	dir := t.TempDir()
	names := []string{"allow", "deny", "psk", "reset", "token"}
	write := func(allow, deny, key string) {
		for i, text := range []string{allow, deny, "alice:" + key, strings.Repeat(key, 32), strings.Repeat(key, 32)} {
			require.NoError(t, os.WriteFile(filepath.Join(dir, names[i]), []byte(text), 0o600))
		}
	}
	write("127.0.0.0/8", "127.0.0.9", "aa")
	text := strings.ReplaceAll(`
upstreams: [{name: bytes, echo: tcp}, {name: datagrams, echo: udp}]
listeners:
  - {name: allow, address: "127.0.0.1:0", allow_file: D/allow, routes: [{upstream: bytes}]}
  - {name: deny, address: "127.0.0.1:0", protocol: udp, deny_file: D/deny, routes: [{upstream: datagrams}]}
  - {name: psk, address: "127.0.0.1:0", protocol: dtls, dtls: {psk: {file: D/psk}}, routes: [{upstream: datagrams}]}
  - {name: reset, address: "127.0.0.1:0", protocol: quic, self_signed: [localhost], tls: {alpn: [x]}, quic: {stateless_reset_key: {file: D/reset}}, routes: [{upstream: bytes}]}
  - {name: token, address: "127.0.0.1:0", protocol: quic, self_signed: [localhost], tls: {alpn: [x]}, quic: {token_key: {file: D/token}}, routes: [{upstream: bytes}]}
`, "D/", dir+"/")
	g := start(t, text, nil)
	doors := map[string]*door{}
	for _, name := range names {
		doors[name] = g.door(name)
	}
	require.NoError(t, g.reload(t, text))
	for _, name := range names {
		assert.Same(t, doors[name], g.door(name), name)
	}
	write("127.0.0.0/9", "127.0.0.8", "bb")
	require.NoError(t, g.reload(t, text))
	for _, name := range names {
		assert.NotSame(t, doors[name], g.door(name), name)
	}
}

// The process reads its document again at a SIGHUP, and keeps what it has when
// that is wrong.
func TestHangup(t *testing.T) {
	one, other := freePair(t)
	up := greet(t, "a")
	p := spawn(t, two(one, other, "", up))
	hangup := func(limits string) {
		require.NoError(t, os.WriteFile(p.cmd.Args[len(p.cmd.Args)-1], []byte(two(one, other, limits, up)), 0o600))
		require.NoError(t, p.cmd.Process.Signal(syscall.SIGHUP))
	}
	hangup("max_cons: 3,")
	p.log.eventually(t, "nothing has changed")
	p.log.eventually(t, "listeners[1].max_cons")
	hangup("max_conns: 3,")
	p.log.eventually(t, "msg=reloaded")
	c, err := net.Dial("tcp", fmt.Sprintf("127.77.0.1:%d", other))
	require.NoError(t, err)
	heard(t, c, "a")
	require.NoError(t, c.Close())
}

// While it drains there is nothing to read again, and no reason to end.
func TestHangupWhileDraining(t *testing.T) {
	p := spawn(t, unhurried+echoConfig)
	c := dialTCP(t, p.address(t, "tcp"))
	say(t, c, "before")
	heard(t, c, "before")
	p.terminate(t)
	require.NoError(t, p.cmd.Process.Signal(syscall.SIGHUP))
	for range 100 {
		say(t, c, "after")
		heard(t, c, "after")
	}
	require.NoError(t, c.CloseWrite())
	hear(t, c, "")
	assert.Equal(t, 0, p.ended(t))
}

// Requests in flight end on the upstream where they began.
func TestReloadRequests(t *testing.T) {
	settled(t)
	came, goOn := make(chan bool, 1), make(chan bool)
	slow := upstream(t, func(w http.ResponseWriter, _ *http.Request) {
		came <- true
		<-goOn
		io.WriteString(w, "slow")
	})
	one, other := freePair(t)
	g := start(t, two(one, other, "", slow), nil)
	answer := make(chan string)
	go func() {
		res, err := client(t, "HTTP/1.1", nil).Get("http://" + g.address("web"))
		if err != nil {
			answer <- err.Error()
			return
		}
		body, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err != nil {
			body = []byte(err.Error())
		}
		answer <- string(body)
	}()
	<-came
	require.NoError(t, g.reload(t, two(one, other, "", upstream(t, echoRequest))))
	close(goOn)
	assert.Equal(t, "slow", <-answer)
	res, err := client(t, "HTTP/1.1", nil).Get("http://" + g.address("web"))
	require.NoError(t, err)
	assert.NotEqual(t, "slow", readAll(t, res))
}

// alone is a document with one listener.
func alone(name, upstream string) string {
	return fmt.Sprintf(`
drain: 1m
upstreams: [{name: up, address: %q}]
listeners: [{name: %s, address: "127.0.0.1:0", routes: [{upstream: up}]}]
`, upstream, name)
}

// What drains since a reload goes on in a shutdown, which waits for it.
func TestShutdownAfterReload(t *testing.T) {
	settled(t)
	up := greet(t, "a")
	g := start(t, alone("old", up), nil)
	c := opened(t, g, "old", "a")
	require.NoError(t, g.reload(t, alone("new", up)))
	address := g.address("new")
	ctx, cancel := contextFor(time.Minute)
	defer cancel()
	down := make(chan bool, 1)
	go func() { down <- g.Shutdown(ctx) }()
	refused(t, address)
	for range 100 {
		say(t, c, "still there")
		heard(t, c, "still there")
	}
	assert.Empty(t, down)
	require.NoError(t, c.CloseWrite())
	hear(t, c, "")
	assert.True(t, <-down, "nothing was cut")
}

// What drains since a reload has the time of the shutdown at most, which tells
// that it was cut.
func TestShutdownCutsAfterReload(t *testing.T) {
	settled(t)
	up := greet(t, "a")
	g := start(t, alone("old", up), nil)
	c := opened(t, g, "old", "a")
	require.NoError(t, g.reload(t, alone("new", up)))
	ctx, cancel := contextFor(50 * time.Millisecond)
	defer cancel()
	assert.False(t, g.Shutdown(ctx))
	_, err := c.Read(make([]byte, 1))
	require.ErrorIs(t, err, syscall.ECONNRESET)
}

// A reload that comes too late opens nothing that nobody would close.
func TestReloadAfterShutdown(t *testing.T) {
	settled(t)
	up := greet(t, "a")
	g := start(t, alone("old", up), nil)
	assert.True(t, g.Shutdown(t.Context()))
	require.ErrorIs(t, g.reload(t, alone("new", up)), errShutdown)
	assert.Nil(t, g.door("new"))
}
