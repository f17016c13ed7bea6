package listener_test

import (
	"bufio"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/nettest"

	"github.com/strata-net/strata/listener"
)

// readCalls returns how many bytes this process has moved with read(2) and its
// kin (proc_pid_io(5)). splice(2) does not count there.
func readCalls(t *testing.T) int64 {
	t.Helper()
	f, err := os.Open("/proc/self/io")
	require.NoError(t, err)
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if n, ok := strings.CutPrefix(lines.Text(), "rchar: "); ok {
			bytes, err := strconv.ParseInt(n, 10, 64)
			require.NoError(t, err)
			return bytes
		}
	}
	t.Fatal("no rchar")
	return 0
}

// bareListener listens with package net.
func bareListener(t *testing.T, network, address string) net.Listener {
	t.Helper()
	l, err := net.Listen(network, address)
	require.NoError(t, err)
	t.Cleanup(func() { l.Close() })
	return l
}

// TestSplice copies with io.Copy between conns of each kind, and looks how much
// went through this process: the source and the sink read and write it once
// each, and a copy in user space would read it once more.
func TestSplice(t *testing.T) {
	const size = 2 << 20
	data := make([]byte, size)
	rand.NewChaCha8([32]byte{1}).Read(data)
	want := sha256.Sum256(data)
	listeners := map[string]net.Listener{
		"tcp":          open(t, &listener.Config{Address: "127.0.0.1:0", Track: true}),
		"unix":         open(t, &listener.Config{Address: "unix://" + t.TempDir() + "/s", MaxConns: 10}),
		"package tcp":  bareListener(t, "tcp", "127.0.0.1:0"),
		"package unix": bareListener(t, "unix", t.TempDir()+"/s"),
	}
	for _, way := range []struct {
		from, to string
		limited  bool
	}{
		{"tcp", "tcp", false},
		{"tcp", "package tcp", false},
		{"package tcp", "tcp", false},
		{"tcp", "unix", false},
		{"unix", "tcp", false},
		{"package tcp", "unix", false},
		{"unix", "package tcp", false},
		{"tcp", "package unix", false},
		{"package unix", "tcp", false},
		{"tcp", "tcp", true},
		{"package tcp", "tcp", true},
		{"unix", "tcp", true},
	} {
		t.Run(fmt.Sprintf("%s to %s, limited=%t", way.from, way.to, way.limited), func(t *testing.T) {
			source, in := pair(t, listeners[way.from])
			sink, out := pair(t, listeners[way.to])
			before := readCalls(t)
			var group sync.WaitGroup
			group.Go(func() {
				source.Write(data)
				source.(interface{ CloseWrite() error }).CloseWrite()
			})
			group.Go(func() {
				var r io.Reader = in
				if way.limited {
					r = io.LimitReader(in, size)
				}
				n, err := io.Copy(out, r)
				assert.NoError(t, err)
				assert.Equal(t, int64(size), n)
				assert.NoError(t, out.(interface{ CloseWrite() error }).CloseWrite())
			})
			h := sha256.New()
			n, err := io.Copy(h, struct{ io.Reader }{sink})
			group.Wait()
			require.NoError(t, err)
			assert.Equal(t, int64(size), n)
			assert.Equal(t, want[:], h.Sum(nil))
			moved := readCalls(t) - before
			assert.GreaterOrEqual(t, moved, int64(size), "the sink has read it")
			assert.Less(t, moved, int64(size+size/4), "the copy read it too")
		})
	}
}

func TestUserSpaceCopiesWithUnixConns(t *testing.T) {
	unix := open(t, &listener.Config{Address: "unix://" + t.TempDir() + "/s", Track: true})
	client, server := pair(t, unix)
	n, err := io.Copy(server, struct{ io.Reader }{strings.NewReader("hello")})
	require.NoError(t, err)
	assert.Equal(t, int64(5), n)
	buf := make([]byte, 5)
	_, err = io.ReadFull(client, buf)
	require.NoError(t, err)
	_, err = client.Write(buf)
	require.NoError(t, err)
	require.NoError(t, client.(*net.UnixConn).CloseWrite())
	var b strings.Builder
	n, err = io.Copy(&b, server)
	require.NoError(t, err)
	assert.Equal(t, "hello", b.String())
	assert.Equal(t, int64(5), n)
}

// io.Copy asks the source first, so this is for whoever calls it by itself.
func TestReadFromOfUnixConns(t *testing.T) {
	source, in := pair(t, open(t, &listener.Config{Address: "127.0.0.1:0", Track: true}))
	sink, out := pair(t, open(t, &listener.Config{Address: "unix://" + t.TempDir() + "/s", Track: true}))
	_, err := source.Write([]byte("hello"))
	require.NoError(t, err)
	require.NoError(t, source.(*net.TCPConn).CloseWrite())
	n, err := out.(io.ReaderFrom).ReadFrom(in)
	require.NoError(t, err)
	assert.Equal(t, int64(5), n)
	require.NoError(t, out.Close())
	got, err := io.ReadAll(sink)
	require.NoError(t, err)
	assert.Equal(t, "hello", string(got))
}

func TestWrapperKeepsWhatTheConnCan(t *testing.T) {
	noLeak(t)
	for _, address := range []string{"127.0.0.1:0", "unix://" + t.TempDir() + "/s", "unixpacket://" + t.TempDir() + "/s"} {
		l := open(t, &listener.Config{Address: address, Track: true})
		client, server := pair(t, l)
		assert.Implements(t, (*syscall.Conn)(nil), server)
		assert.Implements(t, (*io.ReaderFrom)(nil), server)
		assert.Implements(t, (*io.WriterTo)(nil), server)
		inner := server.(interface{ NetConn() net.Conn }).NetConn()
		assert.Equal(t, client.RemoteAddr().Network(), inner.LocalAddr().Network())
		var fd uintptr
		raw, err := server.(syscall.Conn).SyscallConn()
		require.NoError(t, err)
		require.NoError(t, raw.Control(func(s uintptr) { fd = s }))
		assert.NotZero(t, fd)

		_, err = client.Write([]byte("hello"))
		require.NoError(t, err)
		buf := make([]byte, 5)
		_, err = io.ReadFull(server, buf)
		require.NoError(t, err)
		require.NoError(t, server.(interface{ CloseWrite() error }).CloseWrite())
		n, err := client.Read(buf)
		assert.Zero(t, n)
		assert.ErrorIs(t, err, io.EOF)
		require.NoError(t, server.(interface{ CloseRead() error }).CloseRead())
		require.NoError(t, server.Close())
		assert.ErrorIs(t, server.Close(), net.ErrClosed)
		assert.Zero(t, stats(l).Active)
	}
}

func TestWrapperAllocatesNothingPerCall(t *testing.T) {
	l := open(t, &listener.Config{Address: "127.0.0.1:0", MaxConns: 10, MaxConnsPerSource: 10})
	client, server := pair(t, l)
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
}

// acceptCost returns allocations and bytes of the heap for each accepted conn.
func acceptCost(t *testing.T, l net.Listener, n int) (allocs, bytes float64) {
	t.Helper()
	clients, servers := make([]net.Conn, n), make([]net.Conn, n)
	for i := range n {
		var err error
		clients[i], err = net.Dial("tcp", l.Addr().String())
		require.NoError(t, err)
	}
	dialled := heapInUse()
	var m1, m2 runtime.MemStats
	runtime.ReadMemStats(&m1)
	for i := range n {
		var err error
		servers[i], err = l.Accept()
		require.NoError(t, err)
	}
	runtime.ReadMemStats(&m2)
	bytes = float64(heapInUse()-dialled) / float64(n)
	for i := range n {
		clients[i].Close()
		servers[i].Close()
	}
	return float64(m2.Mallocs-m1.Mallocs) / float64(n), bytes
}

// heapInUse returns the bytes of the heap that are needed.
func heapInUse() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func TestMemoryOfAnIdleConn(t *testing.T) {
	const n = 400
	bare := bareListener(t, "tcp", "127.0.0.1:0")
	lean := open(t, &listener.Config{Address: "127.0.0.1:0"})
	full := open(t, &listener.Config{Address: "127.0.0.1:0", MaxConns: 1000, MaxConnsPerSource: 1000, Deny: prefixes(t, "10.0.0.0/8")})
	idle := open(t, &listener.Config{Address: "127.0.0.1:0", MaxConns: 1000, IdleTimeout: time.Hour, MaxAge: time.Hour})
	slow := open(t, &listener.Config{Address: "127.0.0.1:0", MaxConns: 1000, IdleTimeout: time.Hour, MinReceiveRate: 1})
	acceptCost(t, bare, n) // warms up
	var wrong error
	for range 5 { // what the process does besides is counted too
		if wrong = idleCost(t, n, bare, lean, full, idle, slow); wrong == nil {
			return
		}
	}
	t.Error(wrong)
}

// idleCost compares what an idle conn costs: that of package net, the same of this package, and those with something to
// look after.
func idleCost(t *testing.T, n int, bare, lean net.Listener, wrapped ...net.Listener) (wrong error) {
	t.Helper()
	near := func(what string, got, want float64) {
		if math.Abs(got-want) > 0.1 {
			wrong = errors.Join(wrong, fmt.Errorf("%s: %.2f allocations, not %.2f", what, got, want))
		}
	}
	bareAllocs, bareBytes := acceptCost(t, bare, n)
	leanAllocs, leanBytes := acceptCost(t, lean, n)
	t.Logf("package net: %.2f allocations, %.0f bytes; no options: %.2f, %.0f", bareAllocs, bareBytes, leanAllocs, leanBytes)
	near("no options", leanAllocs, bareAllocs)
	for i, l := range wrapped {
		what := []string{"limit, filter and count", "IdleTimeout", "MinReceiveRate"}[i]
		allocs, bytes := acceptCost(t, l, n)
		t.Logf("%s: %.2f, %.0f", what, allocs, bytes)
		near(what, allocs, bareAllocs+1)
		if bytes >= bareBytes+256 {
			wrong = errors.Join(wrong, fmt.Errorf("%s: %.0f bytes, %.0f of package net", what, bytes, bareBytes))
		}
	}
	return wrong
}

func TestConnTracked(t *testing.T) {
	l := open(t, &listener.Config{Address: "127.0.0.1:0", MaxConns: 1000})
	nettest.TestConn(t, pipes(l, func() (net.Conn, error) { return net.Dial("tcp", l.Addr().String()) }))
	l = open(t, &listener.Config{Address: "unix://" + t.TempDir() + "/s", MaxConns: 1000})
	nettest.TestConn(t, pipes(l, func() (net.Conn, error) { return net.Dial("unix", l.Addr().String()) }))
}

// dialFrom dials from an address of the loopback net.
func dialFrom(t *testing.T, l net.Listener, source string) net.Conn {
	t.Helper()
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(source)}}
	c, err := d.Dial("tcp", l.Addr().String())
	require.NoError(t, err)
	t.Cleanup(func() { c.Close() })
	return c
}

func TestMaxConnsPerSource(t *testing.T) {
	noLeak(t)
	l := open(t, &listener.Config{Address: "127.0.0.1:0", MaxConnsPerSource: 2, SourceBits4: 24})
	conns := accepting(t, l)
	dialFrom(t, l, "127.0.0.2")
	dialFrom(t, l, "127.0.0.3")
	first, second := <-conns, <-conns
	refused(t, l, "127.0.0.4")
	assert.Equal(t, int64(1), stats(l).RefusedBySource)
	dialFrom(t, l, "127.0.1.2")
	third := <-conns
	assert.Equal(t, 2, listener.Sources(l))
	require.NoError(t, first.Close())
	first.Close()
	dialFrom(t, l, "127.0.0.4")
	fourth := <-conns
	refused(t, l, "127.0.0.5")
	for _, c := range []net.Conn{second, third, fourth} {
		require.NoError(t, c.Close())
	}
	assert.Zero(t, listener.Sources(l))
	assert.Zero(t, stats(l).Active)
}

// The map of sources gives its memory back when the flood is over.
func TestSourcesAreForgotten(t *testing.T) {
	noLeak(t)
	l := open(t, &listener.Config{Address: "127.0.0.1:0", MaxConnsPerSource: 1})
	conns := accepting(t, l)
	const n = 1100 // more than what is kept
	var open []net.Conn
	for i := range n {
		client := dialFrom(t, l, fmt.Sprintf("127.0.%d.%d", 10+i/200, 1+i%200))
		open = append(open, client, <-conns)
	}
	assert.Equal(t, n, listener.Sources(l))
	for _, c := range open {
		c.Close()
	}
	assert.Zero(t, listener.Sources(l))
	dial(t, l)
	require.NoError(t, (<-conns).Close())
}
