package httpx_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"github.com/strata-net/strata/httpx"
)

// A script answers the conns of one address as a test likes.
type script struct {
	l     net.Listener
	group sync.WaitGroup
	mu    sync.Mutex
	conns []net.Conn
}

// runScript serves each conn with each on the next address of the fleet.
func runScript(t *testing.T, f *poolFleet, each func(n int, c net.Conn)) netip.Addr {
	t.Helper()
	return runScriptFor(t, f, f.add(t), each)
}

// runScriptFor does so in the place of a server.
func runScriptFor(t *testing.T, f *poolFleet, server *poolServer, each func(n int, c net.Conn)) netip.Addr {
	t.Helper()
	server.stop()
	l := f.listen(t, server.addr.Addr())[0]
	s := &script{l: l}
	s.group.Go(func() {
		for n := 0; ; n++ {
			c, err := l.Accept()
			if err != nil {
				return
			}
			s.mu.Lock()
			s.conns = append(s.conns, c)
			s.mu.Unlock()
			s.group.Go(func() { defer c.Close(); each(n, c) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		s.mu.Lock()
		for _, c := range s.conns {
			c.Close()
		}
		s.mu.Unlock()
		s.group.Wait()
	})
	return server.addr.Addr()
}

const okay = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

// hangUpAfter answers n requests on a conn and closes it when it has read one more.
func hangUpAfter(n int, seen *atomic.Int64) func(int, net.Conn) {
	return func(_ int, c net.Conn) {
		r := bufio.NewReader(c)
		for i := 0; ; i++ {
			req, err := http.ReadRequest(r)
			if err != nil {
				return
			}
			io.Copy(io.Discard, req.Body)
			seen.Add(1)
			if i == n {
				return
			}
			io.WriteString(c, okay)
		}
	}
}

// As in net/http: an idempotent request on a conn that had worked is sent
// again, anything else may have been carried out.
func TestPoolConnEndsUnderRequest(t *testing.T) {
	for _, c := range []struct {
		name, method string
		header       string
		worked       int
		again        bool
	}{
		{"GET on a conn that had worked", http.MethodGet, "", 1, true},
		{"PUT with a key", http.MethodPut, "Idempotency-Key", 1, true},
		{"POST", http.MethodPost, "", 1, false},
		{"GET on a new conn", http.MethodGet, "", 0, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			noLeak(t)
			f := newFleet(t, poolH1, 2, nil, nil)
			var seen atomic.Int64
			bad, good := runScriptFor(t, f, f.servers[0], hangUpAfter(c.worked, &seen)), f.servers[1]
			p := f.pool(t, httpx.PoolConfig{Lookup: fixedLookup(bad, good.addr.Addr()), FallbackDelay: 10 * time.Second})
			var failures, successes int
			for range 12 {
				before := seen.Load()
				req := request(t, c.method, f.url("/"), nil)
				if c.header != "" {
					req.Header.Set(c.header, "1")
				}
				res, err := p.RoundTrip(req)
				if err != nil {
					failures++
					assert.ErrorIs(t, err, io.EOF)
					assert.Equal(t, before+1, seen.Load(), "sent once")
					continue
				}
				finish(t, res)
				successes++
			}
			assert.Positive(t, successes)
			assert.Equal(t, !c.again, failures > 0, "%d failed", failures)
		})
	}
}

// A lameConn takes no more writes once it is told so, and its reads go on.
type lameConn struct {
	net.Conn
	lame *atomic.Bool
}

func (c lameConn) Write(p []byte) (int, error) {
	if c.lame.Load() {
		return 0, syscall.ECONNRESET
	}
	return c.Conn.Write(p)
}

// What was not written goes to another conn, whatever the method, if the body allows it.
func TestPoolNothingWritten(t *testing.T) {
	for _, c := range []struct {
		name string
		body io.Reader
		good bool
	}{
		{"without a body", nil, true},
		{"with GetBody", strings.NewReader("body"), true},
		{"with a body that cannot be read again", io.MultiReader(strings.NewReader("body")), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			noLeak(t)
			f := newFleet(t, poolH1, 1, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.Copy(w, r.Body) }), nil)
			var lame []*atomic.Bool
			transport := f.transport()
			transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
				conn, err := new(net.Dialer).DialContext(ctx, network, address)
				lame = append(lame, new(atomic.Bool))
				return lameConn{conn, lame[len(lame)-1]}, err
			}
			p := f.pool(t, httpx.PoolConfig{Transport: transport})
			_, _, err := get(t, p, f.url("/"))
			require.NoError(t, err)
			lame[0].Store(true)
			closed := track("")
			req := request(t, http.MethodPost, f.url("/"), c.body)
			if c.body != nil {
				closed.Reader = req.Body
				req.Body = closed
			}
			res, err := p.RoundTrip(req)
			if c.body != nil {
				assert.Equal(t, int64(1), closed.closed.Load())
			}
			if !c.good {
				// net/http closes the conn, and its reader may be the first to say so.
				assert.True(t, errors.Is(err, syscall.ECONNRESET) || errors.Is(err, net.ErrClosed), "%v", err)
				assert.Equal(t, httpx.PoolUnknown, httpx.VerdictOf(err), "types of net/http stay inside")
				return
			}
			require.NoError(t, err)
			want := ""
			if c.body != nil {
				want = "body"
			}
			assert.Equal(t, want, finish(t, res))
			assert.Len(t, lame, 2)
		})
	}
}

func TestPoolBodyCannotBeHadAgain(t *testing.T) {
	noLeak(t)
	f := newFleet(t, poolH1, 1, nil, nil)
	var lame atomic.Bool
	transport := f.transport()
	transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, network, address)
		return lameConn{conn, &lame}, err
	}
	p := f.pool(t, httpx.PoolConfig{Transport: transport})
	_, _, err := get(t, p, f.url("/"))
	require.NoError(t, err)
	lame.Store(true)
	req := request(t, http.MethodPost, f.url("/"), strings.NewReader("body"))
	req.GetBody = func() (io.ReadCloser, error) { return nil, io.ErrNoProgress }
	_, err = p.RoundTrip(req)
	assert.ErrorIs(t, err, io.ErrNoProgress)
	assert.Equal(t, "round trip", failure(t, err).Op)
}

// h2Script serves HTTP/2 without TLS: for each request it calls f with the stream.
func h2Script(each func(n int, stream uint32, fr *http2.Framer) bool) func(int, net.Conn) {
	return func(n int, c net.Conn) {
		preface := make([]byte, len(http2.ClientPreface))
		if _, err := io.ReadFull(c, preface); err != nil {
			return
		}
		fr := http2.NewFramer(c, c)
		fr.WriteSettings()
		for {
			frame, err := fr.ReadFrame()
			if err != nil {
				return
			}
			switch frame := frame.(type) {
			case *http2.SettingsFrame:
				if !frame.IsAck() {
					fr.WriteSettingsAck()
				}
			case *http2.PingFrame:
				fr.WritePing(true, frame.Data)
			case *http2.HeadersFrame:
				if !each(n, frame.StreamID, fr) {
					hangUp(c)
					return
				}
			}
		}
	}
}

func answerH2(fr *http2.Framer, stream uint32) {
	var b bytes.Buffer
	hpack.NewEncoder(&b).WriteField(hpack.HeaderField{Name: ":status", Value: "200"})
	fr.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: b.Bytes(), EndHeaders: true, EndStream: true})
}

// What the server says that it did not do is sent again, whatever the method, on
// the same conn if that takes more.
func TestPoolServerRefuses(t *testing.T) {
	for name, tt := range map[string]struct {
		refuse func(stream uint32, fr *http2.Framer) bool
		conns  int64
	}{
		"REFUSED_STREAM": {func(stream uint32, fr *http2.Framer) bool {
			fr.WriteRSTStream(stream, http2.ErrCodeRefusedStream)
			return true
		}, 1},
		"PROTOCOL_ERROR": {func(stream uint32, fr *http2.Framer) bool {
			fr.WriteRSTStream(stream, http2.ErrCodeProtocol)
			return true
		}, 2},
		"GOAWAY": {func(stream uint32, fr *http2.Framer) bool {
			fr.WriteGoAway(stream-1, http2.ErrCodeNo, nil)
			return false
		}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			noLeak(t)
			f := newFleet(t, poolH2C, 0, nil, nil)
			var seen, conns atomic.Int64
			ip := runScript(t, f, h2Script(func(n int, stream uint32, fr *http2.Framer) bool {
				conns.Store(int64(n) + 1)
				if seen.Add(1) == 2 {
					return tt.refuse(stream, fr)
				}
				answerH2(fr, stream)
				return true
			}))
			p := f.pool(t, httpx.PoolConfig{Lookup: fixedLookup(ip)})
			for range 3 {
				res, err := p.RoundTrip(request(t, http.MethodPost, f.url("/"), strings.NewReader("body")))
				require.NoError(t, err)
				finish(t, res)
			}
			assert.Equal(t, int64(4), seen.Load())
			assert.Equal(t, tt.conns, conns.Load())
		})
	}
}

// A request too many breaks the protocol if the limit was known, and net/http
// gives its conn no new ones. Those that have it go on; it no longer counts.
func TestPoolStreamTooMany(t *testing.T) {
	noLeak(t)
	f := newFleet(t, poolH2C, 0, nil, nil)
	first, goOn := make(chan struct{}), make(chan struct{})
	answer := sync.OnceFunc(func() { close(goOn) })
	defer answer()
	ip := runScript(t, f, h2Script(func(n int, stream uint32, fr *http2.Framer) bool {
		switch {
		case n > 0:
			answerH2(fr, stream)
		case stream == 1:
			close(first)
		default:
			fr.WriteRSTStream(stream, http2.ErrCodeProtocol)
			<-goOn
			answerH2(fr, 1)
		}
		return true
	}))
	p := f.pool(t, httpx.PoolConfig{Lookup: fixedLookup(ip), MaxConnsPerAddress: 1})
	answered := make(chan string, 1)
	go func() { answered <- ask(t, p, f.url("/")) }()
	<-first
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for range 3 {
		res, err := p.RoundTrip(request(t, http.MethodGet, f.url("/"), nil).WithContext(ctx))
		require.NoError(t, err)
		finish(t, res)
	}
	answer()
	assert.Equal(t, "200 ", <-answered)
	assert.Equal(t, 1, address(t, p, 0).Conns)
}

// A server that refuses all is not asked for ever.
func TestPoolMaxAttempts(t *testing.T) {
	noLeak(t)
	f := newFleet(t, poolH2C, 0, nil, nil)
	var seen atomic.Int64
	ip := runScript(t, f, h2Script(func(_ int, stream uint32, fr *http2.Framer) bool {
		seen.Add(1)
		fr.WriteRSTStream(stream, http2.ErrCodeRefusedStream)
		return true
	}))
	p := f.pool(t, httpx.PoolConfig{Lookup: fixedLookup(ip), MaxAttempts: 5})
	_, _, err := get(t, p, f.url("/"))
	require.ErrorContains(t, err, "REFUSED_STREAM")
	assert.Equal(t, int64(5), seen.Load())
}

// The words of net/http that verdicts rest on, from net/http itself.
func TestPoolVerdicts(t *testing.T) {
	noLeak(t)
	f := newFleet(t, poolH2C, 0, nil, nil)
	ip := runScript(t, f, h2Script(func(_ int, stream uint32, fr *http2.Framer) bool {
		fr.WriteGoAway(stream, http2.ErrCodeNo, nil)
		answerH2(fr, stream)
		return true
	}))
	transport := f.transport()
	address := netip.AddrPortFrom(ip, f.port).String()
	once := func(before, after func(*http.ClientConn)) error {
		cc, err := transport.NewClientConn(t.Context(), "http", address)
		require.NoError(t, err)
		defer cc.Close()
		before(cc)
		res, err := cc.RoundTrip(request(t, http.MethodGet, "http://"+address+"/", nil))
		if err == nil {
			finish(t, res)
			after(cc)
			_, err = cc.RoundTrip(request(t, http.MethodGet, "http://"+address+"/", nil))
		}
		return err
	}
	nothing := func(*http.ClientConn) {}
	err := once(nothing, nothing)
	assert.Equal(t, httpx.PoolUnsent, httpx.VerdictOf(err), "after GOAWAY: %v", err)
	err = once(func(cc *http.ClientConn) { cc.Close() }, nothing)
	assert.Equal(t, httpx.PoolUnsent, httpx.VerdictOf(err), "closed before the first: %v", err)

	// HTTP/1: the conn ends while it is idle.
	f = newFleet(t, poolH1, 0, nil, nil)
	ip = runScript(t, f, func(_ int, c net.Conn) {
		http.ReadRequest(bufio.NewReader(c))
		io.WriteString(c, okay)
	})
	transport, address = f.transport(), netip.AddrPortFrom(ip, f.port).String()
	err = once(nothing, func(cc *http.ClientConn) {
		cc.Reserve() // may have seen it already
		eventually(t, "the end of the conn is seen", func() bool { return cc.Err() != nil })
	})
	assert.Equal(t, httpx.PoolUnsent, httpx.VerdictOf(err), "closed while idle: %v", err)

	assert.Equal(t, httpx.PoolUnknown, httpx.VerdictOf(io.EOF))
}

func TestPoolPauses(t *testing.T) {
	pauses := httpx.PoolPauses(&httpx.PoolConfig{MinBackoff: time.Second, MaxBackoff: 10 * time.Second}, 100)
	for i, want := range []float64{1, 2, 4, 8, 10, 10, 10} {
		assert.LessOrEqual(t, pauses[i].Seconds(), want)
		assert.GreaterOrEqual(t, pauses[i].Seconds(), want/2)
	}
	for _, p := range pauses[4:] {
		assert.LessOrEqual(t, p, 10*time.Second)
		assert.GreaterOrEqual(t, p, 5*time.Second)
	}
	assert.NotEqual(t, pauses[10], pauses[11], "by chance")

	// Shifted 31 times this is too much for a duration, whose rest would be 10.7 s.
	const odd = 1<<33 + 5
	for _, p := range httpx.PoolPauses(&httpx.PoolConfig{MinBackoff: odd, MaxBackoff: 100 * time.Second}, 100)[4:] {
		assert.GreaterOrEqual(t, p, 50*time.Second)
	}
}
