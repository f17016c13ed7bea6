package dtlsx_test

import (
	"bytes"
	"fmt"
	"net"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/pion/dtls/v3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/dtlsx"
)

const crowd = 10_000

// source is one of many addresses on loopback.
func source(t testing.TB, i int) string {
	if runtime.GOOS != "linux" && runtime.GOOS != "windows" {
		t.Skip("loopback has one address here, 127.0.0.1")
	}
	return fmt.Sprintf("127.%d.%d.%d", 1+i/62500, i/250%250, 1+i%250)
}

// memory returns what the heap and the stacks have in use.
func memory() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc + m.StackInuse)
}

// challenge sends a hello and returns the cookie of the answer.
func challenge(t testing.TB, c net.Conn, random byte) []byte {
	t.Helper()
	b := make([]byte, 2048)
	for range 10 {
		_, err := c.Write(hello(0, 0, random, nil))
		require.NoError(t, err)
		require.NoError(t, c.SetReadDeadline(time.Now().Add(5*time.Second)))
		n, err := c.Read(b)
		for err == nil && b[13] != 3 { // of an earlier handshake
			n, err = c.Read(b)
		}
		if err == nil {
			return cookieOf(t, b[:n])
		}
	}
	require.Fail(t, "no cookie")
	return nil
}

// stall begins a handshake and says nothing more.
func stall(t testing.TB, c net.Conn, random byte) {
	t.Helper()
	_, err := c.Write(hello(1, 1, random, challenge(t, c, random)))
	require.NoError(t, err)
}

// server takes all conns and echoes.
func server(t testing.TB, l net.Listener) {
	var group sync.WaitGroup
	group.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			group.Go(func() {
				defer c.Close()
				b := make([]byte, 2048)
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
	t.Cleanup(func() { l.Close(); group.Wait() })
}

// good is a client that comes in, is served and leaves.
func good(t testing.TB, l net.Listener, more ...dtls.ClientOption) {
	t.Helper()
	c := peerOf(t, l, append(more, dtls.WithFlightInterval(100*time.Millisecond), dtls.WithDisableRetransmitBackoff(true))...)
	require.NoError(t, c.HandshakeContext(t.Context()))
	say(t, c, "hello")
	require.Equal(t, "hello", hear(t, c))
	require.NoError(t, c.Close())
}

func secret([]byte) ([]byte, error) { return []byte("a key of the tests"), nil }

var withSecret = []dtls.ClientOption{
	dtls.WithPSK(secret), dtls.WithPSKIdentityHint([]byte("test")), dtls.WithCipherSuites(dtls.TLS_PSK_WITH_AES_128_GCM_SHA256),
}

// TestForgedHellosCostNothing: pion's own listener makes a conn for each.
func TestForgedHellosCostNothing(t *testing.T) {
	noLeak(t)
	l := listen(t, dtlsx.ListenConfig{})
	server(t, l)
	good(t, l)
	eventually(t, "quiet", func() bool { return l.Stats().Active == 0 })
	goroutines, before := runtime.NumGoroutine(), memory()
	first := hello(0, 0, 1, nil)
	for i := range crowd {
		c, err := net.DialUDP("udp", &net.UDPAddr{IP: net.ParseIP(source(t, i))}, l.Addr().(*net.UDPAddr))
		require.NoError(t, err)
		_, err = c.Write(first)
		require.NoError(t, err)
		c.Close()
		if i%100 == 99 { // else the kernel's buffer would run over
			eventually(t, "all answered", func() bool { return l.Stats().Challenged > int64(i) })
		}
		if i == crowd/2 {
			good(t, l)
		}
	}
	s := l.Stats()
	assert.EqualValues(t, 2, s.Accepted)
	assert.Zero(t, s.HandshakesFailed)
	eventually(t, "quiet", func() bool { return l.Stats().Active == 0 && runtime.NumGoroutine() <= goroutines })
	grown := memory() - before
	t.Logf("%d forged hellos: %d bytes more", crowd, grown)
	assert.Less(t, grown, int64(1<<20))
}

func TestStalledClientsAreBounded(t *testing.T) {
	noLeak(t)
	const places = 64
	l := listen(t, dtlsx.ListenConfig{MaxHandshakes: places, Config: dtlsx.Config{
		HandshakeTimeout: 5 * time.Second, PSK: &dtlsx.PSK{Key: secret}, // 10,000 signatures would take a while
	}})
	server(t, l)
	good(t, l, withSecret...)
	before := memory()
	var most, used int64
	for i := range crowd {
		c := raw(t, source(t, i), l)
		stall(t, c, byte(i))
		c.Close()
		s := l.Stats()
		most = max(most, s.Pending)
		if i == crowd/2 {
			used = memory() - before
			good(t, l, withSecret...)
		}
	}
	assert.LessOrEqual(t, most, int64(places))
	good(t, l, withSecret...)
	s := l.Stats()
	t.Logf("%d stalled clients: %d places, %d bytes each; %+v", crowd, most, used/most, s)
	assert.EqualValues(t, 3, s.Accepted)
	assert.Positive(t, s.HandshakesDropped)
	assert.Positive(t, s.Deferred)
	eventually(t, "all gone", func() bool { return l.Stats().Pending == 0 && l.Stats().Active == 0 })
}

// TestOneSourceKeepsNobodyOut: it never gets more than its quarter when others
// want to come in, however fast it is.
func TestOneSourceKeepsNobodyOut(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("wine sends from 127.0.0.1 only")
	}
	noLeak(t)
	const places = 16
	l := listen(t, dtlsx.ListenConfig{MaxHandshakes: places, Config: dtlsx.Config{HandshakeTimeout: 4 * time.Minute}})
	server(t, l)
	for i := range places * 2 {
		stall(t, raw(t, "127.0.0.2", l), byte(i))
	}
	eventually(t, "all places taken", func() bool { return l.Stats().Pending == places && l.Stats().Deferred == places })
	start := time.Now()
	good(t, l) // from 127.0.0.1
	assert.Less(t, time.Since(start), 45*time.Second, "a quarter of the timeout is a minute")
	assert.EqualValues(t, 1, l.Stats().HandshakesDropped)
}

func TestGarbage(t *testing.T) {
	noLeak(t)
	l := listen(t, dtlsx.ListenConfig{})
	c, s := connect(t, l)
	attacker := raw(t, "127.0.0.1", l)
	whole := hello(0, 0, 1, nil)
	datagrams := [][]byte{
		{}, {22}, bytes.Repeat([]byte{0}, 1000), bytes.Repeat([]byte{22, 0xfe}, 1000), make([]byte, 9000), make([]byte, 65507),
		wrap(22, 0, 0, []byte{1}), wrap(22, 0, 0, bytes.Repeat([]byte{1}, 40)), wrap(23, 1, 0, make([]byte, 100)),
		wrap(25, 1, 0, make([]byte, 100)), wrap(21, 0, 0, []byte{2, 40}), append(bytes.Clone(whole), 1, 2, 3),
		wrap(22, 0, 0, append(bytes.Clone(whole[13:]), 1, 0, 0)),
	}
	for n := range whole {
		datagrams = append(datagrams, whole[:n])
	}
	was := l.Stats().Received
	for i, b := range datagrams {
		_, err := attacker.Write(b)
		require.NoError(t, err)
		if i%10 == 9 { // the kernel's buffer has room for so many
			eventually(t, "read", func() bool { return l.Stats().Received-was > int64(i) })
		}
	}
	handled(t, l, was+int64(len(datagrams)))
	talk(t, c, s, "undisturbed")
	st := l.Stats()
	assert.EqualValues(t, 1, st.Active)
	assert.EqualValues(t, 2, st.Oversized)
	assert.Positive(t, st.Malformed)
	assert.Positive(t, st.Stray)
	assert.LessOrEqual(t, st.Challenged, int64(2))
}
