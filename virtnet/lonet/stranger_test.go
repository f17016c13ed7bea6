package lonet_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/virtnet"
	"github.com/strata-net/strata/virtnet/lonet"
)

// place returns the TCP address of a host of a network, from its file.
func place(t *testing.T, base, network, host string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(base, lonet.FileName(lonet.NetPrefix, network), lonet.FileName(lonet.HostPrefix, host)))
	require.NoError(t, err)
	fields := strings.Fields(string(text))
	require.Equal(t, fmt.Sprintf("%q", host), fields[0])
	_, _, err = net.SplitHostPort(strings.Trim(fields[1], `"`))
	require.NoError(t, err)
	return strings.Trim(fields[1], `"`)
}

// raw connects without a handshake.
func raw(t *testing.T, address string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", address)
	require.NoError(t, err)
	t.Cleanup(func() { c.Close() })
	require.NoError(t, c.SetDeadline(time.Now().Add(patience)))
	return c
}

func TestWire(t *testing.T) {
	base := tempDir(t)
	noLeak(t)
	n := join(t, "NAME")
	beta := host(t, n, "β")
	l, err := beta.Listen(":5")
	require.NoError(t, err)
	c := raw(t, place(t, base, "NAME", "β"))
	a := accept(l)

	// In two pieces, and with bytes behind it that are the conn's already.
	_, err = io.WriteString(c, `> lonet "lonetNAME" dial "α:1" `)
	require.NoError(t, err)
	time.Sleep(time.Millisecond)
	_, err = io.WriteString(c, "\"β:5\"\nearly")
	require.NoError(t, err)
	r := bufio.NewReader(c)
	line, err := r.ReadString('\n')
	require.NoError(t, err)
	assert.Equal(t, "< lonet \"lonetNAME\" connected \"β:1\"\n", line)
	accepted := <-a
	assert.Equal(t, "α:1", accepted.RemoteAddr().String())
	_, err = io.WriteString(c, " and late")
	require.NoError(t, err)
	got := make([]byte, len("early and late"))
	_, err = io.ReadFull(accepted, got)
	require.NoError(t, err)
	assert.Equal(t, "early and late", string(got))
	talk(t, accepted, c)
}

// TestEarly: bytes that come before anybody accepts are the conn's, also when it
// waits for long.
func TestEarly(t *testing.T) {
	base := tempDir(t)
	noLeak(t)
	n := join(t, "NAME")
	l := listen(t, host(t, n, "h"))
	c := raw(t, place(t, base, "NAME", "h"))
	_, err := io.WriteString(c, "> lonet \"lonetNAME\" dial \"s:1\" \"h:1\"\none")
	require.NoError(t, err)
	time.Sleep(2 * lonet.WatchAfter)
	_, err = io.WriteString(c, "two")
	require.NoError(t, err)
	time.Sleep(lonet.WatchAfter)
	a := <-accept(l)
	_, err = io.WriteString(c, "three")
	require.NoError(t, err)
	got := make([]byte, len("onetwothree"))
	_, err = io.ReadFull(a, got)
	require.NoError(t, err)
	assert.Equal(t, "onetwothree", string(got))
}

func TestRefusedOnWire(t *testing.T) {
	base := tempDir(t)
	noLeak(t)
	n := join(t, "NAME")
	l := listen(t, host(t, n, "h"))
	long := strings.Repeat("x", 1024)
	for _, tc := range []struct{ name, sent, reply string }{
		{"nobody listens", "> lonet \"lonetNAME\" dial \"α:1\" \"h:99\"\n", "< lonet \"lonetNAME\" E \"connection refused\"\n"},
		{"no such host", "> lonet \"lonetNAME\" dial \"α:1\" \"γ:99\"\n", "< lonet \"lonetNAME\" E \"connection refused\"\n"},
		{"another network", "> lonet \"lonetOTHER\" dial \"α:1\" \"h:1\"\n", "< lonet \"lonetOTHER\" E \"no such network\"\n"},
		{"no port", "> lonet \"lonetNAME\" dial \"α\" \"h:1\"\n", "< lonet \"lonetNAME\" E \"address α: missing port in address\"\n"},
		{"bad port", "> lonet \"lonetNAME\" dial \"α:1\" \"h:2147483648\"\n", "< lonet \"lonetNAME\" E \"address h:2147483648: invalid port\"\n"},
		{"garbage", "GET / HTTP/1.1\r\n\r\n", ""},
		{"empty line", "\n", ""},
		{"too long", "> lonet \"" + long + "\n", ""},
		{"without arrow", "lonet \"lonetNAME\" dial \"α:1\" \"h:1\"\n", ""},
		{"too much", "> lonet \"lonetNAME\" dial \"α:1\" \"h:1\" \"\"\n", ""},
		{"other quotes", "> lonet `lonetNAME` dial \"α:1\" \"h:1\"\n", ""},
		{"other word", "> lonet \"lonetNAME\" call \"α:1\" \"h:1\"\n", ""},
		{"open quotes", "> lonet \"lonetNAME\n", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := raw(t, place(t, base, "NAME", "h"))
			_, err := io.WriteString(c, tc.sent)
			require.NoError(t, err)
			got, err := io.ReadAll(c)
			if err != nil { // bytes that nobody has read make the close a reset
				require.Empty(t, tc.reply)
			}
			assert.Equal(t, tc.reply, string(got))
		})
	}
	// And all of it has left nobody in Accept.
	a := accept(l)
	d, err := n.Host("h").Dial(t.Context(), "h:1")
	require.NoError(t, err)
	talk(t, d, <-a)
}

// TestGoneBeforeAccept: who hangs up while he waits is not accepted.
func TestGoneBeforeAccept(t *testing.T) {
	base := tempDir(t)
	noLeak(t)
	n := join(t, "NAME")
	l := listen(t, host(t, n, "h"))
	goroutines := runtime.NumGoroutine()
	for _, early := range []string{"", strings.Repeat("x", 10), strings.Repeat("x", 5000)} {
		c := raw(t, place(t, base, "NAME", "h"))
		_, err := io.WriteString(c, "> lonet \"lonetNAME\" dial \"s:1\" \"h:1\"\n"+early)
		require.NoError(t, err)
		if len(early) < 5000 {
			require.NoError(t, c.Close())
		} else {
			_, err = io.ReadAll(c)
			t.Log("too much is refused:", err)
		}
	}
	eventually(t, "nobody waits", func() bool { return runtime.NumGoroutine() <= goroutines })
	a := accept(l)
	d, err := n.Host("h").Dial(t.Context(), "h:1")
	require.NoError(t, err)
	talk(t, d, <-a)
}

// TestGoneAtAccept: the same when Accept comes before anybody has looked.
func TestGoneAtAccept(t *testing.T) {
	base := tempDir(t)
	noLeak(t)
	n := join(t, "NAME")
	h := host(t, n, "h")
	l := listen(t, h)
	for range 5 {
		c := raw(t, place(t, base, "NAME", "h"))
		_, err := io.WriteString(c, "> lonet \"lonetNAME\" dial \"s:1\" \"h:1\"\n")
		require.NoError(t, err)
		time.Sleep(time.Millisecond) // or it hangs up before it asks
		require.NoError(t, c.Close())
		a := accept(l)
		d, err := h.Dial(t.Context(), "h:1")
		require.NoError(t, err)
		accepted := <-a
		require.Equal(t, d.LocalAddr(), accepted.RemoteAddr())
		require.NoError(t, errors.Join(d.Close(), accepted.Close()))
	}
}

// TestStrangers: of those who connect and say nothing only some are kept, all of
// them together keep nobody from dialling, and Close waits for none.
func TestStrangers(t *testing.T) {
	base := tempDir(t)
	noLeak(t)
	n := join(t, "NAME")
	h := host(t, n, "h")
	l := listen(t, h)
	address := place(t, base, "NAME", "h")
	goroutines := runtime.NumGoroutine()
	const many = 3 * lonet.MaxPending
	var strangers []net.Conn
	for range many {
		c, err := net.Dial("tcp", address)
		require.NoError(t, err)
		strangers = append(strangers, c)
	}
	defer func() {
		for _, c := range strangers {
			c.Close()
		}
	}()
	// The first have been closed for the last.
	for _, c := range strangers[:many-lonet.MaxPending] {
		require.NoError(t, c.SetReadDeadline(time.Now().Add(patience)))
		_, err := c.Read(make([]byte, 1))
		require.Error(t, err)
		require.NotErrorIs(t, err, os.ErrDeadlineExceeded)
	}
	eventually(t, "goroutines for those who are kept alone", func() bool {
		return runtime.NumGoroutine() <= goroutines+lonet.MaxPending+5
	})
	a := accept(l)
	d, err := h.Dial(t.Context(), l.Addr().String())
	require.NoError(t, err)
	talk(t, d, <-a)
}

// TestSilence: who says nothing, or too slowly, is dropped.
func TestSilence(t *testing.T) {
	t.Cleanup(lonet.SetHandshakeTimeout(100 * time.Millisecond))
	base := tempDir(t)
	noLeak(t)
	n := join(t, "NAME")
	host(t, n, "h")
	address := place(t, base, "NAME", "h")
	silent, slow := raw(t, address), raw(t, address)
	_, err := silent.Read(make([]byte, 1))
	assert.Equal(t, io.EOF, err)
	for err = nil; err == nil; time.Sleep(10 * time.Millisecond) {
		_, err = slow.Write([]byte("x")) // 10 s until the line is too long
	}
	assert.NotErrorIs(t, err, os.ErrDeadlineExceeded)
}

// fake announces a host whose TCP listener is the test's.
func fake(t *testing.T, base, network, host string) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { l.Close() })
	announce(t, base, network, host, l.Addr().String())
	return l
}

// announce writes and locks the file of a host.
func announce(t *testing.T, base, network, host, data string) (withdraw func()) {
	t.Helper()
	dir := filepath.Join(base, lonet.FileName(lonet.NetPrefix, network))
	require.NoError(t, os.MkdirAll(dir, 0o700))
	path := filepath.Join(dir, lonet.FileName(lonet.HostPrefix, host))
	require.NoError(t, os.WriteFile(path, fmt.Appendf(nil, "%q %q\n", host, data), 0o600))
	f, err := os.Open(path)
	require.NoError(t, err)
	require.NoError(t, lonet.LockFile(f, true))
	t.Cleanup(func() {
		f.Close()
		os.RemoveAll(base)
	})
	return func() { require.NoError(t, f.Close()) }
}

// TestAnswers: what another process answers is not believed.
func TestAnswers(t *testing.T) {
	for _, tc := range []struct{ name, answer, err string }{
		{"refused", "< lonet \"lonetx\" E \"connection refused\"\n", "connection refused"},
		{"host down", "< lonet \"lonetx\" E \"host is down\"\n", "host is down"},
		{"other text", "< lonet \"lonetx\" E \"out of \\\"x\\\"\"\n", `out of "x"`},
		{"other network", "< lonet \"lonety\" connected \"β:1\"\n", `handshake: not a line of the handshake: reply of network "lonety"`},
		{"other host", "< lonet \"lonetx\" connected \"γ:1\"\n", "handshake: address γ:1: another host's address"},
		{"no port", "< lonet \"lonetx\" connected \"β\"\n", "handshake: address β: missing port in address"},
		{"garbage", "HTTP/1.1 400 Bad Request\r\n", `handshake: not a line of the handshake: "HTTP/1.1 400 Bad Request\r\n"`},
		{"other word", "< lonet \"lonetx\" yes \"β:1\"\n", `handshake: not a line of the handshake: "< lonet \"lonetx\" yes \"β:1\"\n"`},
		{"no network", "< lonet lonetx\n", `handshake: not a line of the handshake: "< lonet lonetx\n"`},
		{"no quotes", "< lonet \"lonetx\" E 1\n", `handshake: not a line of the handshake: "< lonet \"lonetx\" E 1\n"`},
		{"too long", strings.Repeat("x", 1024), "handshake: line of more than 1024 bytes"},
		{"nothing", "", "connection refused"},
		{"half a line", "< lonet", "connection refused"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			base := tempDir(t)
			noLeak(t)
			l := fake(t, base, "x", "β")
			go answer(l, tc.answer)
			alpha := host(t, join(t, "x"), "α")
			_, err := alpha.Dial(t.Context(), "β:1")
			assert.EqualError(t, err, "dial lonetx α:1->β:1: "+tc.err)
			assert.NoError(t, l.Close())
		})
	}
}

// answer sends the same to each who dials, when he has sent his line.
func answer(l net.Listener, text string) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		_, _ = bufio.NewReader(c).ReadString('\n')
		_, _ = io.WriteString(c, text)
		c.Close()
	}
}

// TestAnswerAndMore: what comes with the answer is the conn's.
func TestAnswerAndMore(t *testing.T) {
	base := tempDir(t)
	noLeak(t)
	l := fake(t, base, "x", "β")
	go answer(l, "< lonet \"lonetx\" connected \"β:77\"\nand more")
	alpha := host(t, join(t, "x"), "α")
	c, err := alpha.Dial(t.Context(), "β:1")
	require.NoError(t, err)
	assert.Equal(t, "β:77", c.RemoteAddr().String())
	n, err := c.Read(nil)
	require.NoError(t, err)
	assert.Zero(t, n)
	got, err := io.ReadAll(c)
	require.NoError(t, err)
	assert.Equal(t, "and more", string(got))
	assert.NoError(t, l.Close())
}

// TestTakenForStranger: among very many dials one may be taken for a stranger's, who has
// not spoken in time. It is tried again.
func TestTakenForStranger(t *testing.T) {
	base := tempDir(t)
	noLeak(t)
	l := fake(t, base, "x", "β")
	go func() {
		for range 3 {
			c, err := l.Accept()
			if !assert.NoError(t, err) {
				return
			}
			c.Close()
		}
		answer(l, "< lonet \"lonetx\" connected \"β:2\"\n")
	}()
	d, err := host(t, join(t, "x"), "α").Dial(t.Context(), "β:1")
	require.NoError(t, err)
	assert.Equal(t, "β:2", d.RemoteAddr().String())
	require.NoError(t, d.Close())
	require.NoError(t, l.Close())
}

// TestSilentAnswer: a dial to a process that says nothing ends with its context.
func TestSilentAnswer(t *testing.T) {
	base := tempDir(t)
	noLeak(t)
	fake(t, base, "x", "β")
	alpha := host(t, join(t, "x"), "α")
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := alpha.Dial(ctx, "β:1")
	assert.EqualError(t, err, "dial lonetx α:1->β:1: context deadline exceeded")
	go func() {
		time.Sleep(10 * time.Millisecond)
		alpha.Close()
	}()
	_, err = alpha.Dial(t.Context(), "β:1")
	assert.ErrorIs(t, err, virtnet.ErrHostDown)
}

// TestMoved: a host that another process has now is found there.
func TestMoved(t *testing.T) {
	base := tempDir(t)
	noLeak(t)
	alpha := host(t, join(t, "x"), "α")
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	require.NoError(t, err)
	withdraw := announce(t, base, "x", "β", l.Addr().String())
	go answer(l, "< lonet \"lonetx\" E \"host is down\"\n")
	_, err = alpha.Dial(t.Context(), "β:1")
	require.ErrorIs(t, err, virtnet.ErrHostDown)

	require.NoError(t, l.Close())
	_, err = alpha.Dial(t.Context(), "β:1")
	require.ErrorIs(t, err, virtnet.ErrConnRefused, "its file is locked, but nobody listens")
	withdraw()
	_, err = alpha.Dial(t.Context(), "β:1")
	require.ErrorIs(t, err, virtnet.ErrNoHost)

	other := join(t, "x")
	d, a := pair(t, alpha, host(t, other, "β"))
	talk(t, d, a)
}

// TestRecords: what the file of a host says is checked.
func TestRecords(t *testing.T) {
	for _, tc := range []struct{ name, text, err string }{
		{"empty", "", "not the record of a host"},
		{"garbage", "x y\n", "not the record of a host"},
		{"half", "\"β\"\n", "not the record of a host"},
		{"more", "\"β\" \"127.0.0.1:1\"\nx", "not the record of a host"},
		{"another's", "\"γ\" \"127.0.0.1:1\"\n", `not the record of a host: it is that of "γ"`},
		{"elsewhere", "\"β\" \"192.0.2.1:1\"\n", "address 192.0.2.1:1: not an address of this machine"},
		{"no address", "\"β\" \"x\"\n", "address x: not an address of this machine"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			base := tempDir(t)
			noLeak(t)
			announce(t, base, "x", "β", "")
			path := filepath.Join(base, lonet.FileName(lonet.NetPrefix, "x"), lonet.FileName(lonet.HostPrefix, "β"))
			require.NoError(t, os.WriteFile(path, []byte(tc.text), 0o600))
			_, err := host(t, join(t, "x"), "α").Dial(t.Context(), "β:1")
			assert.ErrorContains(t, err, tc.err)
		})
	}
}
