package httpspec_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/spec/httpspec"
	"github.com/strata-net/strata/spec/internal/spectest"
	specv1 "github.com/strata-net/strata/spec/strata/v1"
)

// Two listeners, one with TLS of its own: it speaks what the server does, though
// nobody has written h2 into its alpn.
func TestServerListeners(t *testing.T) {
	spectest.NoLeak(t)
	serverTLS, clientTLS := identities(t)
	serverTLS.Alpn = []string{"http/1.1", "acme-tls/1"}
	s := serve(t, &serverConfig{Listeners: []*specv1.ListenConfig{
		{Address: new("127.0.0.1:0"), Tls: serverTLS},
		{Address: new("127.0.0.1:0")},
	}}, echo)
	rt, err := httpspec.HTTPTransport(&transportConfig{Tls: clientTLS})
	require.NoError(t, err)
	body, err := get(t, rt, "https://"+address(s))
	require.NoError(t, err)
	assert.Equal(t, "HTTP/2.0 https", body)

	body, err = get(t, rt, "http://"+s.Listeners()[1].Addr().String())
	require.NoError(t, err)
	assert.Equal(t, "HTTP/1.1 http", body)
}

// What protocols leaves out is not offered on such a listener either.
func TestServerListenerRefuses(t *testing.T) {
	spectest.NoLeak(t)
	serverTLS, clientTLS := identities(t)
	serverTLS.Alpn = []string{"h2", "http/1.1"}
	m := message[serverConfig](t, `{"protocols": ["http1"]}`)
	m.Listeners = []*specv1.ListenConfig{{Address: new("127.0.0.1:0"), Tls: serverTLS}}
	s := serve(t, m, echo)
	rt, err := httpspec.HTTPTransport(&transportConfig{Tls: clientTLS})
	require.NoError(t, err)
	body, err := get(t, rt, "https://"+address(s))
	require.NoError(t, err)
	assert.Equal(t, "HTTP/1.1 https", body)
}

// Over TLS there is nothing that such a server could speak.
func TestServerListenerSpeaksNothing(t *testing.T) {
	serverTLS, _ := identities(t)
	m := message[serverConfig](t, `{"protocols": ["h2c"]}`)
	m.Listeners = []*specv1.ListenConfig{{Address: new("127.0.0.1:0"), Tls: serverTLS}}
	_, err := httpspec.NewServerFromSpec(m, echo)
	require.EqualError(t, err, "listeners[0].tls: protocols has nothing to speak over TLS")
}
