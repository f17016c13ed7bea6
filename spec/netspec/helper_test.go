package netspec_test

import (
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/strata-net/strata/dialer"
	"github.com/strata-net/strata/listener"
	"github.com/strata-net/strata/spec/netspec"
	specv1 "github.com/strata-net/strata/spec/strata/v1"
	"github.com/strata-net/strata/tlsx/pki"
)

func text[T ~string | ~[]byte](s T) *specv1.DataSource {
	return &specv1.DataSource{Source: &specv1.DataSource_Text{Text: string(s)}}
}

func file(path string) *specv1.DataSource {
	return &specv1.DataSource{Source: &specv1.DataSource_File{File: path}}
}

func seconds(n int64) *durationpb.Duration { return &durationpb.Duration{Seconds: n} }

func millis(n int64) *durationpb.Duration { return durationpb.New(time.Duration(n) * time.Millisecond) }

func values(t *testing.T, m map[string]any) map[string]*structpb.Value {
	t.Helper()
	s, err := structpb.NewStruct(m)
	require.NoError(t, err)
	return s.GetFields()
}

// sides are the TLS of a server called server.test and of a client that trusts it.
func sides(t *testing.T) (server, client *specv1.TLSConfig) {
	t.Helper()
	ca, err := pki.New(nil)
	require.NoError(t, err)
	c, err := ca.Issue(&pki.Leaf{Names: []string{"server.test"}})
	require.NoError(t, err)
	return &specv1.TLSConfig{Certificates: []*specv1.CertKeyPair{{Chain: text(c.ChainPEM()), Key: text(c.KeyPEM())}}},
		&specv1.TLSConfig{
			Roots:      &specv1.TLSConfig_CAs{From: []*specv1.DataSource{text(ca.PEM())}},
			ServerName: new("server.test"),
		}
}

// listen opens the listener of a message, which it must not change nor keep.
func listen(t *testing.T, m *specv1.ListenConfig) listener.Listener {
	t.Helper()
	before := proto.CloneOf(m)
	l, err := netspec.NewListenerFromSpec(m)
	require.NoError(t, err)
	require.True(t, proto.Equal(before, m), "the message was changed")
	if m != nil {
		proto.Reset(m)
	}
	t.Cleanup(func() { l.Close() })
	require.Implements(t, (*listener.Listener)(nil), l)
	return l.(listener.Listener)
}

// newDialer makes the dialer of a message, which it must not change nor keep.
func newDialer(t *testing.T, m *specv1.DialConfig) dialer.Dialer {
	t.Helper()
	before := proto.CloneOf(m)
	d, err := netspec.NewDialerFromSpec(m)
	require.NoError(t, err)
	require.True(t, proto.Equal(before, m), "the message was changed")
	if m != nil {
		proto.Reset(m)
	}
	return d
}

// pair connects the two.
func pair(t *testing.T, d dialer.Dialer, l net.Listener) (client, server net.Conn) {
	t.Helper()
	type accepted struct {
		net.Conn

		err error
	}
	c := make(chan accepted, 1)
	go func() {
		conn, err := l.Accept()
		c <- accepted{conn, err}
	}()
	client, err := d.DialContext(t.Context(), l.Addr().Network(), l.Addr().String())
	if err != nil {
		l.Close() // which ends Accept
		<-c
	}
	require.NoError(t, err)
	t.Cleanup(func() { client.Close() })
	a := <-c
	require.NoError(t, a.err)
	t.Cleanup(func() { a.Conn.Close() })
	return client, a.Conn
}

// roundTrip sends bytes both ways.
func roundTrip(t *testing.T, a, b net.Conn) {
	t.Helper()
	for _, c := range []net.Conn{a, b} {
		require.NoError(t, c.SetDeadline(time.Now().Add(10*time.Second)))
	}
	for _, way := range [][2]net.Conn{{a, b}, {b, a}} {
		_, err := way[0].Write([]byte("hello"))
		require.NoError(t, err)
		buf := make([]byte, 6)
		n, err := way[1].Read(buf)
		require.NoError(t, err)
		assert.Equal(t, "hello", string(buf[:n]))
	}
}
