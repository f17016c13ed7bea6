package quicspec_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/quic-go/quic-go/http3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"github.com/strata-net/strata/quicx/http3x"
	"github.com/strata-net/strata/spec/internal/spectest"
	"github.com/strata-net/strata/spec/quicspec"
	specv1 "github.com/strata-net/strata/spec/strata/v1"
)

// serve serves a handler with the server of a message, on loopback.
func serve(t *testing.T, m *specv1.HTTP3ServerConfig, h http.HandlerFunc) (url string) {
	t.Helper()
	before := proto.CloneOf(m)
	s, err := quicspec.NewHTTP3ServerFromSpec(m, h)
	require.NoError(t, err)
	require.True(t, proto.Equal(before, m), "the message was changed")
	proto.Reset(m) // nobody has kept it
	udp, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	require.NoError(t, err)
	done := make(chan error, 1)
	go func() { done <- s.Serve(udp) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		assert.NoError(t, s.Shutdown(ctx))
		assert.ErrorIs(t, <-done, http.ErrServerClosed)
		assert.NoError(t, udp.Close())
	})
	return "https://" + udp.LocalAddr().String()
}

// transport makes the transport of a message.
func transport(t *testing.T, m *specv1.HTTP3TransportConfig) *http3.Transport {
	t.Helper()
	before := proto.CloneOf(m)
	rt, err := quicspec.HTTP3Transport(m)
	require.NoError(t, err)
	require.True(t, proto.Equal(before, m), "the message was changed")
	proto.Reset(m) // nobody has kept it
	t.Cleanup(func() { assert.NoError(t, rt.Close()) })
	return rt
}

func get(t *testing.T, rt http.RoundTripper, url string) (*http.Response, string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	require.NoError(t, err)
	resp, err := rt.RoundTrip(req)
	if err != nil {
		return nil, "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return resp, string(body), err
}

func TestHTTP3(t *testing.T) {
	spectest.NoLeak(t)
	url := serve(t, &specv1.HTTP3ServerConfig{
		Listen:          &specv1.QUICListenConfig{Tls: serverTLS(t), Retry: specv1.QUICListenConfig_always.Enum()},
		EnableDatagrams: new(true), MaxHeaderBytes: new(int64(8 << 10)),
	}, func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, r.Proto+" "+r.TLS.NegotiatedProtocol)
	})
	rt := transport(t, &specv1.HTTP3TransportConfig{
		Dial: &specv1.QUICDialConfig{Tls: clientTLS(), LocalAddr: new("127.0.0.1:0"), Timeout: seconds(30)}, EnableDatagrams: new(true),
	})
	resp, body, err := get(t, rt, url)
	require.NoError(t, err)
	assert.Equal(t, http.StatusOK, resp.StatusCode)
	assert.Equal(t, "HTTP/3.0 h3", body)
	assert.True(t, rt.EnableDatagrams)
}

// The bounds of headers hold on both sides.
func TestHTTP3HeaderBounds(t *testing.T) {
	spectest.NoLeak(t)
	url := serve(t, &specv1.HTTP3ServerConfig{Listen: &specv1.QUICListenConfig{Tls: serverTLS(t)}}, func(w http.ResponseWriter, _ *http.Request) {
		for _, name := range []string{"A", "B", "C", "D"} {
			w.Header().Set(name, "0123456789012345678901234567890123456789")
		}
	})
	dial := &specv1.QUICDialConfig{Tls: clientTLS()}
	_, _, err := get(t, transport(t, &specv1.HTTP3TransportConfig{Dial: proto.CloneOf(dial), MaxResponseHeaderBytes: new(int64(64))}), url)
	require.ErrorContains(t, err, "HEADERS frame too large")
	_, _, err = get(t, transport(t, &specv1.HTTP3TransportConfig{Dial: dial}), url)
	require.NoError(t, err)
}

// The default verifies with the system's CAs, which do not know that of the tests.
func TestHTTP3Default(t *testing.T) {
	spectest.NoLeak(t)
	url := serve(t, &specv1.HTTP3ServerConfig{Listen: &specv1.QUICListenConfig{Tls: serverTLS(t)}}, func(http.ResponseWriter, *http.Request) {})
	rt, err := quicspec.HTTP3Transport(nil)
	require.NoError(t, err)
	_, _, err = get(t, rt, url)
	require.ErrorContains(t, err, "certificate")
	require.NoError(t, rt.Close())
	c, err := quicspec.HTTP3Config(t.Context(), nil)
	require.NoError(t, err)
	assert.Equal(t, &http3x.Config{}, c)
}
