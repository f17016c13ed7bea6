package connectudp_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/quicx/http3x"
	"github.com/strata-net/strata/quicx/http3x/connectudp"
)

// bare opens a session of which the test sends every byte.
func bare(t *testing.T, p *proxy, target string, datagrams bool) *http3x.ExtendedConn {
	t.Helper()
	d, err := http3x.NewExtendedDialer(transport(t, datagrams), 0)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, d.Close()) })
	host, port, err := net.SplitHostPort(target)
	require.NoError(t, err)
	r, err := http3x.NewExtendedRequest(t.Context(), "connect-udp", p.url+"/.well-known/masque/udp/"+host+"/"+port+"/")
	require.NoError(t, err)
	c, _, err := d.Dial(r)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, c.Close()) })
	return c
}

// What is no capsule, or more than UDP has, ends the session, and nothing stays of it.
func TestCapsulesHostile(t *testing.T) {
	noLeak(t)
	target := echo(t, "udp", "127.0.0.1:0")
	for name, tt := range map[string]struct{ sent, want string }{
		"cut":            {"\x00\x05\x00a", "unexpected EOF"},
		"cut header":     {"\x00", "unexpected EOF"},
		"cut unknown":    {"\x17\xff\xff\xff\xff\xff\xff\xff\xffabc", "unexpected EOF"},
		"endless":        {"\x00\xff\xff\xff\xff\xff\xff\xff\xff", "more than 65527 bytes"},
		"a byte too big": {"\x00\x80\x00\xff\xf9" + strings.Repeat("\x00", 65529), "more than 65527 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			p := serve(t, connectudp.HandlerConfig{}, false)
			c := bare(t, p, target, false)
			_, err := c.Write([]byte(tt.sent))
			require.NoError(t, err)
			require.NoError(t, c.CloseWrite())
			_, err = io.Copy(io.Discard, c)
			require.NoError(t, err, "the session ends without a reset")
			assert.ErrorContains(t, <-p.errors, tt.want)
			eventually(t, "no session", func() bool { return p.Stats().Open == 0 })
			assert.Equal(t, connectudp.HandlerStats{Total: 1}, p.Stats())
		})
	}
}

// A client that reads nothing more is noticed when there is something to send.
func TestClientStopsReading(t *testing.T) {
	noLeak(t)
	p := serve(t, connectudp.HandlerConfig{}, false)
	c := bare(t, p, echo(t, "udp", "127.0.0.1:0"), false)
	_, err := c.Write([]byte("\x00\x02\x00x"))
	require.NoError(t, err)
	_, err = io.ReadFull(c, make([]byte, 4)) // the session is there
	require.NoError(t, err)
	require.NoError(t, c.CloseRead())
	eventually(t, "no session", func() bool {
		_, _ = c.Write([]byte("\x00\x02\x00x")) // fails at the end
		return p.Stats().Open == 0
	})
	assert.ErrorContains(t, <-p.errors, "write http3 ")
}

// unwritable is a socket that nothing can be sent from.
type unwritable struct{ net.Conn }

func (unwritable) Write([]byte) (int, error) { return 0, syscall.EHOSTUNREACH }

type unwritables struct{}

func (unwritables) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	var d net.Dialer
	c, err := d.DialContext(ctx, network, address)
	return unwritable{c}, err
}

// An error of the socket ends the session, by whatever way the payload came.
func TestTargetUnreachable(t *testing.T) {
	noLeak(t)
	target := echo(t, "udp", "127.0.0.1:0")
	for _, datagrams := range []bool{true, false} {
		p := serve(t, connectudp.HandlerConfig{Dialer: unwritables{}}, datagrams)
		c := dial(t, p.dialer(t, "", datagrams), target)
		_, err := c.Write([]byte("x"))
		require.NoError(t, err)
		_, err = c.Read(make([]byte, 1))
		assert.ErrorIs(t, err, io.EOF)
		err = <-p.errors
		assert.ErrorIs(t, err, syscall.EHOSTUNREACH)
		assert.ErrorContains(t, err, "serve connect-udp 127.0.0.1:")
		assert.ErrorContains(t, err, "to the target: ")
		eventually(t, "no session", func() bool { return p.Stats().Open == 0 })
	}
}

// What comes while nobody reads is bounded, what had come before the end is read.
func TestConnQueue(t *testing.T) {
	noLeak(t)
	p := serve(t, connectudp.HandlerConfig{}, false)
	c := dial(t, p.dialer(t, "", false), echo(t, "udp", "127.0.0.1:0"))
	eventually(t, "some are dropped", func() bool {
		_, err := c.Write([]byte("x"))
		require.NoError(t, err)
		return c.Dropped() > 0
	})
	require.NoError(t, p.Close())
	eventually(t, "the end", func() bool { _, err := c.Write([]byte("x")); return err != nil })
	b := make([]byte, 10)
	for range 64 {
		n, err := c.Read(b)
		require.NoError(t, err)
		assert.Equal(t, "x", string(b[:n]))
	}
	_, err := c.Read(b)
	assert.ErrorIs(t, err, io.EOF)
}

// A capsule that a deadline has cut is completed before the next one.
func TestConnWriteCut(t *testing.T) {
	noLeak(t)
	streams, done := make(chan *http3x.ExtendedConn, 1), make(chan struct{})
	url := serveHandler(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := http3x.AcceptExtended(w, r)
		if assert.NoError(t, err) {
			defer c.Close()
			streams <- c
			<-done
		}
	}), false)
	defer close(done)
	c := dial(t, dialerFor(t, url, false), "192.0.2.1:53")
	big := make([]byte, 60_000)
	require.NoError(t, c.SetWriteDeadline(soon()))
	var err error
	sent := 0 // whole ones
	for ; err == nil; sent++ {
		require.Less(t, sent, 10_000, "nobody reads")
		_, err = c.Write(big)
	}
	sent--
	require.ErrorIs(t, err, os.ErrDeadlineExceeded)
	_, err = c.Write([]byte("late"))
	require.ErrorIs(t, err, os.ErrDeadlineExceeded)
	require.NoError(t, c.SetWriteDeadline(never))
	written := make(chan error, 1)
	go func() {
		_, err := c.Write([]byte("last"))
		written <- err
	}()
	capsules := http3.NewCapsuleParser(<-streams)
	for n := 0; ; n++ {
		kind, r, err := capsules.Next()
		require.NoError(t, err)
		require.Zero(t, kind)
		b, err := io.ReadAll(r)
		require.NoError(t, err)
		if string(b) == "\x00last" {
			assert.GreaterOrEqual(t, n, sent)
			assert.LessOrEqual(t, n, sent+1, "the one that was cut")
			break
		}
		require.Len(t, b, 1+len(big))
	}
	require.NoError(t, <-written)
}

// Close wakes a Read also when nothing ever comes.
func TestConnCloseWakes(t *testing.T) {
	noLeak(t)
	p := serve(t, connectudp.HandlerConfig{}, true)
	d := p.dialer(t, "", true)
	for range 5 {
		c := dial(t, d, echo(t, "udp", "127.0.0.1:0"))
		read := make(chan error, 1)
		go func() {
			_, err := c.Read(make([]byte, 1))
			read <- err
		}()
		time.Sleep(10 * time.Millisecond) // most of the time it waits then
		require.NoError(t, c.Close())
		assert.ErrorIs(t, <-read, net.ErrClosed)
	}
}

// A server that is no proxy, and one that is not there.
func TestNoProxy(t *testing.T) {
	noLeak(t)
	url := serveHandler(t, http.NotFoundHandler(), true)
	_, err := dialerFor(t, url, true).DialContext(t.Context(), "udp", "192.0.2.1:53")
	r, ok := errors.AsType[*connectudp.RefusedError](err)
	require.True(t, ok, "%v", err)
	assert.Equal(t, 404, r.StatusCode)
	assert.Empty(t, r.ProxyStatus)
	assert.EqualError(t, r, r.Err.Error())
	assert.ErrorIs(t, r, r.Err)
	assert.ErrorContains(t, err, "dial connect-udp 192.0.2.1:53: http3x: extended connect connect-udp 127.0.0.1:")
	assert.ErrorContains(t, err, "404 Not Found")

	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	silent, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	defer silent.Close()
	_, err = dialerFor(t, "https://"+silent.LocalAddr().String(), true).DialContext(ctx, "udp", "192.0.2.1:53")
	assert.ErrorIs(t, err, context.DeadlineExceeded)
	_, ok = errors.AsType[*connectudp.RefusedError](err)
	assert.False(t, ok)
}

// A client that never tells its settings holds a session for the dial timeout at most, and one that leaves not so long.
func TestClientWithoutSettings(t *testing.T) {
	noLeak(t)
	target := echo(t, "udp", "127.0.0.1:0")
	host, port, err := net.SplitHostPort(target)
	require.NoError(t, err)
	for _, leaves := range []bool{true, false} {
		timeout := time.Second // limits the dial of the target as well
		if leaves {
			timeout = time.Hour
		}
		p := serve(t, connectudp.HandlerConfig{DialTimeout: timeout}, true)
		conn, err := quic.DialAddr(t.Context(), strings.TrimPrefix(p.url, "https://"), http3.ConfigureTLSConfig(&tls.Config{RootCAs: authority().Pool()}), &quic.Config{EnableDatagrams: true})
		require.NoError(t, err)
		stream, err := conn.OpenStreamSync(t.Context())
		require.NoError(t, err)
		_, err = stream.Write(headers("/.well-known/masque/udp/" + host + "/" + port + "/"))
		require.NoError(t, err)
		eventually(t, "a session", func() bool { return p.Stats().Total == 1 })
		if leaves {
			require.NoError(t, conn.CloseWithError(0, ""))
		}
		err = <-p.errors
		assert.ErrorContains(t, err, "settings http3 ")
		assert.Equal(t, !leaves, errors.Is(err, context.DeadlineExceeded), "%v", err)
		eventually(t, "no session", func() bool { return p.Stats().Open == 0 })
		require.NoError(t, conn.CloseWithError(0, ""))
	}
}

// headers is a HEADERS frame with an extended CONNECT in the words of QPACK's static table (RFC 9204, appendix A).
func headers(path string) []byte {
	fields := append([]byte{
		0x00, 0x00, // no dynamic table
		0xcf,             // :method CONNECT
		0xd7,             // :scheme https
		0x50, 0x01, 0x61, // :authority a
		0x51, byte(len(path)), // :path
	}, path...)
	fields = append(fields, 0x27, 0x02) // a name of 7+2 bytes
	fields = append(fields, ":protocol\x0bconnect-udp"...)
	return append([]byte{0x01, byte(len(fields)>>8&0x3f | 0x40), byte(len(fields))}, fields...)
}
