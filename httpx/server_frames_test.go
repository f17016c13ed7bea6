package httpx_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/http2"

	"github.com/strata-net/strata/httpx"
)

// abuse is what a client does to a conn of HTTP/2, until it fails.
type abuse struct {
	name string
	do   func(c *framed) error
	ends string // in the last frame of stream 1 or 0 that comes back, "": the client reads none
	// flood is what nothing but a time ends. The kernels' buffers are full then, and
	// the last frame is lost if the client is too slow to make room for it.
	flood bool
}

// repeat does a thing many times.
func repeat(n uint32, do func(i uint32) error) error {
	for i := range n {
		if err := do(i); err != nil {
			return err
		}
	}
	return nil
}

// request is a HEADERS frame.
func (c *framed) request(stream uint32, endHeaders bool, fields ...string) error {
	return c.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: c.header(fields...), EndHeaders: endHeaders, EndStream: true})
}

// What net/http answers without a bound of its own: many settings by one frame,
// each ping by one, of which 10,000 may queue. It is IdleTimeout that ends such a
// conn, since neither frame is a request, and that also where the kernels' buffers
// are so small that they hold the conn up before any write of the server's waits,
// which WriteByteTimeout would end.
func floodSettings(c *framed) error {
	return repeat(math.MaxUint32, func(i uint32) error {
		return c.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: i % 65536})
	})
}

func floodPings(c *framed) error {
	return repeat(math.MaxUint32, func(uint32) error { return c.WritePing(false, [8]byte{}) })
}

var abuses = []abuse{
	{"rapid reset", func(c *framed) error {
		return repeat(50_000, func(i uint32) error {
			if err := c.ask(2*i+1, http.MethodGet, true, "stuck", "1"); err != nil {
				return err
			}
			return c.WriteRSTStream(2*i+1, http2.ErrCodeCancel)
		})
	}, "GOAWAY ENHANCE_YOUR_CALM", false},
	{"CONTINUATION without end", func(c *framed) error {
		if err := c.request(1, false, ":method", "GET", ":scheme", "http", ":path", "/", ":authority", "x"); err != nil {
			return err
		}
		block := c.header("x", strings.Repeat("a", 8<<10))
		return repeat(10_000, func(uint32) error { return c.WriteContinuation(1, false, block) })
	}, "GOAWAY", false},
	{"settings", floodSettings, "GOAWAY NO_ERROR", true},
	{"settings, no answer read", floodSettings, "", true},
	{"pings", floodPings, "GOAWAY NO_ERROR", true},
	{"pings, no answer read", floodPings, "", true},
	{"window beyond its bound", func(c *framed) error {
		if err := c.ask(1, http.MethodGet, true, "wait", "1"); err != nil {
			return err
		}
		return c.WriteWindowUpdate(0, 1<<31-1)
	}, "GOAWAY FLOW_CONTROL_ERROR", false},
	{"window of a stream beyond its bound", func(c *framed) error {
		if err := c.ask(1, http.MethodGet, true, "wait", "1"); err != nil {
			return err
		}
		return c.WriteWindowUpdate(1, 1<<31-1)
	}, "RST_STREAM FLOW_CONTROL_ERROR", false},
	{"data beyond the window", func(c *framed) error {
		if err := c.ask(1, http.MethodPost, false, "wait", "1"); err != nil {
			return err
		}
		return repeat(10_000, func(uint32) error { return c.WriteData(1, false, make([]byte, 16<<10)) })
	}, "FLOW_CONTROL_ERROR", false},
	{"even stream", func(c *framed) error { return c.ask(2, http.MethodGet, true) }, "GOAWAY PROTOCOL_ERROR", false},
	{"stream zero", func(c *framed) error {
		return c.WriteRawFrame(http2.FrameHeaders, http2.FlagHeadersEndHeaders, 0, c.header(":method", "GET"))
	}, "GOAWAY PROTOCOL_ERROR", false},
	{"frame too large", func(c *framed) error {
		return c.WriteRawFrame(http2.FrameData, 0, 1, make([]byte, 1<<20+1)) // net/http takes 1 MiB
	}, "GOAWAY FRAME_SIZE_ERROR", false},
	{"padding beyond the frame", func(c *framed) error {
		return c.WriteRawFrame(http2.FrameData, http2.FlagDataPadded, 1, []byte{200, 1})
	}, "GOAWAY PROTOCOL_ERROR", false},
	{"bad compression", func(c *framed) error {
		return c.WriteRawFrame(http2.FrameHeaders, http2.FlagHeadersEndHeaders, 1, []byte{0xff, 0xff, 0xff, 0xff, 0xff})
	}, "GOAWAY COMPRESSION_ERROR", false},
	{"push from a client", func(c *framed) error {
		return c.WriteRawFrame(http2.FramePushPromise, http2.FlagPushPromiseEndHeaders, 1, []byte{0, 0, 0, 2})
	}, "GOAWAY PROTOCOL_ERROR", false},
}

// Each abuse of HTTP/2 ends its own conn or stream within seconds and a bound of
// memory, and others are served meanwhile.
func TestServerFrameAbuse(t *testing.T) {
	for _, tt := range abuses {
		t.Run(tt.name, func(t *testing.T) {
			noLeak(t)
			stuck := make(chan struct{})
			cfg := &httpx.ServerConfig{
				Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if r.Header.Get("Stuck") != "" {
						<-stuck // does not look at its context
					}
					waiting(w, r)
				}),
			}
			if tt.flood { // the others end at once, and must not be ended by a time before they have begun
				cfg.StallTimeout, cfg.IdleTimeout = time.Second, time.Second
				cfg.HTTP2 = &http.HTTP2Config{WriteByteTimeout: time.Second}
			}
			s := serveOn(t, listen(t), cfg)
			before := heap()
			c := dialFrames(t, s.addr)
			require.NoError(t, c.raw.Conn.SetDeadline(time.Now().Add(time.Minute))) // the test fails then
			last := make(chan string, 1)
			if tt.ends == "" {
				last <- ""
			} else {
				go func() { last <- c.last(tt) }()
			}
			did := make(chan error, 1)
			go func() { did <- tt.do(c) }()
			assert.Equal(t, "200 ", ask(t, client(t, onlyHTTP1, nil), "http://"+s.addr))
			assert.Equal(t, "200 ", ask(t, client(t, onlyH2C, nil), "http://"+s.addr))
			assert.NotErrorIs(t, <-did, os.ErrDeadlineExceeded) // it fails if the server was faster
			assert.Contains(t, <-last, tt.ends)
			c.raw.Conn.Close()
			assert.LessOrEqual(t, s.Stats().HTTP2.InFlight, int64(httpx.DefaultConcurrentStreams))
			close(stuck)
			eventually(t, "no request in flight", func() bool { return s.Stats().HTTP2.InFlight == 0 })
			assert.Less(t, heap(), before+32<<20)
		})
	}
}

// last returns how the conn of an abuse ends: its last frame, with the error if it
// is another one than has to be.
func (c *framed) last(a abuse) string {
	text, err := c.drain(a.ends)
	switch {
	case err == nil:
		return text
	case a.flood && !errors.Is(err, os.ErrDeadlineExceeded):
		return a.ends
	}
	return fmt.Sprintf("%s, then %v", text, err)
}

// drain reads until the conn ends or a frame has the text.
func (c *framed) drain(text string) (last string, err error) {
	for {
		f, err := c.ReadFrame()
		if err != nil {
			return last, err
		}
		if last = describe(f); strings.Contains(last, text) {
			return last, nil
		}
	}
}

// waiting answers at once, or when the request has ended.
func waiting(_ http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Wait") != "" {
		<-r.Context().Done()
	}
}

func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// A header beyond the bound is answered by 431, and the conn goes on; one field
// beyond it ends the conn.
func TestServerFrameHeaders(t *testing.T) {
	noLeak(t)
	s := serveOn(t, listen(t), &httpx.ServerConfig{Handler: http.HandlerFunc(waiting), MaxHeaderBytes: 4 << 10})
	c := dialFrames(t, s.addr)
	var many []string
	for i := range 400 {
		many = append(many, fmt.Sprint("x", i), "a")
	}
	require.NoError(t, c.ask(3, http.MethodGet, true, many...))
	got, err := c.next(3)
	require.NoError(t, err)
	assert.Contains(t, got, "HEADERS :status=431")
	require.NoError(t, c.ask(5, http.MethodGet, true))
	c.expect(5, "HEADERS :status=200 content-length=0 end=true")
	require.NoError(t, c.ask(7, http.MethodGet, true, "x", strings.Repeat("a", 8<<10)))
	c.expect(7, "GOAWAY COMPRESSION_ERROR")

	for name, fields := range map[string][]string{
		"capital":           {"X-A", "1"},
		"connection":        {"connection", "close"},
		"transfer-encoding": {"transfer-encoding", "chunked"},
		"te":                {"te", "gzip"},
		"line break":        {"x", "a\r\nb: c"},
		"late pseudo":       {"x", "a", ":path", "/b"},
		"unknown pseudo":    {":x", "a"},
	} {
		t.Run(name, func(t *testing.T) {
			c := dialFrames(t, s.addr)
			require.NoError(t, c.ask(1, http.MethodGet, true, fields...))
			got, err := c.next(1)
			require.NoError(t, err)
			assert.NotContains(t, got, ":status=200")
		})
	}
}

// A stream whose window stays shut is cut after the stall time, those beside it
// are served.
func TestServerFrameWindow(t *testing.T) {
	noLeak(t)
	wrote := make(chan error, 1)
	s := serveOn(t, listen(t), &httpx.ServerConfig{StallTimeout: 200 * time.Millisecond, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Large") == "" {
			return
		}
		_, err := io.Copy(w, bytes.NewReader(make([]byte, 1<<20)))
		wrote <- err
	})})
	c := dialFrames(t, s.addr, http2.Setting{ID: http2.SettingInitialWindowSize, Val: 0})
	require.NoError(t, c.ask(1, http.MethodGet, true, "large", "1"))
	require.NoError(t, c.ask(3, http.MethodGet, true))
	c.expect(3, "HEADERS :status=200 content-length=0 end=true")
	require.Error(t, <-wrote)
	require.NoError(t, c.ask(5, http.MethodGet, true))
	c.expect(5, "HEADERS :status=200 content-length=0 end=true")
	assert.EqualValues(t, 1, s.Stats().Stalled)
}

// What no client of Go sends reaches no upstream.
func TestProxyFrameTargets(t *testing.T) {
	noLeak(t)
	u := recording(t, empty200)
	f := front(t, u.addr, onlyHTTP1, &httpx.ReverseProxyConfig{})
	for name, tt := range map[string]struct{ path, authority string }{
		"user":           {"/", "good@evil"},
		"URI":            {"http://evil/", "good"},
		"opaque":         {"http:evil", "good"},
		"asterisk":       {"*", "good"},
		"no slash":       {"a", "good"},
		"line break":     {"/a HTTP/1.1\r\nX: b", "good"},
		"path in host":   {"/", "good/evil"},
		"break in host":  {"/", "good\r\nX: b"},
		"fragment, host": {"/", "good#evil"},
	} {
		t.Run(name, func(t *testing.T) {
			c := dialFrames(t, f.addr)
			require.NoError(t, c.request(1, true, ":method", "GET", ":scheme", "http", ":path", tt.path, ":authority", tt.authority))
			got, err := c.next(1)
			require.NoError(t, err)
			assert.NotContains(t, got, ":status=200")
			assert.Empty(t, u.take())
		})
	}
	c := dialFrames(t, f.addr)
	require.NoError(t, c.ask(1, http.MethodPost, false, "content-length", "1", "content-length", "33"))
	require.NoError(t, c.WriteData(1, true, []byte("x")))
	got, err := c.next(1)
	require.NoError(t, err)
	assert.Contains(t, got, ":status=400")
	assert.Empty(t, u.take())
}
