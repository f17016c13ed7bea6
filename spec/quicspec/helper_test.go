package quicspec_test

import (
	"context"
	"io"
	"sync"
	"testing"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/strata-net/strata/quicx"
	"github.com/strata-net/strata/spec/quicspec"
	specv1 "github.com/strata-net/strata/spec/strata/v1"
	"github.com/strata-net/strata/tlsx/pki"
)

// authority signs the certificates of the tests.
var authority = sync.OnceValue(func() *pki.CA {
	ca, err := pki.New(nil)
	if err != nil {
		panic(err)
	}
	return ca
})

func text[T ~string | ~[]byte](s T) *specv1.DataSource {
	return &specv1.DataSource{Source: &specv1.DataSource_Text{Text: string(s)}}
}

func file(path string) *specv1.DataSource {
	return &specv1.DataSource{Source: &specv1.DataSource_File{File: path}}
}

// serverTLS is that of a server for the addresses of the tests. HTTP/3 needs no alpn.
func serverTLS(t *testing.T, alpn ...string) *specv1.TLSConfig {
	t.Helper()
	c, err := authority().Issue(&pki.Leaf{Names: []string{"localhost", "127.0.0.1"}})
	require.NoError(t, err)
	return &specv1.TLSConfig{
		Certificates: []*specv1.CertKeyPair{{Chain: text(c.ChainPEM()), Key: text(c.KeyPEM())}},
		Alpn:         alpn,
	}
}

// clientTLS is that of a client that trusts the authority.
func clientTLS(alpn ...string) *specv1.TLSConfig {
	return &specv1.TLSConfig{
		Roots: &specv1.TLSConfig_CAs{From: []*specv1.DataSource{text(authority().PEM())}},
		Alpn:  alpn,
	}
}

// listen opens the listener of a message, which it must not change. Without address
// and tls it has those of the tests.
func listen(t *testing.T, m *specv1.QUICListenConfig) *quicx.Listener {
	t.Helper()
	if m.Address == nil {
		m.Address = new("127.0.0.1:0")
	}
	if m.GetTls() == nil {
		m.Tls = serverTLS(t, "echo")
	}
	before := proto.CloneOf(m)
	l, err := quicspec.NewListenerFromSpec(m)
	require.NoError(t, err)
	require.True(t, proto.Equal(before, m), "the message was changed")
	proto.Reset(m) // nobody has kept it
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		assert.NoError(t, l.Shutdown(ctx))
	})
	return l
}

// dialer makes the client of a message, which it must not change.
func dialer(t *testing.T, m *specv1.QUICDialConfig) *quicx.Client {
	t.Helper()
	if m.GetTls() == nil {
		m.Tls = clientTLS("echo")
	}
	before := proto.CloneOf(m)
	c, err := quicspec.NewDialerFromSpec(m)
	require.NoError(t, err)
	require.True(t, proto.Equal(before, m), "the message was changed")
	proto.Reset(m) // nobody has kept it
	t.Cleanup(func() { assert.NoError(t, c.Close()) })
	return c
}

// pair connects the two, and accepts.
func pair(t *testing.T, l *quicx.Listener, c *quicx.Client) (server, client *quic.Conn) {
	t.Helper()
	client, err := c.DialContext(t.Context(), "udp", l.Addr().String())
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	server, err = l.Accept(ctx)
	require.NoError(t, err)
	t.Cleanup(func() { server.CloseWithError(0, "") })
	return server, client
}

// echo sends a text over a stream of one side and takes it back from the other.
func echo(t *testing.T, from, to *quic.Conn, text string) {
	t.Helper()
	out, err := from.OpenStreamSync(t.Context())
	require.NoError(t, err)
	_, err = out.Write([]byte(text))
	require.NoError(t, err)
	require.NoError(t, out.Close())
	in, err := to.AcceptStream(t.Context())
	require.NoError(t, err)
	_, err = io.Copy(in, in)
	require.NoError(t, err)
	require.NoError(t, in.Close())
	got, err := io.ReadAll(out)
	require.NoError(t, err)
	require.Equal(t, text, string(got))
}

// eventually waits until a condition holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !holds(); time.Sleep(time.Millisecond) {
		require.True(t, time.Now().Before(end), "never: %s", what)
	}
}

func seconds(n int64) *durationpb.Duration { return &durationpb.Duration{Seconds: n} }
