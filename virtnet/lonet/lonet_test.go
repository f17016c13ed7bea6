package lonet_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/virtnet"
	"github.com/strata-net/strata/virtnet/lonet"
)

func TestTalk(t *testing.T) {
	tempDir(t)
	noLeak(t)
	one := join(t, "t")
	two := join(t, "t")
	assert.Equal(t, "lonett", one.Network())
	alpha, beta := host(t, one, "α"), host(t, two, "β")
	for _, tc := range []struct {
		name             string
		from, to         *virtnet.Host
		dialled, arrived string
	}{
		{"across", alpha, beta, "α:1", "β:2"},
		{"back", beta, alpha, "β:1", "α:2"},
		{"to itself", alpha, alpha, "α:2", "α:3"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			d, a := pair(t, tc.from, tc.to)
			assert.Equal(t, tc.dialled, d.LocalAddr().String())
			assert.Equal(t, tc.arrived, d.RemoteAddr().String())
			assert.Equal(t, d.RemoteAddr(), a.LocalAddr())
			assert.Equal(t, d.LocalAddr(), a.RemoteAddr())
			talk(t, d, a)
			talk(t, a, d)
			require.NoError(t, d.Close())
			_, err := a.Read(make([]byte, 1))
			assert.Equal(t, io.EOF, err)
			require.NoError(t, a.Close())
		})
	}
}

// TestFarPort: hosts have ports beyond those of TCP.
func TestFarPort(t *testing.T) {
	tempDir(t)
	noLeak(t)
	n := join(t, "x")
	alpha, beta := host(t, n, "α"), host(t, n, "β")
	const far = "β:2147483647"
	l, err := beta.Listen(far)
	require.NoError(t, err)
	a := accept(l)
	d, err := alpha.Dial(t.Context(), far)
	require.NoError(t, err)
	accepted := <-a
	require.NotNil(t, accepted)
	talk(t, d, accepted)
	require.NoError(t, d.Close())
	require.NoError(t, accepted.Close())
}

// talk sends text one way.
func talk(t *testing.T, from, to net.Conn) {
	t.Helper()
	text := fmt.Sprintf("from %v to %v", from.LocalAddr(), from.RemoteAddr())
	_, err := io.WriteString(from, text)
	require.NoError(t, err)
	got := make([]byte, len(text))
	_, err = io.ReadFull(to, got)
	require.NoError(t, err)
	assert.Equal(t, text, string(got))
}

func TestBulk(t *testing.T) {
	tempDir(t)
	noLeak(t)
	n := join(t, "")
	d, a := pair(t, host(t, n, "a"), host(t, n, "b"))
	const size = 8 << 20
	var work sync.WaitGroup
	for _, c := range []net.Conn{d, a} {
		work.Go(func() {
			p := make([]byte, 1<<16)
			for left := size; left > 0; left -= len(p) {
				if _, err := c.Write(p); !assert.NoError(t, err) {
					return
				}
			}
		})
		work.Go(func() {
			n, err := io.CopyN(io.Discard, c, size)
			assert.NoError(t, err)
			assert.EqualValues(t, size, n)
		})
	}
	work.Wait()
}

func TestErrors(t *testing.T) {
	tempDir(t)
	noLeak(t)
	n := join(t, "x")
	alpha, beta := host(t, n, "α"), host(t, n, "β")
	addr := func(host string, port int) *virtnet.Addr { return &virtnet.Addr{Net: "lonetx", Host: host, Port: port} }

	_, err := alpha.Dial(t.Context(), "β:99")
	assert.Equal(t, &net.OpError{Op: "dial", Net: "lonetx", Source: addr("α", 1), Addr: addr("β", 99), Err: virtnet.ErrConnRefused}, err)
	assert.EqualError(t, err, "dial lonetx α:1->β:99: connection refused")

	_, err = alpha.Dial(t.Context(), "γ:1")
	assert.ErrorIs(t, err, virtnet.ErrNoHost)
	assert.EqualError(t, err, `dial lonetx α:1->γ:1: lonet(lonetx): query "γ": no such host`)

	d, _ := pair(t, alpha, beta)
	require.NoError(t, d.Close())
	_, err = d.Read(make([]byte, 1))
	assert.EqualError(t, err, "read lonetx β:2->α:1: socket is down")
	assert.ErrorIs(t, err, net.ErrClosed)
}

func TestHostDup(t *testing.T) {
	tempDir(t)
	noLeak(t)
	one, two := join(t, "x"), join(t, "x")
	alpha := host(t, one, "α")
	for _, n := range []*virtnet.SubNetwork{one, two} {
		_, err := n.NewHost(t.Context(), "α")
		require.ErrorIs(t, err, virtnet.ErrHostDup)
		assert.Regexp(t, `^virtnet "lonetx": new host "α": lonet\(lonetx\): announce \["α" "127.0.0.1:\d+"\]: host already registered$`, err.Error())
		var failed *virtnet.RegistryError
		require.ErrorAs(t, err, &failed)
		assert.Equal(t, virtnet.ErrHostDup, failed.Err)
	}
	host(t, join(t, "X"), "α")
	host(t, one, "Α")

	require.NoError(t, alpha.Close())
	alpha = host(t, two, "α")
	d, _ := pair(t, host(t, one, "β"), alpha)
	require.NoError(t, d.Close())
	require.NoError(t, two.Close())
	host(t, one, "α")
}

func TestCloseNetwork(t *testing.T) {
	tempDir(t)
	noLeak(t)
	n, other := join(t, "x"), join(t, "x")
	alpha, beta := host(t, n, "α"), host(t, other, "β")
	d, a := pair(t, alpha, beta)
	l := listen(t, alpha)
	accepted := make(chan error, 1)
	go func() {
		_, err := l.Accept()
		accepted <- err
	}()
	require.NoError(t, n.Close())
	assert.EqualError(t, <-accepted, "accept lonetx α:2: network is down")
	_, err := d.Write([]byte("x"))
	assert.EqualError(t, err, "write lonetx α:1->β:2: network is down")
	_, err = a.Read(make([]byte, 1))
	assert.Equal(t, io.EOF, err, "the other end")
	_, err = beta.Dial(t.Context(), "α:2")
	assert.ErrorIs(t, err, virtnet.ErrNoHost)
	_, err = n.NewHost(t.Context(), "γ")
	assert.ErrorIs(t, err, virtnet.ErrNetDown)
}

func TestRandomNetwork(t *testing.T) {
	base := tempDir(t)
	one, two := join(t, ""), join(t, "")
	assert.NotEqual(t, one.Network(), two.Network())
	assert.Len(t, shortName(one), 26, "128 bits")
	host(t, one, "a")
	host(t, two, "a")
	host(t, join(t, shortName(one)), "b")
	found := files(t, base)
	assert.Len(t, found, 7, found)
}

func TestPrivateFiles(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the temp directory is the user's here, files have no mode")
	}
	base := tempDir(t)
	host(t, join(t, "n"), "a")
	for path, mode := range map[string]string{
		"": "drwx------", "/net-n": "drwx------", "/net-n/lock": "-rw-------", "/net-n/host-a": "-rw-------",
	} {
		info, err := os.Lstat(base + path)
		require.NoError(t, err)
		assert.Equal(t, mode, info.Mode().String(), path)
	}
}

func TestContext(t *testing.T) {
	tempDir(t)
	noLeak(t)
	over, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := lonet.Join(over, "x")
	assert.ErrorIs(t, err, context.Canceled)
	assert.EqualError(t, err, `lonet: join "x": context canceled`)

	n := join(t, "x")
	_, err = n.NewHost(over, "a")
	assert.ErrorIs(t, err, context.Canceled)
	alpha := host(t, n, "α")
	l := listen(t, alpha)
	_, err = alpha.Dial(over, l.Addr().String())
	assert.ErrorIs(t, err, context.Canceled)

	soon, cancel := context.WithTimeout(t.Context(), 2*lonet.WatchAfter)
	defer cancel()
	_, err = alpha.Dial(soon, l.Addr().String())
	var timeout net.Error
	require.ErrorAs(t, err, &timeout)
	assert.True(t, timeout.Timeout())
	assert.EqualError(t, err, "dial lonetx α:2->α:1: context deadline exceeded")
}

// TestCallersGone: who has given up is not accepted, and leaves nothing where he
// waited.
func TestCallersGone(t *testing.T) {
	tempDir(t)
	noLeak(t)
	n := join(t, "x")
	alpha, beta := host(t, n, "α"), host(t, n, "β")
	l := listen(t, beta)
	goroutines := runtime.NumGoroutine()
	var work sync.WaitGroup
	for range 30 {
		work.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), 3*lonet.WatchAfter)
			defer cancel()
			_, err := alpha.Dial(ctx, l.Addr().String())
			assert.ErrorIs(t, err, context.DeadlineExceeded)
		})
	}
	work.Wait()
	eventually(t, "nobody waits", func() bool { return runtime.NumGoroutine() <= goroutines })
	a := accept(l)
	d, err := alpha.Dial(t.Context(), l.Addr().String())
	require.NoError(t, err)
	talk(t, d, <-a)
}

// TestSlowAccept: a dial waits for Accept, however long, and what is sent then
// arrives.
func TestSlowAccept(t *testing.T) {
	tempDir(t)
	noLeak(t)
	n := join(t, "x")
	alpha := host(t, n, "α")
	l := listen(t, alpha)
	accepted := make(chan net.Conn, 1)
	time.AfterFunc(3*lonet.WatchAfter, func() { accepted <- <-accept(l) })
	d, err := alpha.Dial(t.Context(), l.Addr().String())
	require.NoError(t, err)
	a := <-accepted
	talk(t, d, a)
	talk(t, a, d)
}

// TestCallersInTurn: each dial is watched in its time, and all are accepted in the
// end.
func TestCallersInTurn(t *testing.T) {
	tempDir(t)
	noLeak(t)
	n := join(t, "x")
	alpha := host(t, n, "α")
	l := listen(t, alpha)
	var work sync.WaitGroup
	for range 5 {
		work.Go(func() {
			_, err := alpha.Dial(t.Context(), l.Addr().String())
			assert.NoError(t, err)
		})
		time.Sleep(lonet.WatchAfter / 3)
	}
	for range 5 {
		a, err := l.Accept()
		require.NoError(t, err)
		require.NoError(t, a.Close())
	}
	work.Wait()
}

func TestDeadline(t *testing.T) {
	tempDir(t)
	n := join(t, "x")
	d, _ := pair(t, host(t, n, "a"), host(t, n, "b"))
	require.NoError(t, d.SetReadDeadline(time.Now().Add(time.Millisecond)))
	_, err := d.Read(make([]byte, 1))
	assert.ErrorIs(t, err, os.ErrDeadlineExceeded)
}

// TestTogether: processes come and go all the time, and nobody gets in another's
// way.
func TestTogether(t *testing.T) {
	tempDir(t)
	noLeak(t)
	var work sync.WaitGroup
	for i := range 8 {
		work.Go(func() {
			for range 10 {
				comeAndGo(t, fmt.Sprint("host", i))
			}
		})
	}
	work.Wait()
}

func comeAndGo(t *testing.T, name string) {
	t.Helper()
	n, err := lonet.Join(t.Context(), "busy")
	if !assert.NoError(t, err) {
		return
	}
	defer func() { assert.NoError(t, n.Close()) }()
	h, err := n.NewHost(t.Context(), name)
	if !assert.NoError(t, err) {
		return
	}
	_, err = n.NewHost(t.Context(), name)
	assert.ErrorIs(t, err, virtnet.ErrHostDup)
	l, err := h.Listen("")
	if !assert.NoError(t, err) {
		return
	}
	a := accept(l)
	c, err := h.Dial(t.Context(), l.Addr().String())
	if assert.NoError(t, err) && assert.NotNil(t, <-a) {
		assert.NoError(t, c.Close())
	}
}

func TestNames(t *testing.T) {
	base := tempDir(t)
	noLeak(t)
	names := []string{
		"../x", "a/b", ".", "..", "a\x00b", `a\b`, "A", "a", "con", "NUL", "lock", "net-a", "%41", " ", "α", "a.", "~", "\xff",
		strings.Repeat("a", 200), strings.Repeat("a", 201), strings.Repeat("α", 100), strings.Repeat("Ü", 100),
	}
	for _, name := range names {
		one, two := join(t, name), join(t, name)
		host(t, one, "h")
		_, err := two.NewHost(t.Context(), "h")
		require.ErrorIs(t, err, virtnet.ErrHostDup, "%q", name)
		d, a := pair(t, host(t, two, "i"), one.Host("h"))
		talk(t, d, a)
	}
	found := files(t, base)
	assert.Len(t, found, 4*len(names), "a folder, a lock and two hosts each: %q", found)
}

func TestHostNames(t *testing.T) {
	base := tempDir(t)
	n, other := join(t, "n"), join(t, "n")
	caller := host(t, other, "caller")
	names := []string{"../x", "a/b", ".", "..", `a\b`, "A", "a", "con", "lock", "%41", "α", "~", "a.", strings.Repeat("x", 200)}
	for _, name := range names {
		h := host(t, n, name)
		d, a := pair(t, caller, h)
		talk(t, d, a)
	}
	assert.Len(t, files(t, base), len(names)+3)
}

func TestLongNames(t *testing.T) {
	tempDir(t)
	long := strings.Repeat("a", lonet.MaxName)
	_, err := lonet.Join(t.Context(), long)
	assert.ErrorContains(t, err, "name too long: 263 bytes when quoted, at most 256")
	_, err = join(t, "x").NewHost(t.Context(), long)
	assert.ErrorContains(t, err, "name too long: 258 bytes when quoted, at most 256")

	// The longest that there are fit into the handshake.
	n := join(t, long[:lonet.MaxName-7])
	d, a := pair(t, host(t, n, long[2:]), host(t, n, "b"+long[3:]))
	talk(t, d, a)
}
