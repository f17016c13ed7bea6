package peers_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/dtlsx"
)

// A key known to both sides, with the identity and the hint that either side says.
func TestDTLSPSK(t *testing.T) {
	a, key := newAuthority(t), []byte("sixteen bytes...")
	eachProgram(t, func(t *testing.T, p *dtlsProgram) {
		server := &dtlsx.PSK{Hint: []byte("try me"), Key: psk("me", key)}
		s := serveDTLS(t, dtlsx.ListenConfig{Config: dtlsx.Config{PSK: server}}, tell)
		out, words := a.asks(t, p.client, s.address, p.pskClient("me", key)...)
		assert.Contains(t, words, `psk="me"`, out)
		assert.Contains(t, out, "try me", "the hint")

		child, address := p.serve(a, t, p.pskServer(a, t, "me", "try me", key)...)
		client := &dtlsx.PSK{Identity: []byte("me"), Key: psk("try me", key)}
		c, err := dialDTLS(t, address, dtlsx.DialConfig{Config: dtlsx.Config{PSK: client}})
		require.NoError(t, err, "%s", &child.out)
		assert.Contains(t, describe(c), `psk="me" hint="try me"`)
	})
}

// One server has certificates and keys: the client's suites decide.
func TestDTLSPSKOrCertificate(t *testing.T) {
	a, key := newAuthority(t), []byte("sixteen bytes...")
	s := serveDTLS(t, dtlsx.ListenConfig{Config: dtlsx.Config{TLS: a.serves(t), PSK: &dtlsx.PSK{Key: psk("me", key)}}}, tell)
	eachProgram(t, func(t *testing.T, p *dtlsProgram) {
		out, words := a.asks(t, p.client, s.address, p.pskClient("me", key)...)
		assert.Contains(t, words, `psk="me"`, out)
		out, words = a.asks(t, p.client, s.address)
		assert.Contains(t, words, "TLS_ECDHE_ECDSA_", out)
	})
}

// A wrong identity is refused with an alert. A wrong key shows as records that
// nobody can read, which DTLS drops (RFC 6347, section 4.1.2.7): the handshake
// runs into its timeout on both sides.
func TestDTLSWrongPSK(t *testing.T) {
	t.Parallel() // it waits for timeouts
	a, key, wrong := newAuthority(t), []byte("sixteen bytes..."), []byte("others, sixteen.")
	for program, p := range dtlsPrograms {
		t.Run(program, func(t *testing.T) {
			t.Parallel()
			s := serveDTLS(t, dtlsx.ListenConfig{Config: dtlsx.Config{PSK: &dtlsx.PSK{Key: psk("me", key)}, HandshakeTimeout: 2 * time.Second}}, tell)
			_, words := a.asks(t, p.client, s.address, p.pskClient("you", key)...)
			assert.Empty(t, words)
			err := s.failure(t)
			alerted(t, err, false, internalError)
			require.ErrorContains(t, err, `nobody is called "you"`)

			child := p.connect(a, t, s.address, p.pskClient("me", wrong)...)
			expired(t, s.failure(t))
			assert.Empty(t, s.agreed, "%s", &child.out)

			_, address := p.serve(a, t, p.pskServer(a, t, "me", "", key)...)
			client := dtlsx.Config{PSK: &dtlsx.PSK{Identity: []byte("me"), Key: psk("", wrong)}, HandshakeTimeout: 2 * time.Second}
			_, err = dialDTLS(t, address, dtlsx.DialConfig{Config: client})
			expired(t, err)
		})
	}
}

// expired requires that a handshake has run into its timeout.
func expired(t *testing.T, err error) {
	t.Helper()
	require.ErrorIs(t, err, context.DeadlineExceeded)
	var e *dtlsx.Error
	require.ErrorAs(t, err, &e)
	assert.True(t, e.Timeout())
	assert.ErrorContains(t, err, "HandshakeTimeout=2s")
}
