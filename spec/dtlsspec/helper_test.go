package dtlsspec_test

import (
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"github.com/strata-net/strata/dtlsx"
	"github.com/strata-net/strata/spec/dtlsspec"
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

func text[T string | []byte](s T) *specv1.DataSource {
	return &specv1.DataSource{Source: &specv1.DataSource_Text{Text: string(s)}}
}

func file(path string) *specv1.DataSource {
	return &specv1.DataSource{Source: &specv1.DataSource_File{File: path}}
}

// pair is a certificate for the names.
func pair(t *testing.T, names ...string) *specv1.CertKeyPair {
	t.Helper()
	c, err := authority().Issue(&pki.Leaf{Names: names})
	require.NoError(t, err)
	return &specv1.CertKeyPair{Chain: text(c.ChainPEM()), Key: text(c.KeyPEM())}
}

// serverTLS has a certificate for localhost and 127.0.0.1.
func serverTLS(t *testing.T) *specv1.TLSConfig {
	t.Helper()
	return &specv1.TLSConfig{Certificates: []*specv1.CertKeyPair{pair(t, "localhost", "127.0.0.1")}}
}

// clientTLS trusts the CA of the tests.
func clientTLS() *specv1.TLSConfig {
	return &specv1.TLSConfig{Roots: &specv1.TLSConfig_CAs{From: []*specv1.DataSource{text(authority().PEM())}}}
}

// secret writes a file that others cannot read.
func secret(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "secret")
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	return path
}

// listen opens a listener on loopback.
func listen(t *testing.T, c *specv1.DTLSConfig) *dtlsspec.Listener {
	t.Helper()
	m := &specv1.DTLSListenConfig{Address: new("127.0.0.1:0"), Dtls: c}
	l, err := dtlsspec.NewListenerFromSpec(m)
	require.NoError(t, err)
	t.Cleanup(func() { l.Close() })
	return l.(*dtlsspec.Listener)
}

// dial makes a dialer and a conn.
func dial(t *testing.T, l *dtlsspec.Listener, c *specv1.DTLSConfig) (*dtlsx.Conn, error) {
	t.Helper()
	d, err := dtlsspec.NewDialerFromSpec(&specv1.DTLSDialConfig{Dtls: c})
	require.NoError(t, err)
	conn, err := d.DialContext(t.Context(), "udp", l.Addr().String())
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() { conn.Close() })
	return conn.(*dtlsx.Conn), nil
}

// connect returns both ends of a conn between two messages.
func connect(t *testing.T, server, client *specv1.DTLSConfig) (c, s *dtlsx.Conn) {
	t.Helper()
	return meet(t, listen(t, server), client)
}

// meet dials and accepts, and sends a datagram to and fro.
func meet(t *testing.T, l *dtlsspec.Listener, client *specv1.DTLSConfig) (c, s *dtlsx.Conn) {
	t.Helper()
	c, err := dial(t, l, client)
	require.NoError(t, err)
	accepted, err := l.Accept()
	require.NoError(t, err)
	t.Cleanup(func() { accepted.Close() })
	s = accepted.(*dtlsx.Conn)
	for _, way := range []struct{ from, to *dtlsx.Conn }{{c, s}, {s, c}} {
		_, err = way.from.Write([]byte("hello"))
		require.NoError(t, err)
		b := make([]byte, 100)
		n, err := way.to.Read(b)
		require.NoError(t, err)
		require.Equal(t, "hello", string(b[:n]))
	}
	return c, s
}

// refused dials, and wants the handshake to fail.
func refused(t *testing.T, server, client *specv1.DTLSConfig) error {
	t.Helper()
	l := listen(t, server)
	client = proto.CloneOf(client)
	_, err := dial(t, l, client)
	require.Error(t, err)
	return err
}

// psk has one key.
func psk(identity *string) *specv1.DTLSConfig_PSK {
	return &specv1.DTLSConfig_PSK{Identity: identity, Keys: map[string]*specv1.DataSource{"sensor-7": text("0102f00d")}}
}

func env(name string) *specv1.DataSource {
	return &specv1.DataSource{Source: &specv1.DataSource_Env{Env: name}}
}

// rsaPair is a certificate with an RSA key.
func rsaPair(t *testing.T) *specv1.CertKeyPair {
	t.Helper()
	c, err := authority().Issue(&pki.Leaf{Names: []string{"127.0.0.1"}, Key: pki.RSA2048})
	require.NoError(t, err)
	return &specv1.CertKeyPair{Chain: text(c.ChainPEM()), Key: text(c.KeyPEM())}
}

// await tries until it holds.
func await(t *testing.T, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !holds(); time.Sleep(5 * time.Millisecond) {
		require.True(t, time.Now().Before(end), "it never came")
	}
}
