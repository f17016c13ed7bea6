package httpx_test

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	mathrand "math/rand/v2"
	"net"
	"net/http"
	"net/http/httptrace"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/httpx"
)

// A cutConn knows whether the test has cut it, and whether a request had it.
type cutConn struct {
	*net.TCPConn
	of       *cutter
	cut, had atomic.Bool
}

// ends are both addresses of a conn: the kernel gives one local port to
// several conns at a time, as long as their remote addresses differ.
type ends struct{ client, server string }

// A cutter makes the conns of a pool and cuts them at the server's end.
type cutter struct {
	mu    sync.Mutex
	conns map[ends]*cutConn // those that are open
	cuts  int
	ended []string // conns that were given up with no request and no cut
}

func (c *cutter) dial(ctx context.Context, network, address string) (net.Conn, error) {
	raw, err := new(net.Dialer).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	conn := &cutConn{TCPConn: raw.(*net.TCPConn), of: c}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.conns[conn.ends()] = conn
	return conn, nil
}

func (c *cutConn) ends() ends { return ends{c.LocalAddr().String(), c.RemoteAddr().String()} }

// Close forgets the conn before another can have its addresses. After a reset
// that may have happened already.
func (c *cutConn) Close() error {
	key := c.ends()
	c.of.mu.Lock()
	if c.of.conns[key] == c {
		delete(c.of.conns, key)
	}
	if !c.cut.Load() && !c.had.Load() {
		c.of.ended = append(c.of.ended, key.server)
	}
	c.of.mu.Unlock()
	return c.TCPConn.Close()
}

// cut ends a random conn of the server, after it is marked.
func (c *cutter) cut(s *poolServer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for conn := range s.open {
		c.mu.Lock()
		client := c.conns[ends{conn.RemoteAddr().String(), conn.LocalAddr().String()}]
		c.mu.Unlock()
		if client == nil || client.cut.Load() {
			continue // the server was faster than the client, or has not seen its end yet
		}
		client.cut.Store(true)
		if t, ok := conn.(*tls.Conn); ok {
			conn = t.NetConn()
		}
		if mathrand.IntN(2) == 0 {
			conn.(*net.TCPConn).SetLinger(0)
		}
		conn.Close()
		c.cuts++
		return
	}
}

// run cuts for a time, and longer until there were five cuts and enough else;
// the context ends it early.
func (c *cutter) run(ctx context.Context, f *poolFleet, d time.Duration, enough func() bool) {
	for end := time.Now().Add(d); ctx.Err() == nil && (time.Now().Before(end) || c.cuts < 5 || !enough()); {
		c.cut(f.servers[mathrand.IntN(len(f.servers))])
		time.Sleep(time.Duration(5+mathrand.IntN(21)) * time.Millisecond)
	}
}

// cutTime is how long the conns are cut: 10 s for one kind in CI.
func cutTime(kind poolKind, policy httpx.PoolPolicy) time.Duration {
	switch {
	case testing.Short():
		return 300 * time.Millisecond
	case os.Getenv("CI") == "true" && kind.name == "H2" && policy == httpx.PoolRoundRobin:
		return 10 * time.Second
	}
	return 500 * time.Millisecond
}

// No request is lost but those that were in flight on a conn that was cut, or
// that had as many conns cut as they have attempts before one was ready: that
// a dial failed without a cut is seen by the conns that ended.
func TestPoolConnsCut(t *testing.T) {
	for _, kind := range poolKinds {
		for _, policy := range []httpx.PoolPolicy{httpx.PoolRoundRobin, httpx.PoolLeastRequests} {
			t.Run(kind.name+"/"+policy.String(), func(t *testing.T) { testConnsCut(t, kind, policy) })
		}
	}
}

func testConnsCut(t *testing.T, kind poolKind, policy httpx.PoolPolicy) {
	noLeak(t)
	f := newFleet(t, kind, 4, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err == nil {
			w.Write(body)
		}
	}), nil)
	c := &cutter{conns: map[ends]*cutConn{}}
	transport := f.transport()
	transport.DialContext = c.dial
	p := f.pool(t, httpx.PoolConfig{Transport: transport, Policy: policy, RefreshInterval: 50 * time.Millisecond, MinRefresh: 10 * time.Millisecond})
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	var group sync.WaitGroup
	var good, cut, dials, lost atomic.Int64
	group.Go(func() {
		defer cancel()
		c.run(ctx, f, cutTime(kind, policy), func() bool { return good.Load() > 0 })
	})
	for i := range 64 {
		group.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				conn, err := echoOnce(t, p, f.url("/"), []string{http.MethodPost, http.MethodGet}[(i+n)%2])
				switch {
				case err == nil:
					good.Add(1)
				case conn != nil && conn.cut.Load():
					cut.Add(1)
				case conn == nil && dialed(err):
					dials.Add(1)
				case lost.Add(1) <= 5:
					assert.Fail(t, "lost a request", "on %v: %v", conn, err)
				}
			}
		})
	}
	group.Wait()
	t.Logf("%d good, %d in flight on %d cut conns, %d without a conn, %d lost", good.Load(), cut.Load(), c.cuts, dials.Load(), lost.Load())
	c.mu.Lock()
	assert.Empty(t, c.ended, "conns that ended by themselves")
	c.mu.Unlock()
	assert.Zero(t, lost.Load())
	assert.Positive(t, c.cuts)
	assert.Positive(t, good.Load())
	eventually(t, "no request in flight", func() bool {
		s := p.Stats().Hosts[0]
		n := s.Waiting
		for _, a := range s.Addresses {
			n += a.InFlight
		}
		return n == 0
	})
}

// dialed reports whether all that the error says is that dials failed.
func dialed(err error) bool {
	if joined, ok := errors.Unwrap(err).(interface{ Unwrap() []error }); ok {
		return !slices.ContainsFunc(joined.Unwrap(), func(err error) bool { return !dialed(err) })
	}
	var e *httpx.Error
	return errors.As(err, &e) && strings.HasPrefix(e.Op, "dial ")
}

// echoOnce sends a request and reads the response, and returns the conn that it was on last.
func echoOnce(t *testing.T, p http.RoundTripper, url, method string) (conn *cutConn, err error) {
	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{
		GotConn: func(i httptrace.GotConnInfo) {
			conn = i.Conn.(*cutConn)
			conn.had.Store(true)
		},
	})
	var body io.Reader
	text := ""
	if method == http.MethodPost {
		text = hex.EncodeToString(randomBytes(256))
		body = strings.NewReader(text)
	}
	req, err := http.NewRequestWithContext(ctx, method, url, body)
	require.NoError(t, err)
	res, err := p.RoundTrip(req)
	if err != nil {
		return conn, err
	}
	defer res.Body.Close()
	got, err := io.ReadAll(res.Body)
	if err == nil && string(got) != text {
		return nil, fmt.Errorf("sent %q, got %q", text, got)
	}
	return conn, err
}

func randomBytes(n int) []byte {
	b := make([]byte, n)
	rand.Read(b)
	return b
}
