package quicx_test

import (
	"crypto/tls"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/quicx"
	"github.com/strata-net/strata/tlsx/pki"
)

// A certificate is replaced while the listener runs, and conns stay.
func TestListener_Reload(t *testing.T) {
	noLeak(t)
	var current atomic.Pointer[tls.Config]
	current.Store(serverTLS(t))
	l := listen(t, &quicx.ListenConfig{TLS: &tls.Config{
		GetConfigForClient: func(info *tls.ClientHelloInfo) (*tls.Config, error) {
			assert.Equal(t, "localhost", info.ServerName)
			assert.NotNil(t, info.Conn.RemoteAddr())
			return current.Load(), nil
		},
	}})
	serve(t, l)
	c := newClient(t, "127.0.0.1:0")
	old := c.connect(t, l.Addr())
	next := serverTLS(t)
	current.Store(next)
	conn := c.connect(t, l.Addr())
	assert.Equal(t, next.Certificates[0].Certificate[0], conn.ConnectionState().TLS.PeerCertificates[0].Raw)
	assert.NotEqual(t, next.Certificates[0].Certificate[0], old.ConnectionState().TLS.PeerCertificates[0].Raw)
	echo(t, old, "still")
}

// The certificate of the client is known when Accept returns.
func TestListener_ClientCertificate(t *testing.T) {
	noLeak(t)
	config := serverTLS(t)
	config.ClientAuth, config.ClientCAs = tls.RequireAndVerifyClientCert, authority().Pool()
	l := listen(t, &quicx.ListenConfig{TLS: config})
	config.ClientAuth = tls.NoClientCert // the caller's copy is not ours
	c := newClient(t, "127.0.0.1:0")
	c.tls.Certificates = []tls.Certificate{issue(t, &pki.Leaf{CommonName: "me", Client: true}).TLS()}
	server, _ := pair(t, l, c)
	peers := server.ConnectionState().TLS.PeerCertificates
	require.NotEmpty(t, peers)
	assert.Equal(t, "me", peers[0].Subject.CommonName)

	c.tls.Certificates = nil
	conn, err := c.dial(t, l.Addr())
	if err == nil { // the client is done before the server has looked at its answer
		<-conn.Context().Done()
	}
	eventually(t, "it has failed", func() bool { return l.Stats().HandshakesFailed == 1 })
}
