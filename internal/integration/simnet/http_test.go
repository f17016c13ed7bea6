package simnet_test

import (
	"bytes"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestHTTP: HTTP/1.1, HTTP/2 with and without TLS, on the server and the transport of
// the standard library.
func TestHTTP(t *testing.T) {
	for _, each := range []struct {
		name, url string
		major     int
		protocols func(*http.Protocols)
	}{
		{"HTTP1", "http://server.test:80/echo", 1, func(p *http.Protocols) { p.SetHTTP1(true) }},
		{"HTTPS1", "https://server.test:443/echo", 1, func(p *http.Protocols) { p.SetHTTP1(true) }},
		{"HTTP2", "https://server.test:443/echo", 2, func(p *http.Protocols) { p.SetHTTP2(true) }},
		{"H2C", "http://server.test:80/echo", 2, func(p *http.Protocols) { p.SetUnencryptedHTTP2(true) }},
	} {
		t.Run(each.name, func(t *testing.T) {
			server, client := certificate(t)
			everywhere(t, func(b *bench) {
				protocols := new(http.Protocols)
				each.protocols(protocols)
				b.http(each.url, each.major, protocols, server.Clone(), client.Clone())
			})
		})
	}
}

func (b *bench) http(url string, major int, protocols *http.Protocols, serverTLS, clientTLS *tls.Config) {
	plain, secure := b.listen(":80"), b.listen(":443")
	srv := &http.Server{Protocols: protocols, TLSConfig: serverTLS, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("From", r.RemoteAddr)
		body, err := io.ReadAll(r.Body) // all of it: HTTP/1 has no full duplex
		assert.NoError(b, err)
		w.Write(body)
	})}
	var group sync.WaitGroup
	group.Go(func() {
		if strings.HasPrefix(url, "https") {
			assert.ErrorIs(b, srv.ServeTLS(secure, "", ""), http.ErrServerClosed)
		} else {
			assert.ErrorIs(b, srv.Serve(plain), http.ErrServerClosed)
		}
	})
	transport := &http.Transport{DialContext: b.client.Dialer().DialContext, TLSClientConfig: clientTLS, Protocols: protocols}
	cl := &http.Client{Transport: transport}
	defer func() {
		transport.CloseIdleConnections()
		assert.NoError(b, srv.Close())
		group.Wait()
	}()
	for _, size := range []int{0, 10, 200_000} {
		body := bytes.Repeat([]byte("x"), size)
		resp, err := cl.Post(url, "text/plain", bytes.NewReader(body))
		require.NoError(b, err)
		got, err := io.ReadAll(resp.Body)
		require.NoError(b, err)
		require.NoError(b, resp.Body.Close())
		assert.Equal(b, major, resp.ProtoMajor)
		assert.True(b, bytes.Equal(body, got), "%d bytes of %d", len(got), len(body))
		from, _, err := net.SplitHostPort(resp.Header.Get("From"))
		require.NoError(b, err)
		assert.Equal(b, b.client.Addrs()[0].String(), from)
	}
	_, err := cl.Get("http://server.test:81/")
	var op *net.OpError
	require.ErrorAs(b, err, &op)
	assert.Equal(b, "dial", op.Op)
}

// TestTLS: crypto/tls in both versions, with the end of each direction.
func TestTLS(t *testing.T) {
	server, client := certificate(t)
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		t.Run(tls.VersionName(version), func(t *testing.T) {
			everywhere(t, func(b *bench) {
				client := client.Clone()
				client.MinVersion, client.MaxVersion = version, version
				l := tls.NewListener(b.listen(":443"), server)
				var group sync.WaitGroup
				group.Go(func() {
					if c, err := l.Accept(); assert.NoError(b, err) {
						echo(c)
					}
				})
				raw, err := b.client.Dialer().DialContext(b.Context(), "tcp", "server.test:443")
				require.NoError(b, err)
				c := tls.Client(raw, client)
				// Not in the first Read and Write: one of them would wait for a mutex of
				// crypto/tls, and a bubble's clock stands as long as somebody does.
				require.NoError(b, c.HandshakeContext(b.Context()))
				exchange(b, c, 300_000)
				assert.Equal(b, version, c.ConnectionState().Version)
				require.NoError(b, c.CloseWrite())
				_, err = c.Read(make([]byte, 1))
				assert.ErrorIs(b, err, io.EOF)
				c.Close()
				group.Wait()
				l.Close()
			})
		})
	}
}
