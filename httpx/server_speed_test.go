package httpx_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"github.com/strata-net/strata/httpx"
)

// handFramed speaks HTTP/2 by hand.
func handFramed(t *testing.T, addr string) *http2.Framer {
	t.Helper()
	c, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", addr)
	require.NoError(t, err)
	t.Cleanup(func() { c.Close() })
	_, err = io.WriteString(c, http2.ClientPreface)
	require.NoError(t, err)
	f := http2.NewFramer(c, c)
	require.NoError(t, f.WriteSettings())
	return f
}

// What the server tells its clients is what the docs say, and what a config asks for.
func TestServerHTTP2Windows(t *testing.T) {
	for _, tt := range []struct {
		name                string
		cfg                 *http.HTTP2Config
		frame, stream, conn uint32
	}{
		{"default", nil, httpx.DefaultServerReadFrameSize, httpx.DefaultServerReceiveBufferPerStream, httpx.DefaultServerReceiveBufferPerConnection},
		{"set", &http.HTTP2Config{MaxReadFrameSize: 32 << 10, MaxReceiveBufferPerStream: 128 << 10, MaxReceiveBufferPerConnection: 512 << 10}, 32 << 10, 128 << 10, 512 << 10},
	} {
		t.Run(tt.name, func(t *testing.T) {
			noLeak(t)
			s := serveOn(t, listen(t), &httpx.ServerConfig{HTTP2: tt.cfg, Handler: http.NotFoundHandler()})
			f := handFramed(t, s.addr)
			conn := uint32(1<<16 - 1) // RFC 9113, section 6.9.2
			for conn == 1<<16-1 {
				frame, err := f.ReadFrame()
				require.NoError(t, err)
				switch frame := frame.(type) {
				case *http2.SettingsFrame:
					if frame.IsAck() {
						continue
					}
					size, _ := frame.Value(http2.SettingMaxFrameSize)
					assert.Equal(t, tt.frame, size)
					window, _ := frame.Value(http2.SettingInitialWindowSize)
					assert.Equal(t, tt.stream, window)
				case *http2.WindowUpdateFrame:
					conn += frame.Increment
				}
			}
			assert.Equal(t, tt.conn, conn)
		})
	}
}

// An upload that nobody reads does not stop the others of its conn.
func TestServerUnreadUpload(t *testing.T) {
	noLeak(t)
	release := make(chan struct{})
	s := serveOn(t, listen(t), &httpx.ServerConfig{Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/hold" {
			<-release
			return
		}
		n, err := io.Copy(io.Discard, r.Body)
		assert.NoError(t, err)
		assert.Equal(t, int64(3<<20), n)
	})})
	tr := client(t, onlyH2C, nil)
	post := func(ctx context.Context, path string, body io.Reader) error {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+s.addr+path, body)
		if err != nil {
			return err
		}
		res, err := tr.RoundTrip(req)
		if err == nil {
			err = res.Body.Close()
		}
		return err
	}
	var sent atomic.Int64
	held := make(chan error, 1)
	go func() {
		held <- post(t.Context(), "/hold", &counted{Reader: io.LimitReader(zeroes{}, 8<<20), n: &sent})
	}()
	eventually(t, "the window is used up", func() bool { return sent.Load() >= httpx.DefaultServerReceiveBufferPerStream })
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	assert.NoError(t, post(ctx, "/", io.LimitReader(zeroes{}, 3<<20)))
	assert.Equal(t, int64(2), s.Stats().HTTP2.Total)
	close(release)
	assert.NoError(t, <-held)
}

// counted counts what is read of it.
type counted struct {
	io.Reader
	n *atomic.Int64
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n.Add(int64(n))
	return n, err
}

// A request of HTTP/2 that says it has no body, and does not end, is watched
// like one with a body.
func TestServerEndlessEmptyBody(t *testing.T) {
	noLeak(t)
	failed := make(chan error, 1)
	s := serveOn(t, listen(t), &httpx.ServerConfig{StallTimeout: stall, Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, err := r.Body.Read(make([]byte, 1))
		failed <- err
	})})
	f := handFramed(t, s.addr)
	var block strings.Builder
	e := hpack.NewEncoder(&block)
	for _, h := range [][2]string{{":method", "POST"}, {":scheme", "http"}, {":path", "/"}, {":authority", "x"}, {"content-length", "0"}} {
		require.NoError(t, e.WriteField(hpack.HeaderField{Name: h[0], Value: h[1]}))
	}
	require.NoError(t, f.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: []byte(block.String()), EndHeaders: true}))
	require.ErrorIs(t, <-failed, os.ErrDeadlineExceeded)
	assert.Equal(t, int64(1), s.Stats().Stalled)
}

// A request that ended with its header is the one of net/http: no copy.
func TestServerBodyless(t *testing.T) {
	for name, p := range map[string]*http.Protocols{"h1": onlyHTTP1, "h2c": onlyH2C} {
		t.Run(name, func(t *testing.T) {
			noLeak(t)
			bodies := make(chan io.ReadCloser, 1)
			s := serveOn(t, listen(t), &httpx.ServerConfig{Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				n, err := r.Body.Read(make([]byte, 1))
				assert.Zero(t, n)
				assert.ErrorIs(t, err, io.EOF)
				bodies <- r.Body
			})})
			_, _, err := get(t, client(t, p, nil), "http://"+s.addr)
			require.NoError(t, err)
			assert.False(t, httpx.IsServerBody(<-bodies))
		})
	}
}

// Files of HTTP/1 reach the conn in pieces for its ReadFrom, where the kernel copies.
func TestServerSendfile(t *testing.T) {
	noLeak(t)
	const size = 3<<20 + 7
	file := filepath.Join(t.TempDir(), "f")
	require.NoError(t, os.WriteFile(file, make([]byte, size), 0o600))
	l := &countingListener{Listener: listen(t)}
	s := serveOn(t, l, &httpx.ServerConfig{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		assert.Implements(t, (*io.ReaderFrom)(nil), w)
		http.ServeFile(w, r, file)
	})})
	_, body, err := get(t, client(t, onlyHTTP1, nil), "http://"+s.addr)
	require.NoError(t, err)
	assert.Len(t, body, size)
	assert.GreaterOrEqual(t, l.copied.Load(), int64(size-512), "net/http writes the first 512 bytes, where it looks for the type")
}

// countingListener counts what its conns got by ReadFrom from files.
type countingListener struct {
	net.Listener
	copied atomic.Int64
}

func (l *countingListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &countingConn{c.(*net.TCPConn), l}, nil
}

type countingConn struct {
	*net.TCPConn
	l *countingListener
}

func (c *countingConn) ReadFrom(r io.Reader) (int64, error) {
	n, err := c.TCPConn.ReadFrom(r)
	limited, ok := r.(*io.LimitedReader)
	for ok {
		r = limited.R
		limited, ok = r.(*io.LimitedReader)
	}
	if _, ok := r.(*os.File); ok {
		c.l.copied.Add(n)
	}
	return n, err
}
