package quicx_test

import (
	"crypto/ecdh"
	"crypto/hpke"
	"crypto/rand"
	"crypto/tls"
	"encoding/binary"
	"sync"
	"testing"

	"github.com/quic-go/quic-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/quicx"
)

// warm dials until the Client has a session of the server.
func warm(t *testing.T, c *quicx.Client, s *server, store *countingCache) {
	t.Helper()
	conn, err := c.DialContext(t.Context(), "udp", s.addr())
	require.NoError(t, err)
	assert.False(t, conn.ConnectionState().Used0RTT)
	eventually(t, "a session comes", func() bool { return store.puts.Load() > 0 })
	echo(t, conn, "hello")
	end(conn)
	<-s.conns
}

// TestDialEarlyAtOnce resumes one session in several conns. The race detector sees if they share it, since quic-go writes
// into it. Streams are opened later: quic-go itself has a race between that and the end of the handshake.
func TestDialEarlyAtOnce(t *testing.T) {
	noLeak(t)
	s := startServer(t, "127.0.0.1:0", &quic.Config{Allow0RTT: true})
	config, store := caching()
	c := dialer(t, &quicx.DialConfig{TLS: config})
	warm(t, c, s, store)

	conns := make(chan *quic.Conn, 8)
	for range cap(conns) {
		go func() {
			conn, err := c.DialEarly(t.Context(), "udp", s.addr())
			assert.NoError(t, err)
			conns <- conn
		}()
	}
	for range cap(conns) {
		conn := <-conns
		require.NotNil(t, conn)
		<-conn.HandshakeComplete()
		echo(t, conn, "resumed")
		assert.True(t, conn.ConnectionState().TLS.DidResume)
	}
}

func TestDialEarlyWithoutSession(t *testing.T) {
	noLeak(t)
	s := startServer(t, "127.0.0.1:0", &quic.Config{Allow0RTT: true})
	c := dialer(t, &quicx.DialConfig{})
	conn, err := c.DialEarly(t.Context(), "udp", s.addr())
	require.NoError(t, err)
	<-conn.HandshakeComplete()
	echo(t, conn, "in due time")
	assert.False(t, conn.ConnectionState().Used0RTT)
}

// TestDialsResumeOneSession has many dials take the same session at a time, some of them early: a dial
// that is not early forbids early data in the session that quic-go is given, which must not be that of the others.
func TestDialsResumeOneSession(t *testing.T) {
	noLeak(t)
	s := startServer(t, "127.0.0.1:0", &quic.Config{Allow0RTT: true})
	config, store := caching()
	c := dialer(t, &quicx.DialConfig{TLS: config})
	warm(t, c, s, store)
	for range 5 {
		var group sync.WaitGroup
		for i := range 8 {
			group.Go(func() {
				dial := c.DialContext
				if i%2 == 0 {
					dial = c.DialEarly
				}
				conn, err := dial(t.Context(), "udp", s.addr())
				if assert.NoError(t, err) {
					<-conn.HandshakeComplete()
					assert.True(t, conn.ConnectionState().TLS.DidResume)
					assert.Equal(t, i%2 == 0, conn.ConnectionState().Used0RTT, "the others do not take that from it")
					end(conn)
				}
			})
		}
		group.Wait()
	}
}

// TestTokensAreKept lets a server that asks for a Retry know the Client again.
func TestTokensAreKept(t *testing.T) {
	noLeak(t)
	s := startServer(t, "127.0.0.1:0", nil)
	store := &countingTokens{TokenStore: quic.NewLRUTokenStore(1, 1)}
	c := dialer(t, &quicx.DialConfig{Tokens: store})
	for range 2 {
		conn, err := c.DialContext(t.Context(), "udp", s.addr())
		require.NoError(t, err)
		eventually(t, "a token comes", func() bool { return store.puts.Load() > 0 })
		end(conn)
	}
	assert.Positive(t, store.found.Load(), "the second dial used it")
}

// TestEncryptedClientHello hides the name that is dialled (RFC 9849) with the standard library's ECH.
func TestEncryptedClientHello(t *testing.T) {
	noLeak(t)
	key, list := echKey(t, "public.test")
	tlsConfig := certified(t)
	tlsConfig.EncryptedClientHelloKeys = []tls.EncryptedClientHelloKey{key}
	s := startServerTLS(t, "127.0.0.1:0", tlsConfig, nil)
	config := trusting()
	config.ServerName = "name.test"
	config.EncryptedClientHelloConfigList = list
	c := dialer(t, &quicx.DialConfig{TLS: config})
	conn, err := c.DialContext(t.Context(), "udp", s.addr())
	require.NoError(t, err)
	assert.True(t, conn.ConnectionState().TLS.ECHAccepted)
	assert.Equal(t, "name.test", (<-s.conns).ConnectionState().TLS.ServerName)

	_, outdated := echKey(t, "public.test")
	config.EncryptedClientHelloConfigList = outdated
	c = dialer(t, &quicx.DialConfig{TLS: config})
	_, err = c.DialContext(t.Context(), "udp", s.addr())
	var rejected *tls.ECHRejectionError
	require.ErrorAs(t, err, &rejected)
	assert.Equal(t, list, rejected.RetryConfigList)
}

// echKey makes a key, and the ECHConfigList of it (RFC 9849, section 4).
func echKey(t *testing.T, public string) (key tls.EncryptedClientHelloKey, list []byte) {
	t.Helper()
	private, err := ecdh.X25519().GenerateKey(rand.Reader)
	require.NoError(t, err)
	kem := hpke.DHKEM(ecdh.X25519())
	pub := private.PublicKey().Bytes()
	with16 := func(b []byte) []byte { return append(binary.BigEndian.AppendUint16(nil, uint16(len(b))), b...) }
	contents := []byte{7} // the number of the config
	contents = binary.BigEndian.AppendUint16(contents, kem.ID())
	contents = append(contents, with16(pub)...)
	suite := binary.BigEndian.AppendUint16(nil, hpke.HKDFSHA256().ID())
	suite = binary.BigEndian.AppendUint16(suite, hpke.AES128GCM().ID())
	contents = append(contents, with16(suite)...)
	contents = append(contents, 32, byte(len(public)))
	contents = append(contents, public...)
	contents = append(contents, with16(nil)...)
	config := append([]byte{0xfe, 0x0d}, with16(contents)...)
	return tls.EncryptedClientHelloKey{Config: config, PrivateKey: private.Bytes(), SendAsRetry: true}, with16(config)
}
