package tlsspec_test

import (
	"crypto/tls"
	"errors"
	"net"
	"os"
	"os/exec"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"github.com/strata-net/strata/spec"
	specv1 "github.com/strata-net/strata/spec/strata/v1"
	"github.com/strata-net/strata/spec/tlsspec"
	"github.com/strata-net/strata/tlsx/pki"
)

func file(path string) *specv1.DataSource {
	return &specv1.DataSource{Source: &specv1.DataSource_File{File: path}}
}

func env(name string) *specv1.DataSource {
	return &specv1.DataSource{Source: &specv1.DataSource_Env{Env: name}}
}

func text[T ~string | ~[]byte](s T) *specv1.DataSource {
	return &specv1.DataSource{Source: &specv1.DataSource_Text{Text: string(s)}}
}

func newCA(t *testing.T) *pki.CA {
	t.Helper()
	ca, err := pki.New(nil)
	require.NoError(t, err)
	return ca
}

func issue(t *testing.T, ca *pki.CA, names ...string) *pki.Certificate {
	t.Helper()
	c, err := ca.Issue(&pki.Leaf{Names: names})
	require.NoError(t, err)
	return c
}

func pair(c *pki.Certificate) *specv1.CertKeyPair {
	return &specv1.CertKeyPair{Chain: text(c.ChainPEM()), Key: text(c.KeyPEM())}
}

func only(ca *pki.CA) *specv1.TLSConfig_CAs {
	return &specv1.TLSConfig_CAs{From: []*specv1.DataSource{text(ca.PEM())}}
}

// sides are messages of a server called server.test and of a client that trusts it.
func sides(t *testing.T) (server, client *specv1.TLSConfig, ca *pki.CA) {
	t.Helper()
	ca = newCA(t)
	server = &specv1.TLSConfig{Certificates: []*specv1.CertKeyPair{pair(issue(t, ca, "server.test"))}}
	client = &specv1.TLSConfig{Roots: only(ca), ServerName: new("server.test")}
	return server, client, ca
}

// with returns a message and others merged into it.
func with(m *specv1.TLSConfig, more ...*specv1.TLSConfig) *specv1.TLSConfig {
	c := proto.CloneOf(m)
	for _, other := range more {
		proto.Merge(c, other)
	}
	return c
}

// build returns the config of a message, which it must not change.
func build(t *testing.T, m *specv1.TLSConfig) *tls.Config {
	t.Helper()
	before := proto.CloneOf(m)
	c, err := tlsspec.TLSConfig(m)
	require.NoError(t, err)
	assert.True(t, proto.Equal(before, m), "the message was changed")
	return c
}

// wire returns both ends of a TCP conn on loopback, which end with the test. A pipe
// does not do: in a hello that is sent again both sides write at a time.
func wire(t *testing.T) (a, b net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	a, err = net.Dial("tcp", l.Addr().String())
	require.NoError(t, err)
	b, err = l.Accept()
	if err != nil {
		a.Close()
	}
	require.NoError(t, err)
	limit := time.Now().Add(30 * time.Second)
	assert.NoError(t, errors.Join(a.SetDeadline(limit), b.SetDeadline(limit)))
	return a, b
}

// shake returns what both sides see of a handshake, or the errors of both. No conn
// and no goroutine stays.
func shake(t *testing.T, server, client *tls.Config) (atClient, atServer tls.ConnectionState, err error) {
	t.Helper()
	a, b := wire(t)
	defer a.Close()
	defer b.Close()
	s, c := tls.Server(a, server), tls.Client(b, client)
	failed := make(chan error, 1)
	go func() {
		err := s.HandshakeContext(t.Context())
		if err == nil {
			_, err = s.Write([]byte{0}) // the client's certificate is refused after its handshake
		}
		failed <- err
	}()
	err = c.HandshakeContext(t.Context())
	if err == nil {
		_, err = c.Read(make([]byte, 1))
	}
	if err != nil {
		assert.NoError(t, b.Close()) // a server that waits for the client's alert would wait for long
	}
	err = errors.Join(err, <-failed)
	return c.ConnectionState(), s.ConnectionState(), err
}

// meet builds both sides and shakes hands, which must work.
func meet(t *testing.T, server, client *specv1.TLSConfig) (atClient, atServer tls.ConnectionState) {
	t.Helper()
	atClient, atServer, err := shake(t, build(t, server), build(t, client))
	require.NoError(t, err)
	return atClient, atServer
}

// refused is meet for what must fail.
func refused(t *testing.T, server, client *specv1.TLSConfig) error {
	t.Helper()
	_, _, err := shake(t, build(t, server), build(t, client))
	require.Error(t, err)
	return err
}

// wrong returns the errors of a message.
func wrong(t *testing.T, m *specv1.TLSConfig) []*spec.Error {
	t.Helper()
	c, err := tlsspec.TLSConfig(m)
	require.Error(t, err)
	require.Nil(t, c)
	return spec.Errors(err)
}

// openssl runs the program in dir.
func openssl(t *testing.T, dir string, args ...string) {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no openssl")
	}
	if _, err := exec.LookPath("openssl"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("openssl is missing")
		}
		t.Skip("openssl is missing")
	}
	cmd := exec.CommandContext(t.Context(), "openssl", args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
}
