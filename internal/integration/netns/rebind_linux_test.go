package netns_test

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/dtlsx"
	"github.com/strata-net/strata/quicx"
	"github.com/strata-net/strata/quicx/http3x"
)

// rebind makes the NAT on the link forget all mappings: from now on clients come from other ports, and what goes to the
// old ones is lost.
func (l *link) rebind() { l.shift.Add(100) }

func peerPort(c *quic.Conn) int { return c.RemoteAddr().(*net.UDPAddr).Port }

// beat is how often clients say that they are there.
const beat = 500 * time.Millisecond

// A transfer goes on after a NAT has forgotten its mapping. An upload does so by itself. In a download the client sends
// acknowledgements alone, and none when nothing arrives any more: then it is its keep-alive that shows the new address.
func TestRebindHTTP3(t *testing.T) {
	noGoroutines(t)
	l := newLink(t, 0, nil)
	w := serveWeb(t, l.B, server4, quicx.ListenConfig{QUIC: smallListener()})
	for what, keepAlive := range map[string]time.Duration{"upload": -1, "download": beat} {
		t.Run(what, func(t *testing.T) {
			q := smallWindows()
			q.KeepAlivePeriod = keepAlive
			tr, _ := w.transport(t, &http3x.Config{Dial: quicx.DialConfig{QUIC: q}})
			want := moved.sum()
			half := newHalfway(moved.reader(), moved.size/2)
			done := make(chan error, 1)
			var got []byte
			go func() {
				var err error
				got, err = moveHalf(t, tr, w, what == "upload", half)
				done <- err
			}()
			<-half.reached
			served := <-w.conns
			before := peerPort(served)
			l.rebind()
			close(half.goOn)
			require.NoError(t, <-done)
			assert.Equal(t, want[:], got)
			assert.Equal(t, before+100, peerPort(served))
		})
	}
}

// moveHalf uploads or downloads, with a halt in the middle.
func moveHalf(t *testing.T, tr *http3.Transport, w *web, up bool, half *halfway) ([]byte, error) {
	t.Helper()
	if up {
		return upload(within(t), tr, w.url(""), half)
	}
	sum, err := download(within(t), tr, w.url(strconv.FormatInt(moved.size, 10)), func(r io.Reader) io.Reader {
		half.Reader = r
		return half
	})
	return sum[:], err
}

// When a mapping is forgotten while the client waits for the server, only the client can tell: with a keep-alive the
// server's data arrives, without it both sides lose the conn by their idle timeout.
func TestRebindWhileTheServerIsSilent(t *testing.T) {
	for what, keepAlive := range map[string]time.Duration{"keep-alive": beat, "none": 0} {
		t.Run(what, func(t *testing.T) {
			noGoroutines(t)
			l := newLink(t, 0, nil)
			conn, served := l.pairQUIC(t, &quic.Config{
				KeepAlivePeriod: keepAlive, MaxIdleTimeout: 20 * beat, HandshakeIdleTimeout: patience,
			})
			stream, err := conn.OpenStreamSync(within(t))
			require.NoError(t, err)
			_, err = stream.Write([]byte("?"))
			require.NoError(t, err)
			answer, err := served.AcceptStream(within(t))
			require.NoError(t, err)
			if keepAlive == 0 {
				l.quiet() // a packet that is under way, or a probe for the MTU, would show the new address too
			}
			l.rebind()
			_, err = answer.Write([]byte("answer"))
			require.NoError(t, err)
			require.NoError(t, answer.Close())
			require.NoError(t, stream.SetReadDeadline(time.Now().Add(patience)))
			got, err := io.ReadAll(stream)
			if keepAlive > 0 {
				require.NoError(t, err)
				assert.Equal(t, "answer", string(got))
				return
			}
			var idle *quic.IdleTimeoutError
			require.ErrorAs(t, err, &idle)
			<-served.Context().Done()
			require.ErrorAs(t, context.Cause(served.Context()), &idle)
		})
	}
}

// quiet waits until nothing crosses the link for a while.
func (l *link) quiet() {
	for before := int64(-1); before != l.crossed.Load(); {
		before = l.crossed.Load()
		time.Sleep(2 * beat)
	}
}

// pairQUIC dials a listener at the far end.
func (l *link) pairQUIC(t *testing.T, config *quic.Config) (client, server *quic.Conn) {
	t.Helper()
	cert, roots := identity(t)
	q, err := quicx.NewListener(t.Context(), &quicx.ListenConfig{
		Conn: bindUDP(t, l.B, server4+":0"), QUIC: &quic.Config{MaxIdleTimeout: config.MaxIdleTimeout},
		TLS: &tls.Config{Certificates: []tls.Certificate{cert}, NextProtos: []string{streamProtocol}},
	})
	require.NoError(t, err)
	t.Cleanup(func() {
		eventually(t, "the client is gone", func() bool { return q.Stats().Active == 0 })
		assert.NoError(t, q.Close())
	})
	d, err := quicx.NewDialer(&quicx.DialConfig{TLS: streamTLS(roots), QUIC: config})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, d.Close()) })
	client, err = d.DialContext(within(t), "udp", q.Addr().String())
	require.NoError(t, err)
	server, err = q.Accept(within(t))
	require.NoError(t, err)
	return client, server
}

// DTLS goes on with a connection ID: the server finds the conn by it, and answers to where the last record came from.
// Without one it knows the conn by its address: records from the new one are strays, which nobody answers, as DTLS has
// no message for that. What the client sees is silence: its reads end with their deadline, and its writes succeed. It has
// to ask the application's own question with a deadline, and dial again; the server ends its side with IdleTimeout.
func TestRebindDTLS(t *testing.T) {
	for what, id := range map[string]dtlsx.ConnectionID{"connection ID": 8, "none": dtlsx.NoConnectionID} {
		t.Run(what, func(t *testing.T) {
			noGoroutines(t)
			l := newLink(t, 0, nil)
			cert, roots := identity(t)
			s := echoDTLS(t, l, cert, func(c *dtlsx.ListenConfig) { c.ConnectionID = id })
			d, err := dtlsx.NewDialer(&dtlsx.DialConfig{Config: dtlsx.Config{
				TLS: &tls.Config{RootCAs: roots, ServerName: name}, ConnectionID: dtlsx.SendConnectionID, HandshakeTimeout: patience,
			}})
			require.NoError(t, err)
			c, err := d.DialContext(within(t), "udp", s.Addr().String())
			require.NoError(t, err)
			defer c.Close()
			for n := range uint64(100) {
				if n == 50 {
					l.rebind()
				}
				err := asked(t, c, n)
				if n >= 50 && id == dtlsx.NoConnectionID {
					require.ErrorIs(t, err, os.ErrDeadlineExceeded)
					assert.Positive(t, s.Stats().Stray)
					assert.EqualValues(t, 1, s.Stats().Active, "the server does not know either")
					return
				}
				require.NoError(t, err, n)
			}
			assert.Zero(t, s.Stats().Stray)
		})
	}
}

// asked sends a record and waits for it; the time is for a machine that is very busy.
func asked(t *testing.T, c net.Conn, n uint64) error {
	t.Helper()
	want := record(n)
	_, err := c.Write(want)
	require.NoError(t, err, "a datagram more or less")
	require.NoError(t, c.SetReadDeadline(time.Now().Add(10*time.Second)))
	buf := make([]byte, 2000)
	size, err := c.Read(buf)
	if err == nil {
		assert.Equal(t, want, buf[:size])
	}
	return err
}
