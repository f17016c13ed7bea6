package main

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// udpFront is a udp listener with further keys in front of an upstream.
func udpFront(upstream, keys string) string {
	return fmt.Sprintf(`
upstreams: [{name: up, %s}]
listeners: [{name: udp, address: "127.0.0.1:0", protocol: udp, routes: [{upstream: up}], %s}]
`, upstream, keys)
}

// dialUDP connects to a listener of the gateway.
func dialUDP(t *testing.T, address string) *net.UDPConn {
	t.Helper()
	c, err := net.Dial("udp", address)
	require.NoError(t, err)
	t.Cleanup(func() { c.Close() })
	require.NoError(t, c.SetDeadline(time.Now().Add(patience)))
	return c.(*net.UDPConn)
}

// swap sends a datagram and wants an answer.
func swap(c net.Conn, text, want string) error {
	if _, err := c.Write([]byte(text)); err != nil {
		return err
	}
	buf := make([]byte, 1<<16)
	n, err := c.Read(buf)
	if err == nil && string(buf[:n]) != want {
		err = fmt.Errorf("want %.20q, got %.20q", want, buf[:n])
	}
	return err
}

// unanswered says whether a datagram gets no answer for a while.
func unanswered(t *testing.T, c net.Conn) bool {
	t.Helper()
	_, err := c.Write([]byte("anybody?"))
	require.NoError(t, err)
	require.NoError(t, c.SetReadDeadline(time.Now().Add(100*time.Millisecond)))
	_, err = c.Read(make([]byte, 64))
	require.NoError(t, c.SetReadDeadline(time.Now().Add(patience)))
	return errors.Is(err, os.ErrDeadlineExceeded)
}

// listenUDP returns a socket for an upstream that the test plays.
func listenUDP(t *testing.T, address string) *net.UDPConn {
	t.Helper()
	pc, err := net.ListenPacket("udp", address)
	require.NoError(t, err)
	t.Cleanup(func() { pc.Close() })
	return pc.(*net.UDPConn)
}

// namesPeers answers each datagram with the address that it came from.
func namesPeers(t *testing.T) *net.UDPConn {
	t.Helper()
	c := listenUDP(t, "127.0.0.1:0")
	go func() {
		for {
			_, from, err := c.ReadFrom(make([]byte, 64))
			if err != nil {
				return
			}
			c.WriteTo([]byte(from.String()), from)
		}
	}()
	return c
}

// whoAmI asks namesPeers through the gateway.
func whoAmI(t *testing.T, c net.Conn) string {
	t.Helper()
	_, err := c.Write([]byte("?"))
	require.NoError(t, err)
	buf := make([]byte, 64)
	n, err := c.Read(buf)
	require.NoError(t, err)
	return string(buf[:n])
}

// Many clients at once get their own answers, through the built-in echo.
func TestUDPManyClients(t *testing.T) {
	settled(t)
	const clients, rounds = 200, 20
	g := start(t, udpFront("echo: udp", "max_sessions: 300"), nil)
	errs := make(chan error, clients)
	for id := range clients {
		c := dialUDP(t, g.address("udp"))
		go func() {
			var err error
			for n := 0; n < rounds && err == nil; n++ {
				text := fmt.Sprintf("datagram %d of client %d", n, id)
				err = swap(c, text, text)
			}
			errs <- err
		}()
	}
	for range clients {
		require.NoError(t, <-errs)
	}
}

// A datagram of any length gets through as one, also an empty one.
func TestUDPLengths(t *testing.T) {
	settled(t)
	g := start(t, udpFront("echo: udp", "queue: 8"), nil)
	c := dialUDP(t, g.address("udp"))
	for _, n := range []int{1, 0, 1400, 9000, 65507, 0} {
		want := string(bytes.Repeat([]byte{'a' + byte(n%26)}, n))
		require.NoError(t, swap(c, want, want), n)
	}
}

// A session has a conn to the upstream of its own, and ends when it is idle: then
// the next datagram makes a new one.
func TestUDPSessions(t *testing.T) {
	settled(t)
	up := namesPeers(t)
	g := start(t, udpFront("address: \"udp://"+up.LocalAddr().String()+"\"", "idle_timeout: 2s"), nil)
	a, b := dialUDP(t, g.address("udp")), dialUDP(t, g.address("udp"))
	first := whoAmI(t, a)
	assert.NotEqual(t, first, whoAmI(t, b))
	for range 10 { // longer than the idle time, but never idle
		assert.Equal(t, first, whoAmI(t, a))
		time.Sleep(300 * time.Millisecond)
	}
	require.Eventually(t, func() bool { return strings.Count(g.log.String(), "reason=idle") == 2 }, patience, time.Millisecond)
	assert.NotEqual(t, first, whoAmI(t, a))
	g.log.eventually(t, `sent="11 datagrams, 11 bytes, 0 lost" received="11 datagrams,`)
}

func TestUDPMaxSession(t *testing.T) {
	settled(t)
	up := namesPeers(t)
	g := start(t, udpFront("address: \"udp://"+up.LocalAddr().String()+"\"", "max_session: 200ms"), nil)
	c := dialUDP(t, g.address("udp"))
	first := whoAmI(t, c)
	require.Eventually(t, func() bool { // the answer to who asks at the end of a session is lost
		fmt.Fprint(c, "?")
		require.NoError(t, c.SetReadDeadline(time.Now().Add(100*time.Millisecond)))
		buf := make([]byte, 64)
		n, err := c.Read(buf)
		return err == nil && string(buf[:n]) != first
	}, patience, 10*time.Millisecond)
	g.log.eventually(t, "reason=aged")
}

// With all sessions taken a new client gets none, or the place of who was idle
// for longest.
func TestUDPFull(t *testing.T) {
	for policy, served := range map[string]bool{"refuse": false, "evict_idle": true} {
		t.Run(policy, func(t *testing.T) {
			settled(t)
			g := start(t, udpFront("echo: udp", "max_sessions: 2, on_full: "+policy), nil)
			for range 2 {
				require.NoError(t, swap(dialUDP(t, g.address("udp")), "x", "x"))
			}
			third := dialUDP(t, g.address("udp"))
			if served {
				require.NoError(t, swap(third, "x", "x"))
				g.log.eventually(t, "reason=evicted")
			} else {
				assert.True(t, unanswered(t, third))
				g.log.eventually(t, "reason=full")
			}
		})
	}
}

func TestUDPLimits(t *testing.T) {
	settled(t)
	g := start(t, udpFront("echo: udp", "max_sessions_per_source: 1"), nil)
	require.NoError(t, swap(dialUDP(t, g.address("udp")), "x", "x"))
	assert.True(t, unanswered(t, dialUDP(t, g.address("udp"))))
	g.log.eventually(t, `reason="source full"`)
	denied := start(t, udpFront("echo: udp", "allow: [10.0.0.0/8]"), nil)
	assert.True(t, unanswered(t, dialUDP(t, denied.address("udp"))))
	denied.log.eventually(t, "reason=denied")
}

// An upstream that is away costs datagrams and no session: when it is back the
// next one gets through.
func TestUDPUpstreamComesBack(t *testing.T) {
	settled(t)
	address := closedPort(t)
	g := start(t, udpFront("address: \"udp://"+address+"\"", "queue: 4"), nil)
	c := dialUDP(t, g.address("udp"))
	for range 5 {
		assert.True(t, unanswered(t, c))
	}
	back := listenUDP(t, address)
	buf := make([]byte, 64)
	var n int
	var from net.Addr
	var err error
	require.Eventually(t, func() bool { // the error of an earlier datagram may have to be read first
		fmt.Fprint(c, "again")
		require.NoError(t, back.SetReadDeadline(time.Now().Add(100*time.Millisecond)))
		n, from, err = back.ReadFrom(buf)
		return err == nil
	}, patience, time.Millisecond)
	assert.Equal(t, "again", string(buf[:n]))
	_, err = back.WriteTo([]byte("here"), from)
	require.NoError(t, err)
	n, err = c.Read(buf)
	require.NoError(t, err)
	assert.Equal(t, "here", string(buf[:n]))
	assert.NotContains(t, g.log.String(), "msg=session")
}

// A name that does not resolve is told once a second, not for each datagram.
func TestUDPDialFails(t *testing.T) {
	settled(t)
	g := start(t, udpFront(`address: "udp://127.0.0.1:9", dial: {local_addr: 192.0.2.1}`, "max_sessions: 100"), nil)
	begin := time.Now()
	for range 30 {
		_, err := dialUDP(t, g.address("udp")).Write([]byte("x"))
		require.NoError(t, err)
	}
	g.log.eventually(t, "msg=dial")
	g.log.eventually(t, "cannot assign requested address")
	assert.LessOrEqual(t, strings.Count(g.log.String(), "msg=dial"), 1+int(time.Since(begin)/time.Second))
}

// Idle sessions cost little: less than a single buffer, also with the race
// detector (without it 17 KB, of which 12 are the stacks of two goroutines).
func TestUDPMemory(t *testing.T) {
	settled(t)
	const sessions = 500
	g := start(t, udpFront("echo: udp", "max_sessions: 1000"), nil)
	before := memory()
	for range sessions {
		require.NoError(t, swap(dialUDP(t, g.address("udp")), "x", "x"))
	}
	each := (memory() - before) / sessions
	t.Logf("%d bytes a session, its client's socket included", each)
	assert.Less(t, each, int64(64<<10))
}

// memory returns what heap and stacks use after a collection.
func memory() int64 {
	runtime.GC()
	runtime.GC() // pools are empty after the second
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapInuse + m.StackInuse)
}

// quietAfter gives a process another drainQuiet.
func quietAfter(d time.Duration) func(*exec.Cmd) {
	return func(cmd *exec.Cmd) { cmd.Env = append(cmd.Env, asQuiet+"="+d.String()) }
}

// SIGTERM: sessions that still have traffic go on, and end with it.
func TestUDPDrain(t *testing.T) {
	const quiet = 3 * time.Second
	p := spawnWith(t, unhurried+udpFront("echo: udp", "idle_timeout: 1h"), quietAfter(quiet))
	c := dialUDP(t, p.address(t, "udp"))
	require.NoError(t, swap(c, "before", "before"))
	p.terminate(t)
	for range 7 {
		require.NoError(t, swap(c, "after", "after"))
		time.Sleep(quiet / 5)
	}
	assert.Equal(t, 0, p.ended(t))
	assert.NotContains(t, p.log.String(), "level=WARN")
}

// Under load that does not end, the rest is cut when the drain time is over.
func TestUDPDrainCuts(t *testing.T) {
	p := spawnWith(t, "drain: 700ms\n"+udpFront("echo: udp", "idle_timeout: 1h"), quietAfter(time.Minute))
	address := p.address(t, "udp")
	stop := make(chan struct{})
	var group sync.WaitGroup
	defer group.Wait()
	defer close(stop)
	for range 4 {
		c := dialUDP(t, address)
		require.NoError(t, swap(c, "x", "x"))
		group.Go(func() {
			for {
				select {
				case <-stop:
					return
				case <-time.After(time.Millisecond):
					c.Write([]byte("x"))
				}
			}
		})
	}
	begin := time.Now()
	p.terminate(t)
	assert.Equal(t, 0, p.ended(t))
	assert.GreaterOrEqual(t, time.Since(begin), 600*time.Millisecond)
	assert.Contains(t, p.log.String(), "the rest was cut")
}
