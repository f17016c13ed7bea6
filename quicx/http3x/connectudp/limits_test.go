package connectudp_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"runtime"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/quicx/http3x"
	"github.com/strata-net/strata/quicx/http3x/connectudp"
)

// A payload that UDP has no room for on the way to the target is dropped and counted, and the session goes on
// (RFC 9298, section 5).
func TestTooLargeForTheTarget(t *testing.T) {
	if runtime.GOOS != "linux" && runtime.GOOS != "windows" {
		t.Skip("what fits into a datagram on loopback differs on " + runtime.GOOS)
	}
	noLeak(t)
	p := serve(t, connectudp.HandlerConfig{}, false) // capsules have room for it
	c := dial(t, p.dialer(t, "", false), echo(t, "udp4", "127.0.0.1:0"))
	exchange(t, c, 10)
	n, err := c.Write(make([]byte, 65_520)) // 65,507 bytes are what IPv4 has room for
	require.NoError(t, err)
	assert.Equal(t, 65_520, n)
	exchange(t, c, 20)
	require.NoError(t, c.Close())
	eventually(t, "counted", func() bool { return p.Stats().Dropped == 1 })
	assert.Empty(t, p.errors)
}

// What comes while nobody reads is dropped above 64 datagrams, and counted.
func TestUnread(t *testing.T) {
	noLeak(t)
	p := serve(t, connectudp.HandlerConfig{}, false) // capsules: none gets lost
	c := dial(t, p.dialer(t, "", false), echo(t, "udp4", "127.0.0.1:0"))
	for range 10_000 {
		if c.Dropped() > 0 {
			break
		}
		_, err := c.Write([]byte("x"))
		require.NoError(t, err)
		time.Sleep(time.Millisecond)
	}
	assert.Positive(t, c.Dropped())
	for range 64 { // what was kept
		require.NoError(t, c.SetReadDeadline(time.Now().Add(time.Minute)))
		n, err := c.Read(make([]byte, 10))
		require.NoError(t, err)
		assert.Equal(t, 1, n)
	}
}

// What came before the proxy has ended the session can be read after it.
func TestReadAfterTheEnd(t *testing.T) {
	noLeak(t)
	p := serve(t, connectudp.HandlerConfig{}, false)
	c := dial(t, p.dialer(t, "", false), echo(t, "udp4", "127.0.0.1:0"))
	_, err := c.Write([]byte("late"))
	require.NoError(t, err)
	eventually(t, "it has come", func() bool { return connectudp.Queued(c) == 1 })
	require.NoError(t, p.Close())
	eventually(t, "the end is known", func() bool {
		_, err := c.Write([]byte("x"))
		return errors.Is(err, io.EOF)
	})
	b := make([]byte, 10)
	n, err := c.Read(b)
	require.NoError(t, err)
	assert.Equal(t, "late", string(b[:n]))
	_, err = c.Read(b)
	require.ErrorIs(t, err, io.EOF)
	_, _, err = c.ReadFrom(b)
	require.ErrorIs(t, err, io.EOF)
}

// A write deadline ends a write that waits for the proxy, which takes nothing.
func TestWriteDeadlineOfCapsules(t *testing.T) {
	noLeak(t)
	stuck := make(chan struct{})
	first := atomic.Bool{}
	p := serve(t, connectudp.HandlerConfig{Dialer: dialFunc(func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := (&net.Dialer{}).DialContext(ctx, network, address)
		if err == nil && !first.Swap(true) {
			c = &stuckConn{c, stuck}
		}
		return c, err
	})}, false)
	c := dial(t, p.dialer(t, "", false), echo(t, "udp4", "127.0.0.1:0"))
	require.NoError(t, c.SetWriteDeadline(time.Now().Add(300*time.Millisecond)))
	var err error
	for err == nil {
		_, err = c.Write(make([]byte, 60_000))
	}
	require.ErrorIs(t, err, os.ErrDeadlineExceeded)
	close(stuck)
}

// dialFunc is a dialer.
type dialFunc func(ctx context.Context, network, address string) (net.Conn, error)

func (f dialFunc) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	return f(ctx, network, address)
}

// stuckConn writes nothing before it may.
type stuckConn struct {
	net.Conn
	free chan struct{}
}

func (c *stuckConn) Write(b []byte) (int, error) {
	<-c.free
	return c.Conn.Write(b)
}

// A socket that cannot send ends the session, and the proxy says why.
func TestTargetThatFails(t *testing.T) {
	noLeak(t)
	p := serve(t, connectudp.HandlerConfig{Dialer: dialFunc(func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := (&net.Dialer{}).DialContext(ctx, network, address)
		return brokenConn{c}, err
	})}, false)
	c := dial(t, p.dialer(t, "", false), echo(t, "udp4", "127.0.0.1:0"))
	_, err := c.Write([]byte("x"))
	require.NoError(t, err)
	_, err = c.Read(make([]byte, 10))
	require.ErrorIs(t, err, io.EOF)
	assert.ErrorIs(t, <-p.errors, syscall.EPIPE)
}

// brokenConn cannot send.
type brokenConn struct{ net.Conn }

func (brokenConn) Write([]byte) (int, error) { return 0, syscall.EPIPE }

// A client that ends within a capsule, and one that has HTTP datagrams with too large a payload, end their session alone.
func TestHalfACapsule(t *testing.T) {
	noLeak(t)
	p := serve(t, connectudp.HandlerConfig{}, true)
	d, err := http3x.NewExtendedDialer(transport(t, true), 0)
	require.NoError(t, err)
	defer d.Close()
	host, port, err := net.SplitHostPort(echo(t, "udp4", "127.0.0.1:0"))
	require.NoError(t, err)
	for _, capsule := range []string{"\x00\x05\x00ab", "\x17\x05abc", "\x00"} {
		r, err := http3x.NewExtendedRequest(t.Context(), "connect-udp", p.url+"/.well-known/masque/udp/"+host+"/"+port+"/")
		require.NoError(t, err)
		c, _, err := d.Dial(r)
		require.NoError(t, err)
		_, err = c.Write([]byte(capsule))
		require.NoError(t, err)
		require.NoError(t, c.CloseWrite())
		_, err = c.Read(make([]byte, 1))
		assert.ErrorIs(t, err, io.EOF)
		require.NoError(t, c.Close())
		eventually(t, "it has ended", func() bool { return p.Stats().Open == 0 })
	}
}

// Behind a server that is not HTTP/3's there is no proxy, and a name without addresses is refused.
func TestHandlerElsewhere(t *testing.T) {
	h, err := connectudp.NewHandler(&connectudp.HandlerConfig{
		Allow:     func(*http.Request, string) error { return nil },
		AllowAddr: nil,
		Dialer:    failing{nil},
	})
	require.NoError(t, err)
	defer h.Close()
	w := httptest.NewRecorder()
	r := &http.Request{
		Method: http.MethodConnect, Proto: "connect-udp", ProtoMajor: 3, Header: http.Header{}, RemoteAddr: "192.0.2.1:1",
		URL: &url.URL{Path: "/.well-known/masque/udp/192.0.2.1/53/"},
	}
	h.ServeHTTP(w, r)
	assert.Equal(t, http.StatusBadGateway, w.Code, "not a public address")
	assert.Equal(t, connectudp.HandlerStats{Refused: 1}, h.Stats())
}
