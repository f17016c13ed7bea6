package http3x_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/quicx/http3x"
)

// connectRequest is a HEADERS frame with an extended CONNECT in the words of QPACK's static table (RFC 9204, appendix A).
var connectRequest = []byte("\x01\x19" + // HEADERS, of 25 bytes
	"\x00\x00" + // no dynamic table
	"\xcf" + // :method CONNECT
	"\xd7" + // :scheme https
	"\xc1" + // :path /
	"\x50\x01a" + // :authority a
	"\x27\x02:protocol" + // a name of 7+2 bytes
	"\x05chat!")

// A client may tell its settings after its requests: who wants to know them waits, but not for ever.
func TestExtendedSettingsLate(t *testing.T) {
	noLeak(t)
	a, url := newAcceptor(t)
	conn, err := quic.DialAddr(t.Context(), strings.TrimPrefix(url, "https://"), http3.ConfigureTLSConfig(newTransport(t).TLSClientConfig), &quic.Config{EnableDatagrams: true})
	require.NoError(t, err)
	defer conn.CloseWithError(0, "")
	stream, err := conn.OpenStreamSync(t.Context())
	require.NoError(t, err)
	_, err = stream.Write(connectRequest)
	require.NoError(t, err)
	server := <-a.conns
	defer server.Close()
	assert.Equal(t, "chat!", http3x.ExtendedProtocol(server.Request()))
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_, err = server.Settings(ctx)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	assert.ErrorContains(t, err, "settings http3 ")

	type answer struct {
		*http3.Settings
		error
	}
	told := make(chan answer, 1)
	go func() {
		s, err := server.Settings(t.Context())
		told <- answer{s, err}
	}()
	time.Sleep(20 * time.Millisecond) // most of the time it waits then
	control, err := conn.OpenUniStream()
	require.NoError(t, err)
	_, err = control.Write([]byte{0, 4, 2, 0x33, 1}) // SETTINGS_H3_DATAGRAM
	require.NoError(t, err)
	got := <-told
	require.NoError(t, got.error)
	assert.True(t, got.EnableDatagrams)
}

// Close wakes every Read, those that wait for another Read too, and one who has read ahead.
func TestExtendedConnCloseWakes(t *testing.T) {
	noLeak(t)
	a, url := newAcceptor(t)
	d := newExtendedDialer(t, 0)
	for range 5 {
		client, server := pair(t, d, a, url)
		failed := make(chan error, 3)
		for range cap(failed) {
			go func() {
				_, err := client.Read(make([]byte, 1))
				failed <- err
			}()
		}
		_, err := server.Read(nil) // reads ahead from now on
		require.NoError(t, err)
		_, err = client.Write([]byte("nobody reads this"))
		require.NoError(t, err)
		time.Sleep(10 * time.Millisecond) // most of the time they wait then
		require.NoError(t, client.Close())
		for range cap(failed) {
			assert.ErrorIs(t, <-failed, net.ErrClosed)
		}
		require.NoError(t, server.Close())
	}
}

// A peer that closes at the very moment is no failure of Close or CloseWrite.
func TestExtendedConnCloseMeets(t *testing.T) {
	noLeak(t)
	a, url := newAcceptor(t)
	d := newExtendedDialer(t, 0)
	for name, end := range map[string]func(*http3x.ExtendedConn) error{
		"Close": (*http3x.ExtendedConn).Close, "CloseWrite": (*http3x.ExtendedConn).CloseWrite,
	} {
		t.Run(name, func(t *testing.T) {
			for _, swap := range []bool{false, true} {
				one, other := pair(t, d, a, url)
				if swap {
					one, other = other, one
				}
				one.BeforeEnd(func() {
					assert.NoError(t, other.Close())
					<-one.Context().Done()
				})
				require.NoError(t, end(one))
				require.NoError(t, one.Close())
				require.NoError(t, other.Close())
			}
		})
	}
}

// A server that allows no more streams holds a Dial for its context, a request with a body is refused, and neither
// keeps the conn from those that come next.
func TestExtendedDialAgain(t *testing.T) {
	noLeak(t)
	entered := make(chan struct{}, 8)
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		c, err := http3x.AcceptExtended(w, r)
		if !assert.NoError(t, err) {
			return
		}
		defer c.Close()
		entered <- struct{}{}
		io.Copy(io.Discard, c)
	}, func(c *http3x.ServerConfig) { c.Listen.QUIC = &quic.Config{MaxIncomingStreams: 1} })
	d, err := http3x.NewExtendedDialer(transport(t, nil), 2*time.Second) // a busy machine has to dial again within it
	require.NoError(t, err)
	defer d.Close()

	r := extendedRequest(t.Context(), t, "test", s.url("/"))
	r.Body = io.NopCloser(strings.NewReader("x"))
	_, _, err = d.Dial(r)
	require.ErrorContains(t, err, "request body")

	one, _, err := d.Dial(extendedRequest(t.Context(), t, "test", s.url("/")))
	require.NoError(t, err)
	<-entered
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	_, _, err = d.Dial(extendedRequest(ctx, t, "test", s.url("/")))
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.NoError(t, one.Close())
	two, _, err := d.Dial(extendedRequest(t.Context(), t, "test", s.url("/")))
	require.NoError(t, err, "the stream is free again")
	assert.Equal(t, 1, s.Stats().Conns)
	require.NoError(t, two.Close())
	eventually(t, "an idle conn is closed, so no failure counts as a stream", func() bool { return s.Stats().Conns == 0 })
}

// A conn that is there when nobody waits for it any more ends when it has been idle.
func TestExtendedDialAbandoned(t *testing.T) {
	noLeak(t)
	_, url := newAcceptor(t)
	tr := newTransport(t)
	dial, began, leave := tr.Dial, make(chan struct{}), make(chan struct{})
	conns := make(chan *quicConn, 1)
	tr.Dial = func(ctx context.Context, addr string, c *tlsConfig, q *quicConfig) (*quicConn, error) {
		close(began)
		<-leave
		conn, err := dial(ctx, addr, c, q)
		conns <- conn
		return conn, err
	}
	d, err := http3x.NewExtendedDialer(tr, 50*time.Millisecond)
	require.NoError(t, err)
	defer d.Close()
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-began
		cancel()
	}()
	_, _, err = d.Dial(extendedRequest(ctx, t, "test", url))
	require.ErrorIs(t, err, context.Canceled)
	close(leave)
	within(t, "the end of the conn", (<-conns).Context().Done())
}

// A stream that the client has closed makes room for another one, whoever was first.
func TestExtendedStreamsReturn(t *testing.T) {
	noLeak(t)
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		c, err := http3x.AcceptExtended(w, r)
		if assert.NoError(t, err) {
			io.Copy(io.Discard, c)
			c.Close()
		}
	}, func(c *http3x.ServerConfig) { c.Listen.QUIC = &quic.Config{MaxIncomingStreams: 2} })
	d, err := http3x.NewExtendedDialer(transport(t, nil), 0)
	require.NoError(t, err)
	defer d.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for range 20 {
		c, _, err := d.Dial(extendedRequest(ctx, t, "test", s.url("/")))
		require.NoError(t, err)
		require.NoError(t, c.Close())
	}
	assert.Equal(t, 1, s.Stats().Conns)
}
