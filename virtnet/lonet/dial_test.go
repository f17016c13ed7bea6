package lonet_test

import (
	"bufio"
	"context"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/virtnet"
	"github.com/strata-net/strata/virtnet/lonet"
)

// ears is a conn whose answer is there already; heard is called when it is read.
type ears struct {
	net.Conn
	answer *strings.Reader
	heard  func()
}

func (e ears) Read(p []byte) (int, error) {
	e.heard()
	return e.answer.Read(p)
}

func (ears) Write(p []byte) (int, error) { return len(p), nil }

// TestCancelledLast: a dial whose context ends with the last byte of the answer
// fails, for its conn has a deadline by then, or is about to get one.
func TestCancelledLast(t *testing.T) {
	noLeak(t)
	src, dst := &virtnet.Addr{Net: "lonetx", Host: "α", Port: 1}, &virtnet.Addr{Net: "lonetx", Host: "β", Port: 1}
	near, far := net.Pipe()
	defer near.Close()
	defer far.Close()
	for _, late := range []bool{false, true} {
		ctx, cancel := context.WithCancel(t.Context())
		c := ears{near, strings.NewReader("< lonet \"lonetx\" connected \"β:7\"\n"), func() {
			if late {
				cancel()
			}
		}}
		_, addr, err := lonet.Greet(ctx, c, src, dst)
		if late {
			require.ErrorIs(t, err, context.Canceled)
		} else {
			require.NoError(t, err)
			assert.Equal(t, "β:7", addr.String())
		}
		cancel()
	}

	require.NoError(t, near.Close())
	_, _, err := lonet.Greet(t.Context(), near, src, dst)
	require.ErrorIs(t, err, io.ErrClosedPipe)
	assert.EqualError(t, err, "handshake: io: read/write on closed pipe")
}

// deadline is a context whose timer is late.
type deadline struct {
	context.Context
	end time.Time
}

func (d deadline) Deadline() (end time.Time, ok bool) { return d.end, true }

// TestDeadlineFirst: the timer of the conn can be before that of the context.
func TestDeadlineFirst(t *testing.T) {
	late := deadline{t.Context(), time.Now()}
	assert.Equal(t, context.DeadlineExceeded, lonet.Ended(late, os.ErrDeadlineExceeded))
	late.end = late.end.Add(time.Hour)
	assert.Equal(t, io.EOF, lonet.Ended(late, io.EOF))
}

// TestGoneMeanwhile: a process that ends between the question where its host is
// and the answer to the dial had no such host any more.
func TestGoneMeanwhile(t *testing.T) {
	base := tempDir(t)
	noLeak(t)
	alpha := host(t, join(t, "x"), "α")
	hangUp(t, base, func(withdraw func()) { withdraw() })
	_, err := alpha.Dial(t.Context(), "β:1")
	assert.EqualError(t, err, `dial lonetx α:1->β:1: lonet(lonetx): query "β": no such host`)
}

// TestMovesMeanwhile: the same, and another process has the name already.
func TestMovesMeanwhile(t *testing.T) {
	base := tempDir(t)
	noLeak(t)
	alpha := host(t, join(t, "x"), "α")
	other := join(t, "x")
	beta := make(chan net.Listener, 1)
	hangUp(t, base, func(withdraw func()) {
		withdraw()
		h, err := other.NewHost(t.Context(), "β")
		if assert.NoError(t, err) {
			l, err := h.Listen(":1")
			assert.NoError(t, err)
			beta <- l
		}
	})
	go func() {
		if c, err := (<-beta).Accept(); err == nil {
			_, _ = io.WriteString(c, "here")
			c.Close()
		}
	}()
	c, err := alpha.Dial(t.Context(), "β:1")
	require.NoError(t, err)
	text, err := io.ReadAll(c)
	require.NoError(t, err)
	assert.Equal(t, "here", string(text))
}

// hangUp makes the process of β: it calls do when somebody dials, and hangs up.
func hangUp(t *testing.T, base string, do func(withdraw func())) {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	require.NoError(t, err)
	withdraw := announce(t, base, "x", "β", l.Addr().String())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if c, err := l.Accept(); err == nil {
			_, _ = bufio.NewReader(c).ReadString('\n')
			do(withdraw)
			c.Close()
		}
	}()
	t.Cleanup(func() {
		l.Close()
		<-done
	})
}
