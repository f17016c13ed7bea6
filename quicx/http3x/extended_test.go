package http3x_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/nettest"

	"github.com/strata-net/strata/quicx/http3x"
)

// chat serves WebSockets: it sends back messages, unmasked as a server has to.
func chat(t *testing.T) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if http3x.ExtendedProtocol(r) != http3x.WebSocket || r.Header.Get("Sec-WebSocket-Version") != "13" {
			http.Error(w, "WebSockets only", http.StatusBadRequest)
			return
		}
		w.Header().Set("Sec-WebSocket-Protocol", r.Header.Get("Sec-WebSocket-Protocol"))
		c, err := http3x.AcceptExtended(w, r)
		if !assert.NoError(t, err) {
			return
		}
		defer c.Close()
		for {
			opcode, masked, payload, err := readFrame(c)
			if err != nil {
				assert.ErrorIs(t, err, io.EOF)
				return
			}
			assert.True(t, masked)
			c.Write(frame(opcode, false, payload))
		}
	})
}

func TestExtendedWebSocket(t *testing.T) {
	noLeak(t)
	url := serveExtended(t, chat(t))
	d := newExtendedDialer(t, 0)
	r := extendedRequest(t.Context(), t, "websocket", strings.Replace(url, "https", "wss", 1)+"/chat?a=b")
	r.Header.Set("Sec-WebSocket-Protocol", "talk")
	c, res, err := d.Dial(r)
	require.NoError(t, err)
	assert.Equal(t, 200, res.StatusCode)
	assert.Equal(t, "talk", res.Header.Get("Sec-WebSocket-Protocol"))
	for _, size := range []int{0, 5, 125, 126, 65535, 65536, 300_000} {
		message := []byte(strings.Repeat("x", size))
		sent := make(chan error, 1)
		go func() {
			_, err := c.Write(frame(1, true, message))
			sent <- err
		}()
		opcode, masked, got, err := readFrame(c)
		require.NoError(t, err)
		require.NoError(t, <-sent)
		assert.Equal(t, byte(1), opcode)
		assert.False(t, masked)
		assert.Equal(t, message, got)
	}
	_, err = c.Write(frame(8, true, []byte{0x03, 0xe8}))
	require.NoError(t, err)
	require.NoError(t, c.CloseWrite())
	opcode, _, payload, err := readFrame(c)
	require.NoError(t, err)
	assert.Equal(t, byte(8), opcode)
	assert.Equal(t, []byte{0x03, 0xe8}, payload)
	_, err = c.Read(make([]byte, 1))
	assert.ErrorIs(t, err, io.EOF)
	_, err = c.Write([]byte("x"))
	assert.ErrorIs(t, err, net.ErrClosed)
	assert.NoError(t, c.Close())
	assert.NoError(t, c.Close())
}

// acceptor hands conns to the test.
type acceptor struct{ conns chan *http3x.ExtendedConn }

func (a *acceptor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c, err := http3x.AcceptExtended(w, r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	a.conns <- c
}

func newAcceptor(t *testing.T) (a *acceptor, url string) {
	t.Helper()
	a = &acceptor{conns: make(chan *http3x.ExtendedConn, 16)}
	return a, serveExtended(t, a)
}

func pair(t *testing.T, d *http3x.ExtendedDialer, a *acceptor, url string) (client, server *http3x.ExtendedConn) {
	t.Helper()
	client, _, err := d.Dial(extendedRequest(t.Context(), t, "test", url))
	require.NoError(t, err)
	return client, <-a.conns
}

func TestExtendedConn(t *testing.T) {
	noLeak(t)
	a, url := newAcceptor(t)
	d := newExtendedDialer(t, 0)
	for _, swap := range []bool{false, true} {
		nettest.TestConn(t, func() (net.Conn, net.Conn, func(), error) {
			client, server := pair(t, d, a, url)
			stop := func() {
				client.Close()
				server.Close()
			}
			if swap {
				return server, client, stop, nil
			}
			return client, server, stop, nil
		})
	}
}

func TestExtendedConnDetails(t *testing.T) {
	noLeak(t)
	a, url := newAcceptor(t)
	client, server := pair(t, newExtendedDialer(t, 0), a, url)
	assert.Equal(t, client.LocalAddr().(*net.UDPAddr).Port, server.RemoteAddr().(*net.UDPAddr).Port)
	assert.Equal(t, client.RemoteAddr().String(), server.LocalAddr().String())
	assert.Equal(t, client.StreamID(), server.StreamID())
	assert.Equal(t, "test", client.Request().Proto)
	assert.Equal(t, "test", server.Request().Proto)
	assert.NoError(t, client.Context().Err())

	// Datagrams go along with the stream.
	for _, c := range []*http3x.ExtendedConn{client, server} {
		s, err := c.Settings(t.Context())
		require.NoError(t, err)
		assert.True(t, s.EnableDatagrams)
	}
	require.NoError(t, client.SendDatagram([]byte("ping")))
	b, err := server.ReceiveDatagram(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "ping", string(b))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = client.ReceiveDatagram(ctx)
	assert.ErrorIs(t, err, context.Canceled)

	// A peer that does not read any more is known by the code.
	require.NoError(t, server.CloseRead())
	eventually(t, "write fails", func() bool { _, err = client.Write([]byte("x")); return err != nil })
	remote, ok := errors.AsType[*http3.Error](err)
	require.True(t, ok, "%v", err)
	assert.Equal(t, http3.ErrCodeNoError, remote.ErrorCode)
	assert.ErrorContains(t, err, "write http3 ")
	assert.NoError(t, client.CloseWrite())

	// Nothing works after Close.
	require.NoError(t, server.Close())
	assert.ErrorIs(t, server.CloseWrite(), net.ErrClosed)
	assert.ErrorIs(t, server.SetDeadline(time.Now()), net.ErrClosed)
	assert.ErrorIs(t, server.SendDatagram(nil), net.ErrClosed)
	_, err = server.ReceiveDatagram(t.Context())
	assert.ErrorIs(t, err, net.ErrClosed)
	_, err = server.Read(make([]byte, 1))
	assert.ErrorIs(t, err, net.ErrClosed)
	_, err = client.Read(make([]byte, 1))
	assert.ErrorIs(t, err, io.EOF)
	require.NoError(t, client.Close())
	assert.Error(t, client.Context().Err())
}

// A write that waits for the peer is cut by a deadline, goes on with the next
// one, and is reset by Close: the peer takes no part for the whole.
func TestExtendedConnCut(t *testing.T) {
	noLeak(t)
	a, url := newAcceptor(t)
	client, server := pair(t, newExtendedDialer(t, 0), a, url)
	big := make([]byte, 8<<20)
	for i := range big {
		big[i] = byte(i * 31 >> 8)
	}
	require.NoError(t, client.SetWriteDeadline(time.Now().Add(100*time.Millisecond)))
	n, err := client.Write(big)
	assert.ErrorIs(t, err, os.ErrDeadlineExceeded)
	var timeout net.Error
	require.ErrorAs(t, err, &timeout)
	assert.True(t, timeout.Timeout())
	require.Less(t, n, len(big))
	require.NoError(t, client.SetWriteDeadline(time.Time{}))
	same := make(chan bool, 1)
	go func() {
		got := make([]byte, len(big))
		_, err := io.ReadFull(server, got)
		same <- err == nil && bytes.Equal(big, got)
	}()
	_, err = client.Write(big[n:])
	require.NoError(t, err)
	assert.True(t, <-same)

	failed := make(chan error, 1)
	go func() {
		_, err := client.Write(big)
		failed <- err
	}()
	_, err = io.ReadFull(server, make([]byte, 1000))
	require.NoError(t, err)
	require.NoError(t, client.Close())
	assert.ErrorIs(t, <-failed, net.ErrClosed)
	_, err = io.Copy(io.Discard, server)
	remote, ok := errors.AsType[*http3.Error](err)
	require.True(t, ok, "%v", err)
	assert.Equal(t, http3.ErrCodeRequestCanceled, remote.ErrorCode)
}

// A write that was cut and goes on with a part of the rest only is no whole either, and
// an end within a frame would be an error of the peer's conn.
func TestExtendedConnCutTwice(t *testing.T) {
	noLeak(t)
	a, url := newAcceptor(t)
	client, server := pair(t, newExtendedDialer(t, 0), a, url)
	big := make([]byte, 8<<20)
	require.NoError(t, client.SetWriteDeadline(time.Now().Add(100*time.Millisecond)))
	n, err := client.Write(big)
	require.ErrorIs(t, err, os.ErrDeadlineExceeded)
	require.Less(t, n, len(big)-2)
	require.NoError(t, client.SetWriteDeadline(time.Time{}))
	read := make(chan error, 1)
	go func() {
		_, err := io.Copy(io.Discard, server)
		read <- err
	}()
	for range 2 {
		_, err = client.Write(big[:1])
		require.NoError(t, err)
	}
	require.NoError(t, client.Close())
	remote, ok := errors.AsType[*http3.Error](<-read)
	require.True(t, ok)
	assert.Equal(t, http3.ErrCodeRequestCanceled, remote.ErrorCode)
	require.NoError(t, server.Close())
}

// As many informational responses are passed over as in quic-go, and no more.
func TestExtendedInformation(t *testing.T) {
	noLeak(t)
	const most = 5
	url := serveExtended(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n, err := strconv.Atoi(r.URL.Query().Get("n"))
		assert.NoError(t, err)
		for range n {
			w.WriteHeader(http.StatusEarlyHints)
		}
		if c, err := http3x.AcceptExtended(w, r); assert.NoError(t, err) {
			c.Close()
		}
	}))
	d := newExtendedDialer(t, 0)
	c, _, err := d.Dial(extendedRequest(t.Context(), t, "test", url+"/?n="+strconv.Itoa(most)))
	require.NoError(t, err)
	require.NoError(t, c.Close())
	_, _, err = d.Dial(extendedRequest(t.Context(), t, "test", url+"/?n="+strconv.Itoa(most+1)))
	assert.ErrorContains(t, err, "too many informational responses")
}

func TestExtendedRefused(t *testing.T) {
	noLeak(t)
	url := serveExtended(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for range 7 * len(r.URL.Query()["hints"]) {
			w.WriteHeader(http.StatusEarlyHints)
		}
		if r.URL.Path == "/hang" {
			w.WriteHeader(http.StatusForbidden)
			http.NewResponseController(w).Flush()
			<-r.Context().Done()
			return
		}
		w.WriteHeader(http.StatusTeapot)
		fmt.Fprint(w, strings.Repeat("no ", 10_000))
	}))
	d := newExtendedDialer(t, 0)
	c, res, err := d.Dial(extendedRequest(t.Context(), t, "websocket", url))
	require.Nil(t, c)
	require.ErrorContains(t, err, "http3x: extended connect websocket 127.0.0.1:")
	require.ErrorContains(t, err, "the response is 418 I'm a teapot")
	require.Equal(t, 418, res.StatusCode)
	text, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	assert.Len(t, text, 4096)

	_, _, err = d.Dial(extendedRequest(t.Context(), t, "websocket", url+"/?hints"))
	assert.ErrorContains(t, err, "too many informational responses")

	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	_, _, err = d.Dial(extendedRequest(ctx, t, "websocket", url+"/hang"))
	assert.ErrorIs(t, err, context.DeadlineExceeded)
}

// A server without the setting is an error that says so, and so is one that
// never tells its settings.
func TestExtendedUnsupported(t *testing.T) {
	noLeak(t)
	for name, tt := range map[string]struct {
		control []byte // the stream type, and SETTINGS without a value
		want    error
	}{
		"not offered": {[]byte{0, 4, 0}, errors.ErrUnsupported},
		"not told":    {nil, context.DeadlineExceeded},
	} {
		t.Run(name, func(t *testing.T) {
			url := serveControl(t, tt.control)
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			if tt.control == nil {
				ctx, cancel = context.WithTimeout(t.Context(), 300*time.Millisecond)
			}
			defer cancel()
			_, _, err := newExtendedDialer(t, 0).Dial(extendedRequest(ctx, t, "websocket", url))
			assert.ErrorIs(t, err, tt.want)
			if tt.want == errors.ErrUnsupported {
				assert.ErrorContains(t, err, "SETTINGS_ENABLE_CONNECT_PROTOCOL")
			}
		})
	}
}

// dials keeps what a transport has dialled.
type dials struct {
	mu    sync.Mutex
	conns []*quicConn
}

func watchDials(tr *http3.Transport) *dials {
	var d dials
	dial := tr.Dial
	tr.Dial = func(ctx context.Context, addr string, c *tlsConfig, q *quicConfig) (*quicConn, error) {
		conn, err := dial(ctx, addr, c, q)
		d.mu.Lock()
		defer d.mu.Unlock()
		d.conns = append(d.conns, conn)
		return conn, err
	}
	return &d
}

func (d *dials) all() []*quicConn {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.conns
}

// The conn of a dialer is shared, replaced when it is gone, and closed when it is idle.
func TestExtendedDialerConns(t *testing.T) {
	noLeak(t)
	a, url := newAcceptor(t)
	tr := newTransport(t)
	dialled := watchDials(tr)
	d, err := http3x.NewExtendedDialer(tr, 200*time.Millisecond)
	require.NoError(t, err)
	defer d.Close()
	one, _ := pair(t, d, a, url)
	two, there := pair(t, d, a, url)
	require.Len(t, dialled.all(), 1)
	require.NoError(t, one.Close())
	time.Sleep(300 * time.Millisecond) // longer than the idle time: the other stream holds the conn
	_, err = two.Write([]byte("x"))
	require.NoError(t, err)
	_, err = io.ReadFull(there, make([]byte, 1))
	require.NoError(t, err)
	require.NoError(t, two.Close())
	select {
	case <-dialled.all()[0].Context().Done():
	case <-time.After(time.Minute):
		require.Fail(t, "an idle conn is open")
	}

	three, _ := pair(t, d, a, url)
	require.Len(t, dialled.all(), 2)
	require.NoError(t, dialled.all()[1].CloseWithError(0, ""))
	_, err = three.Read(make([]byte, 1))
	assert.Error(t, err)
	four, _ := pair(t, d, a, url)
	require.Len(t, dialled.all(), 3)
	require.NoError(t, d.Close())
	_, err = four.Read(make([]byte, 1))
	assert.Error(t, err)
	_, _, err = d.Dial(extendedRequest(t.Context(), t, "test", url))
	assert.ErrorIs(t, err, net.ErrClosed)
	require.NoError(t, three.Close())
	require.NoError(t, four.Close())
}

// A GOAWAY sends new streams to a new conn, while the old ones go on.
func TestExtendedDialerGoAway(t *testing.T) {
	noLeak(t)
	a, url := newAcceptor(t)
	_, other := newAcceptor(t)
	tr := newTransport(t)
	dial, to := tr.Dial, strings.TrimPrefix(url, "https://")
	tr.Dial = func(ctx context.Context, _ string, c *tlsConfig, q *quicConfig) (*quicConn, error) {
		return dial(ctx, to, c, q)
	}
	dialled := watchDials(tr)
	d, err := http3x.NewExtendedDialer(tr, 0)
	require.NoError(t, err)
	defer d.Close()
	client, server := pair(t, d, a, url)
	to = strings.TrimPrefix(other, "https://") // where the name leads from now on
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	s := server.Request().Context().Value(http3.ServerContextKey).(*http3.Server)
	shut := make(chan error, 1)
	go func() { shut <- s.Shutdown(ctx) }()
	eventually(t, "another dial", func() bool {
		c, _, err := d.Dial(extendedRequest(t.Context(), t, "test", url))
		if err == nil { // not, if the server has told meanwhile
			c.Close()
		}
		return len(dialled.all()) > 1
	})
	_, err = client.Write([]byte("x"))
	require.NoError(t, err)
	_, err = io.ReadFull(server, make([]byte, 1))
	require.NoError(t, err)
	require.NoError(t, client.Close())
	require.NoError(t, server.Close())
	require.NoError(t, <-shut)
	assert.Len(t, dialled.all(), 2)
}

func TestExtendedDialFails(t *testing.T) {
	noLeak(t)
	tr := newTransport(t)
	want := errors.New("no way")
	tr.Dial = func(context.Context, string, *tlsConfig, *quicConfig) (*quicConn, error) { return nil, want }
	d, err := http3x.NewExtendedDialer(tr, 0)
	require.NoError(t, err)
	defer d.Close()
	_, _, err = d.Dial(extendedRequest(t.Context(), t, "test", "https://h.test"))
	assert.ErrorIs(t, err, want)
	assert.ErrorContains(t, err, "h.test")

	// One who gives up leaves the dial to others, and Close ends it.
	began := make(chan string, 1)
	tr.Dial = func(ctx context.Context, addr string, _ *tlsConfig, _ *quicConfig) (*quicConn, error) {
		began <- addr
		<-ctx.Done()
		return nil, ctx.Err()
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	go func() {
		assert.Equal(t, "h.test:443", <-began)
		cancel(want)
	}()
	_, _, err = d.Dial(extendedRequest(ctx, t, "test", "https://h.test"))
	assert.ErrorIs(t, err, want)
}

// A stream over a conn of the caller's, and what its end makes of the next one.
func TestOpenExtended(t *testing.T) {
	noLeak(t)
	a, url := newAcceptor(t)
	tr := newTransport(t)
	conn, err := tr.Dial(t.Context(), strings.TrimPrefix(url, "https://"), http3.ConfigureTLSConfig(tr.TLSClientConfig), &quicConfig{EnableDatagrams: true})
	require.NoError(t, err)
	client := tr.NewClientConn(conn)
	c, res, err := http3x.OpenExtended(client, extendedRequest(t.Context(), t, "test", url))
	require.NoError(t, err)
	assert.Equal(t, 200, res.StatusCode)
	server := <-a.conns
	_, err = c.Write([]byte("x"))
	require.NoError(t, err)
	_, err = io.ReadFull(server, make([]byte, 1))
	require.NoError(t, err)
	n, err := c.Read(nil)
	require.NoError(t, err)
	assert.Zero(t, n)
	n, err = c.Write(nil)
	require.NoError(t, err)
	assert.Zero(t, n)
	require.NoError(t, c.Close())
	require.NoError(t, server.Close())
	require.NoError(t, client.CloseWithError(0, ""))
	_, _, err = http3x.OpenExtended(client, extendedRequest(t.Context(), t, "test", url))
	assert.ErrorContains(t, err, "http3x: extended connect test 127.0.0.1:")
	_, ok := errors.AsType[*quic.ApplicationError](err)
	assert.True(t, ok, "%v", err)
}

func TestExtendedConfig(t *testing.T) {
	for _, target := range []string{"http://h.test", "ws://h.test", "https://", ":", "https://h.test\x00"} {
		_, err := http3x.NewExtendedRequest(t.Context(), "websocket", target)
		assert.ErrorContains(t, err, "http3x: config: target=", target)
	}
	for _, target := range []string{"http://me:secret@h.test", "https://me:secret@h.test:x", "https://me:sec/ret@h.test"} {
		_, err := http3x.NewExtendedRequest(t.Context(), "websocket", target)
		require.ErrorContains(t, err, "http3x: config: target", target)
		assert.NotContains(t, err.Error(), "sec")
	}
	_, err := http3x.NewExtendedRequest(t.Context(), "a/b", "https://h.test")
	assert.ErrorContains(t, err, "http3x: config: protocol=a/b: must be a token")

	_, err = http3x.NewExtendedDialer(nil, 0)
	assert.ErrorContains(t, err, "transport=nil")
	_, err = http3x.NewExtendedDialer(&http3.Transport{}, 0)
	assert.ErrorContains(t, err, "transport.Dial=nil")
	_, err = http3x.NewExtendedDialer(newTransport(t), -1)
	assert.ErrorContains(t, err, "idle=-1ns: must not be negative")
	tr := newTransport(t)
	tr.QUICConfig = &quicConfig{}
	_, err = http3x.NewExtendedDialer(tr, 0)
	assert.ErrorContains(t, err, "transport.QUICConfig.EnableDatagrams=false")

	d := newExtendedDialer(t, 0)
	for _, r := range []*http.Request{
		{Method: http.MethodGet, Proto: "HTTP/1.1"},
		{Method: http.MethodConnect, Proto: "HTTP/3.0", ProtoMajor: 3},
		{Method: http.MethodConnect, Proto: "websocket", ProtoMajor: 3},
	} {
		_, _, err := d.Dial(r)
		assert.ErrorContains(t, err, "is no extended CONNECT")
		_, _, err = http3x.OpenExtended(nil, r)
		assert.ErrorContains(t, err, "is no extended CONNECT")
	}
}

func TestAcceptExtendedUnsupported(t *testing.T) {
	noLeak(t)
	r := extendedRequest(t.Context(), t, "websocket", "https://h.test/")
	_, err := http3x.AcceptExtended(nil, r)
	assert.ErrorIs(t, err, errors.ErrUnsupported)
	_, err = http3x.AcceptExtended(nil, &http.Request{Method: http.MethodGet, Proto: "HTTP/3.0"})
	assert.ErrorContains(t, err, "request=GET HTTP/3.0: is no extended CONNECT")

	// Middleware is looked through; a response that has begun is refused.
	failed := make(chan error, 1)
	url := serveExtended(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, "x")
		_, err := http3x.AcceptExtended(wrapped{w}, r)
		failed <- err
	}))
	_, _, err = newExtendedDialer(t, 0).Dial(extendedRequest(t.Context(), t, "test", url))
	assert.NoError(t, err)
	assert.ErrorContains(t, <-failed, "after writing the response body")
}

type wrapped struct{ http.ResponseWriter }

func (w wrapped) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// NewExtendedTransport makes http3.Transport take what httpx's reverse proxy sends.
func TestExtendedTransport(t *testing.T) {
	noLeak(t)
	a, url := newAcceptor(t)
	tr := newTransport(t)
	in, out := io.Pipe()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodConnect, url, in)
	require.NoError(t, err)
	r.Header[":protocol"] = []string{"websocket"}
	res, err := http3x.NewExtendedTransport(tr).RoundTrip(r)
	require.NoError(t, err)
	defer res.Body.Close()
	assert.Equal(t, []string{"websocket"}, r.Header[":protocol"], "the caller's request")
	c := <-a.conns
	assert.Equal(t, "websocket", http3x.ExtendedProtocol(c.Request()))
	go func() {
		fmt.Fprint(out, "one")
		out.Close()
	}()
	text, err := io.ReadAll(c)
	assert.NoError(t, err)
	assert.Equal(t, "one", string(text))
	_, err = c.Write([]byte("two"))
	require.NoError(t, err)
	require.NoError(t, c.Close())
	text, err = io.ReadAll(res.Body)
	assert.NoError(t, err)
	assert.Equal(t, "two", string(text))

	r, err = http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	require.NoError(t, err)
	res, err = http3x.NewExtendedTransport(tr).RoundTrip(r)
	require.NoError(t, err)
	defer res.Body.Close()
	assert.Equal(t, 400, res.StatusCode)
}

func TestExtendedProtocol(t *testing.T) {
	for _, tt := range []struct {
		r    http.Request
		want string
	}{
		{http.Request{Method: http.MethodConnect, Proto: "websocket", ProtoMajor: 3}, "websocket"},
		{http.Request{Method: http.MethodConnect, Proto: "HTTP/3.0", ProtoMajor: 3}, ""},
		{http.Request{Method: http.MethodGet, Proto: "HTTP/3.0", ProtoMajor: 3}, ""},
		{http.Request{Method: http.MethodConnect, Proto: "HTTP/2.0", ProtoMajor: 2, Header: http.Header{":protocol": {"websocket"}}}, "websocket"},
		{http.Request{Method: http.MethodConnect, Proto: "HTTP/2.0", ProtoMajor: 2}, ""},
		{http.Request{Method: http.MethodConnect, Proto: "HTTP/1.1", ProtoMajor: 1, Header: http.Header{":protocol": {"websocket"}}}, ""},
	} {
		assert.Equal(t, tt.want, http3x.ExtendedProtocol(&tt.r), "%+v", tt.r)
	}
}
