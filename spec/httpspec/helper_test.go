package httpspec_test

import (
	"context"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/strata-net/strata/spec/httpspec"
	specv1 "github.com/strata-net/strata/spec/strata/v1"
	"github.com/strata-net/strata/tlsx/pki"
)

// message reads one from JSON.
func message[T any, M interface {
	*T
	proto.Message
}](t *testing.T, text string) M {
	t.Helper()
	m := M(new(T))
	require.NoError(t, protojson.Unmarshal([]byte(text), m))
	return m
}

func inline(pem []byte) *specv1.DataSource {
	return &specv1.DataSource{Source: &specv1.DataSource_Text{Text: string(pem)}}
}

// identities are both sides of TLS: a server for localhost and 127.0.0.1, and a
// client that trusts it.
func identities(t *testing.T) (server, client *specv1.TLSConfig) {
	t.Helper()
	ca, err := pki.New(nil)
	require.NoError(t, err)
	c, err := ca.Issue(&pki.Leaf{Names: []string{"localhost", "127.0.0.1"}, Server: true})
	require.NoError(t, err)
	server = &specv1.TLSConfig{Certificates: []*specv1.CertKeyPair{{Chain: inline(c.ChainPEM()), Key: inline(c.KeyPEM())}}}
	client = &specv1.TLSConfig{Roots: &specv1.TLSConfig_CAs{From: []*specv1.DataSource{inline(ca.PEM())}}}
	return server, client
}

func anywhere() []*specv1.ListenConfig {
	return []*specv1.ListenConfig{{Address: new("127.0.0.1:0")}}
}

// echo answers with the version of HTTP and whether there was TLS.
var echo = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	io.WriteString(w, r.Proto+" "+scheme)
})

// serve makes a server and serves until the end of the test.
func serve(t *testing.T, m *specv1.HTTPServerConfig, h http.Handler) *httpspec.Server {
	t.Helper()
	s, err := httpspec.NewServerFromSpec(m, h)
	require.NoError(t, err)
	done := make(chan error, 1)
	go func() { done <- s.Serve() }()
	t.Cleanup(func() {
		assert.NoError(t, s.Close())
		assert.ErrorIs(t, <-done, http.ErrServerClosed)
	})
	return s
}

// address is that of the first listener.
func address(s *httpspec.Server) string { return s.Listeners()[0].Addr().String() }

// get does one request and returns the body.
func get(t *testing.T, rt http.RoundTripper, url string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	require.NoError(t, err)
	c := &http.Client{Transport: rt}
	defer c.CloseIdleConnections()
	res, err := c.Do(req)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	return string(body), err
}

func seconds(n int64) *durationpb.Duration { return &durationpb.Duration{Seconds: n} }
