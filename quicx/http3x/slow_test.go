package http3x_test

import (
	"context"
	"io"
	"math"
	"net/http"
	"net/netip"
	"os"
	"testing"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/quicx/http3x"
)

// A request that is not complete.
var (
	postLength = []byte{
		0x01, 0x0c, 0x00, 0x00, // HEADERS, of 12 bytes
		0xd4, 0xd7, 0xc1, 0x50, 0x01, 0x61, // :method POST, :scheme https, :path /, :authority a
		0x54, 0x02, 0x31, 0x30, // content-length 10
	}
	body3  = []byte{0x00, 0x0a, 'a', 'b', 'c'} // DATA, of 10 bytes
	body10 = []byte{0x00, 0x0a, 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j'}
)

// openRaw opens a stream and writes to it.
func openRaw(t *testing.T, q *quic.Conn, data ...[]byte) *quic.Stream {
	t.Helper()
	str, err := q.OpenStreamSync(t.Context())
	require.NoError(t, err)
	for _, b := range data {
		_, err = str.Write(b)
		require.NoError(t, err)
	}
	return str
}

// A client that stops in the middle of a body is cut.
func TestStallReading(t *testing.T) {
	noLeak(t)
	result := make(chan error, 1)
	const stall = 200 * time.Millisecond
	s := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		begin := time.Now()
		_, err := io.ReadAll(r.Body)
		assert.GreaterOrEqual(t, time.Since(begin), stall)
		result <- err
	}, func(c *http3x.ServerConfig) { c.StallTimeout = stall })
	openRaw(t, rawConn(t, s), postLength, body3)
	assert.ErrorIs(t, within(t, "the read", result), os.ErrDeadlineExceeded)
	assert.EqualValues(t, 1, s.Stats().Stalled)
}

// A client that does not take the response is cut, whatever is left of it.
func TestStallWriting(t *testing.T) {
	noLeak(t)
	result := make(chan error, 1)
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		var err error
		for err == nil {
			_, err = w.Write(make([]byte, 1<<20))
		}
		assert.Error(t, http.NewResponseController(w).Flush())
		result <- err
	}, func(c *http3x.ServerConfig) { c.StallTimeout = 200 * time.Millisecond })
	openRaw(t, rawConn(t, s), getRequest)
	assert.ErrorIs(t, within(t, "the write", result), os.ErrDeadlineExceeded)
	assert.EqualValues(t, 1, s.Stats().Stalled)
}

// Slow is not stalled: a body that takes many times of the timeout is served, and so is a handler that takes its time.
// A busy machine may give this process no time for longer than the timeout, which is a stall: then it is doubled.
func TestStallProgress(t *testing.T) {
	noLeak(t)
	for stall := 300 * time.Millisecond; ; stall *= 2 {
		require.Less(t, stall, 5*time.Second, "cut whatever the timeout is")
		if slow(t, stall) {
			return
		}
	}
}

// slow reports whether such a request was served. If not it was a stall.
func slow(t *testing.T, stall time.Duration) bool {
	t.Helper()
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(2 * stall)
		echo(w, r)
	}, func(c *http3x.ServerConfig) { c.StallTimeout = stall })
	read, write := io.Pipe()
	req := request(t, http.MethodPost, s.url("/"), read)
	req.ContentLength = 20
	go func() {
		for range 20 {
			time.Sleep(stall / 5)
			write.Write([]byte{'x'})
		}
		write.Close()
	}()
	answer := do(transport(t, nil), req)
	if s.Stats().Stalled > 0 {
		return false
	}
	assert.Equal(t, "200 POST "+s.addr+" xxxxxxxxxxxxxxxxxxxx", answer)
	return true
}

// Bodies without a length may be dialogues, and handlers may set deadlines themselves.
func TestStallOthers(t *testing.T) {
	noLeak(t)
	const stall = 500 * time.Millisecond
	entered := make(chan struct{}, 3)
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		control := http.NewResponseController(w)
		if r.URL.Path == "/own" {
			assert.NoError(t, control.SetReadDeadline(time.Time{}))
			assert.NoError(t, control.SetWriteDeadline(time.Time{}))
		}
		entered <- struct{}{}
		echo(w, r)
	}, func(c *http3x.ServerConfig) { c.StallTimeout = stall })
	rt := transport(t, nil)
	for path, length := range map[string]int64{"/dialogue": -1, "/own": 4} {
		read, write := io.Pipe()
		req := request(t, http.MethodPost, s.url(path), read)
		req.ContentLength = length
		answer := make(chan string, 1)
		go func() { answer <- do(rt, req) }()
		within(t, "the handler", entered)
		time.Sleep(4 * stall)
		_, err := write.Write([]byte("late"))
		require.NoError(t, err)
		require.NoError(t, write.Close())
		assert.Equal(t, "200 POST "+s.addr+" late", within(t, "the answer", answer), path)
	}
	assert.Zero(t, s.Stats().Stalled)
}

// A dialogue that is silent for StreamTimeout is cut; without bounds nothing is.
func TestStallBounds(t *testing.T) {
	noLeak(t)
	result := make(chan error, 1)
	handler := func(_ http.ResponseWriter, r *http.Request) {
		_, err := io.ReadAll(r.Body)
		result <- err
	}
	s := serve(t, handler, func(c *http3x.ServerConfig) { c.StallTimeout, c.StreamTimeout = -1, 50*time.Millisecond })
	openRaw(t, rawConn(t, s), getRequest)
	assert.ErrorIs(t, within(t, "the read", result), os.ErrDeadlineExceeded)

	s = serve(t, handler, func(c *http3x.ServerConfig) { c.StallTimeout, c.StreamTimeout = -1, -1 })
	str := openRaw(t, rawConn(t, s), getRequest)
	select {
	case err := <-result:
		require.Fail(t, "cut", "%v", err)
	case <-time.After(200 * time.Millisecond):
	}
	require.NoError(t, str.Close())
	assert.NoError(t, within(t, "the read", result))
}

// A conn without requests ends, also if it has streams whose header does not end.
func TestIdle(t *testing.T) {
	noLeak(t)
	leave := make(chan struct{})
	const idle = 2 * time.Second
	s := serve(t, func(http.ResponseWriter, *http.Request) { <-leave }, func(c *http3x.ServerConfig) { c.IdleTimeout = idle })
	busy := rawConn(t, s) // each gets its request at once: a busy machine makes conns idle
	openRaw(t, busy, getRequest)
	silent, trickles := rawConn(t, s), rawConn(t, s)
	str := openRaw(t, trickles, getRequest[:3])
	begin := time.Now()
	for _, q := range []*quic.Conn{silent, trickles} {
		within(t, "the end", q.Context().Done())
		var app *quic.ApplicationError
		require.ErrorAs(t, context.Cause(q.Context()), &app)
		assert.EqualValues(t, http3.ErrCodeNoError, app.ErrorCode)
		assert.Equal(t, "idle timeout", app.ErrorMessage)
	}
	_, err := str.Write(getRequest[3:])
	assert.Error(t, err)
	time.Sleep(time.Until(begin.Add(2 * idle)))
	assert.NoError(t, busy.Context().Err())
	close(leave)
	within(t, "the end", busy.Context().Done())
}

// A client that makes requests and resets them cannot have more handlers than that.
func TestResetFlood(t *testing.T) {
	noLeak(t)
	leave := make(chan struct{})
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		_, err := io.ReadAll(r.Body)
		for err == nil { // else the stream is not over for quic-go
			_, err = w.Write(make([]byte, 1<<10))
		}
		<-leave
	}, func(c *http3x.ServerConfig) { c.Listen.QUIC = &quic.Config{MaxIncomingStreams: 5} })
	q := rawConn(t, s)
	for i := int64(1); q.Context().Err() == nil && i <= 20; i++ {
		str, err := q.OpenStreamSync(t.Context())
		if err != nil {
			break
		}
		_, _ = str.Write(getRequest) // fails when the conn has ended
		eventually(t, "the handler runs", func() bool { return s.Stats().Requests >= i || q.Context().Err() != nil })
		str.Close()
		str.CancelRead(quic.StreamErrorCode(http3.ErrCodeRequestCanceled))
	}
	within(t, "the end", q.Context().Done())
	var app *quic.ApplicationError
	require.ErrorAs(t, context.Cause(q.Context()), &app)
	assert.EqualValues(t, http3.ErrCodeExcessiveLoad, app.ErrorCode)
	assert.EqualValues(t, 10, s.Stats().InFlight)
	assert.EqualValues(t, 1, s.Stats().Refused)
	assert.Contains(t, s.errors.text(), "10 requests of a conn are in flight")
	close(leave)
}

// The rules of quicx hold.
func TestServerRules(t *testing.T) {
	noLeak(t)
	s := serve(t, echo, func(c *http3x.ServerConfig) {
		c.Listen.Deny = []netip.Prefix{netip.MustParsePrefix("127.0.0.2/32")}
		c.Listen.MaxConnsPerSource = 1
	})
	good := transport(t, nil)
	assert.Contains(t, fetch(t, good, http.MethodGet, s.url("/"), ""), "200")
	for _, local := range []string{"127.0.0.1:0", "127.0.0.2:0"} {
		bad := transport(t, func(c *http3x.Config) { c.Dial.LocalAddr = local })
		assert.NotRegexp(t, "^200 ", fetch(t, bad, http.MethodGet, s.url("/"), ""), local)
	}
	assert.Contains(t, fetch(t, good, http.MethodGet, s.url("/"), ""), "200")
}

// The longest time is as good as none, and not one that is over.
func TestStallLongest(t *testing.T) {
	noLeak(t)
	s := serve(t, echo, func(c *http3x.ServerConfig) { c.StallTimeout, c.StreamTimeout = math.MaxInt64, math.MaxInt64 })
	assert.Equal(t, "200 POST "+s.addr+" text", fetch(t, transport(t, nil), http.MethodPost, s.url("/"), "text"))
}
