package httpx_test

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/httpx"
)

// newHTTP2 makes one that has to be possible, and closes its conns with the test.
func newHTTP2(t *testing.T, c *httpx.HTTP2Config) http.RoundTripper {
	t.Helper()
	rt, err := httpx.NewHTTP2Transport(c)
	require.NoError(t, err)
	t.Cleanup((&http.Client{Transport: rt}).CloseIdleConnections)
	return rt
}

func TestHTTP2OverTLSAndWithPriorKnowledge(t *testing.T) {
	noLeak(t)
	secure := peerOf(t, protocols("h1", "h2"), serverTLS(t, "127.0.0.1"), nil)
	open := peerOf(t, protocols("h1", "h2c"), nil, nil)
	rt := newHTTP2(t, &httpx.HTTP2Config{TLS: clientTLS(t), AllowHTTP: true})
	_, body, err := get(t, rt, "https://"+secure.addr)
	require.NoError(t, err)
	assert.Equal(t, "HTTP/2.0 tls=true", body)
	_, body, err = get(t, rt, "http://"+open.addr)
	require.NoError(t, err)
	assert.Equal(t, "HTTP/2.0 tls=false", body)

	_, _, err = get(t, newHTTP2(t, nil), "http://"+open.addr)
	assert.Equal(t, "Protocols", failure(t, err).Field)
	assert.Equal(t, 1, open.count())
}

func TestHTTP2RefusesTargetsThatDoNotSpeakIt(t *testing.T) {
	noLeak(t)
	refuses := peerOf(t, protocols("h1"), serverTLS(t, "127.0.0.1"), nil)
	rt := newHTTP2(t, &httpx.HTTP2Config{TLS: clientTLS(t), AllowHTTP: true})
	_, _, err := get(t, rt, "https://"+refuses.addr)
	assert.ErrorContains(t, err, "no application protocol")
	eventually(t, "closed", func() bool { return refuses.open() == 0 })

	// A server that knows nothing of ALPN leaves it to the client to notice.
	ignores := ignorant(t)
	for range 2 {
		_, _, err = get(t, rt, "https://"+ignores.addr)
		assert.ErrorIs(t, err, errors.ErrUnsupported)
		assert.ErrorContains(t, err, "does not choose HTTP/2")
	}
	assert.Zero(t, ignores.requests.Load(), "a request was sent")

	open := peerOf(t, protocols("h1"), nil, nil)
	_, _, err = get(t, rt, "http://"+open.addr)
	assert.Error(t, err)
	eventually(t, "closed", func() bool { return open.open() == 0 })
}

// ignorantServer is a server of HTTP/1.1 over TLS without ALPN.
type ignorantServer struct {
	addr     string
	requests atomic.Int64
}

func ignorant(t *testing.T) *ignorantServer {
	t.Helper()
	s := &ignorantServer{}
	l := tls.NewListener(listen(t), serverTLS(t, "127.0.0.1"))
	s.addr = l.Addr().String()
	var group sync.WaitGroup
	group.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			group.Go(func() {
				defer c.Close()
				if n, _ := c.Read(make([]byte, 1)); n > 0 {
					s.requests.Add(1)
				}
			})
		}
	})
	t.Cleanup(func() {
		l.Close()
		group.Wait()
	})
	return s
}

func TestVerifyConnectionOfTheCallerIsAsked(t *testing.T) {
	noLeak(t)
	server := peerOf(t, protocols("h2"), serverTLS(t, "127.0.0.1"), nil)
	boom := errors.New("boom")
	var verdict error
	config := clientTLS(t)
	config.VerifyConnection = func(tls.ConnectionState) error { return verdict }
	_, _, err := get(t, newHTTP2(t, &httpx.HTTP2Config{TLS: config}), "https://"+server.addr)
	assert.NoError(t, err)
	verdict = boom
	_, _, err = get(t, newHTTP2(t, &httpx.HTTP2Config{TLS: config}), "https://"+server.addr)
	assert.ErrorIs(t, err, boom)
}

// settings are what a client says first, by their numbers, and the window that it adds to the conn's.
func settings(t *testing.T, rt http.RoundTripper) (values map[uint16]uint32, window uint32) {
	t.Helper()
	l := listen(t)
	ctx, cancel := context.WithCancel(t.Context())
	req := mustRequest(t, "http://"+l.Addr().String()).WithContext(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		rt.RoundTrip(req)
	}()
	defer func() { cancel(); <-done }()
	c, err := l.Accept()
	require.NoError(t, err)
	defer c.Close()
	require.NoError(t, c.SetDeadline(time.Now().Add(patience)))
	_, err = io.CopyN(io.Discard, c, int64(len("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")))
	require.NoError(t, err)
	values = map[uint16]uint32{}
	for window == 0 {
		head := make([]byte, 9)
		_, err := io.ReadFull(c, head)
		require.NoError(t, err)
		payload := make([]byte, int(head[0])<<16|int(head[1])<<8|int(head[2]))
		_, err = io.ReadFull(c, payload)
		require.NoError(t, err)
		switch head[3] {
		case 4: // SETTINGS
			for ; len(payload) >= 6; payload = payload[6:] {
				values[binary.BigEndian.Uint16(payload)] = binary.BigEndian.Uint32(payload[2:])
			}
		case 8: // WINDOW_UPDATE
			window = binary.BigEndian.Uint32(payload)
		}
	}
	return values, window
}

func TestSettingsAreOnTheWire(t *testing.T) {
	noLeak(t)
	for name, test := range map[string]struct {
		config *httpx.HTTP2Config
		want   map[uint16]uint32
		window uint32
	}{
		"defaults": {&httpx.HTTP2Config{}, map[uint16]uint32{
			2: 0, // no push
			4: httpx.DefaultMaxReceiveBufferPerStream, 5: httpx.DefaultMaxReadFrameSize,
			6: httpx.DefaultMaxResponseHeaderBytes + 320,
		}, httpx.DefaultMaxReceiveBufferPerConnection},
		"least": {&httpx.HTTP2Config{
			MaxDecoderHeaderTableSize: 1, MaxReadFrameSize: 16 << 10, MaxReceiveBufferPerStream: 1,
			MaxReceiveBufferPerConnection: 64 << 10, MaxHeaderListSize: 1,
		}, map[uint16]uint32{1: 1, 2: 0, 4: 1, 5: 16 << 10, 6: 321}, 64 << 10},
		"most": {&httpx.HTTP2Config{
			MaxDecoderHeaderTableSize: 4<<20 - 1, MaxReadFrameSize: 1<<24 - 1, MaxReceiveBufferPerStream: 1 << 30,
			MaxReceiveBufferPerConnection: 1 << 30, MaxHeaderListSize: 1<<32 - 1,
		}, map[uint16]uint32{1: 4<<20 - 1, 2: 0, 4: 1 << 30, 5: 1<<24 - 1}, 1 << 30}, // the longest list is no limit
	} {
		t.Run(name, func(t *testing.T) {
			test.config.AllowHTTP = true
			values, window := settings(t, newHTTP2(t, test.config))
			assert.Equal(t, test.want, values)
			assert.Equal(t, test.window, window)
		})
	}
}

// swallow is a path that can be cut without anybody noticing: after that
// what is sent goes nowhere, and nothing comes.
type swallow struct {
	net.Conn
	cut  *atomic.Bool
	done chan struct{}
	once sync.Once
}

func (s *swallow) Write(b []byte) (int, error) {
	if s.cut.Load() {
		return len(b), nil
	}
	return s.Conn.Write(b)
}

func (s *swallow) Read(b []byte) (int, error) {
	n, err := s.Conn.Read(b)
	if s.cut.Load() {
		<-s.done
		return 0, net.ErrClosed
	}
	return n, err
}

func (s *swallow) Close() error {
	s.once.Do(func() { close(s.done) })
	return s.Conn.Close()
}

func TestDeadPathIsFoundByPings(t *testing.T) { //nolint:tparallel // noLeak counts what is there: no other test may run beside it
	noLeak(t)
	for _, scheme := range []string{"http", "https"} {
		t.Run(scheme, func(t *testing.T) {
			t.Parallel() // they wait most of the time
			checkDeadPath(t, scheme)
		})
	}
}

func checkDeadPath(t *testing.T, scheme string) {
	var config *tls.Config
	if scheme == "https" {
		config = serverTLS(t, "127.0.0.1")
	}
	server := peerOf(t, protocols("h2", "h2c"), config, nil)
	first, none := new(atomic.Bool), new(atomic.Bool)
	var dials atomic.Int64
	rt := newHTTP2(t, &httpx.HTTP2Config{
		TLS: clientTLS(t), AllowHTTP: true, ReadIdleTimeout: 50 * time.Millisecond, PingTimeout: 5 * time.Second,
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			c, err := new(net.Dialer).DialContext(ctx, network, address)
			if err != nil {
				return nil, err
			}
			cut := none
			if dials.Add(1) == 1 {
				cut = first
			}
			return &swallow{Conn: c, cut: cut, done: make(chan struct{})}, nil
		},
	})
	_, _, err := get(t, rt, scheme+"://"+server.addr)
	require.NoError(t, err)
	first.Store(true)
	// The request that meets the dead conn fails or is repeated; the next one has a conn of its own.
	get(t, rt, scheme+"://"+server.addr)
	_, body, err := get(t, rt, scheme+"://"+server.addr)
	require.NoError(t, err)
	assert.Equal(t, fmt.Sprintf("HTTP/2.0 tls=%t", scheme == "https"), body)
	assert.Equal(t, int64(2), dials.Load())
}

func TestManyRequestsShareOneConn(t *testing.T) {
	noLeak(t)
	server := peerOf(t, protocols("h2"), serverTLS(t, "127.0.0.1"), nil)
	rt := newHTTP2(t, &httpx.HTTP2Config{TLS: clientTLS(t)})
	_, _, err := get(t, rt, "https://"+server.addr)
	require.NoError(t, err)
	var group sync.WaitGroup
	for range 32 {
		group.Go(func() {
			res, err := rt.RoundTrip(mustRequest(t, "https://"+server.addr))
			if assert.NoError(t, err) {
				res.Body.Close()
			}
		})
	}
	group.Wait()
	assert.Equal(t, 1, server.count())
}
