package fromnet

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/tlsx/pki"
)

// Both answer a client, the new one by HTTP/2; and the new one follows its certificate.
func TestBeforeAndAfter(t *testing.T) {
	ca, err := pki.New(nil)
	require.NoError(t, err)
	dir := t.TempDir()
	renew := func() (chain, key string, serial string) {
		cert, err := ca.Issue(&pki.Leaf{Names: []string{"127.0.0.1"}})
		require.NoError(t, err)
		chain, key, err = cert.Write(dir, "server")
		require.NoError(t, err)
		return chain, key, cert.TLS().Leaf.SerialNumber.String()
	}
	chain, key, first := renew()
	hello := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.Proto) })

	old, l, err := before("127.0.0.1:0", chain, key, hello)
	require.NoError(t, err)
	ended := make(chan error, 2)
	go func() { ended <- old.ServeTLS(l, "", "") }()
	serial, text := ask(t, ca.Pool(), l.Addr())
	assert.Equal(t, first, serial)
	assert.Equal(t, "HTTP/2.0", text)
	require.NoError(t, old.Close())
	require.ErrorIs(t, <-ended, http.ErrServerClosed)

	server, l, err := after(t.Context(), "127.0.0.1:0", chain, key, hello)
	require.NoError(t, err)
	go func() { ended <- server.Serve(l) }()
	serial, text = ask(t, ca.Pool(), l.Addr())
	assert.Equal(t, first, serial)
	assert.Equal(t, "HTTP/2.0", text)
	_, _, second := renew()
	require.Eventually(t, func() bool {
		serial, _ = ask(t, ca.Pool(), l.Addr())
		return serial == second
	}, time.Minute, 20*time.Millisecond)
	require.NoError(t, server.Shutdown(t.Context()))
	require.ErrorIs(t, <-ended, http.ErrServerClosed)
}

// ask returns the serial number of the server's certificate, and what it says.
func ask(t *testing.T, roots *x509.CertPool, to net.Addr) (serial, text string) {
	t.Helper()
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, ForceAttemptHTTP2: true}
	defer transport.CloseIdleConnections()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+to.String(), http.NoBody)
	require.NoError(t, err)
	answer, err := transport.RoundTrip(r)
	require.NoError(t, err)
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	return answer.TLS.PeerCertificates[0].SerialNumber.String(), string(body)
}
