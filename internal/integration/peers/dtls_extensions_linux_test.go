package peers_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/dtlsx"
)

// ALPN chooses the protocol that both have, and refuses who has none.
func TestDTLSALPN(t *testing.T) {
	a := newAuthority(t)
	own := a.serves(t)
	own.NextProtos = []string{"other", "coap"}
	s := serveDTLS(t, dtlsx.ListenConfig{Config: dtlsx.Config{TLS: own}}, tell)
	eachProgram(t, func(t *testing.T, p *dtlsProgram) {
		out, words := a.asks(t, p.client, s.address, p.alpnClient("coap")...)
		assert.Contains(t, words, `alpn="coap"`, out)
		out, words = a.asks(t, p.client, s.address)
		assert.Contains(t, words, `alpn=""`, out)
		_, words = a.asks(t, p.client, s.address, p.alpnClient("http/1.1")...)
		assert.Empty(t, words)
		alerted(t, s.failure(t), false, noApplicationProtocol)

		for proto, taken := range map[string]bool{"coap": true, "http/1.1": false} {
			cfg := a.trusts()
			cfg.NextProtos = []string{proto}
			_, address := p.serve(a, t, append(p.shows(a.ecdsaFiles(t)), p.alpnServer("coap")...)...)
			if !taken && p.server == "gnutls-serv" {
				continue // it would say nothing
			}
			c, err := dialDTLS(t, address, dtlsx.DialConfig{Config: dtlsx.Config{TLS: cfg}})
			if taken {
				require.NoError(t, err)
				assert.Contains(t, describe(c), `alpn="coap"`)
			} else {
				alerted(t, err, true, noApplicationProtocol)
			}
		}
	})
}

// Both programs have the extended master secret; gnutls can do without, which the
// policy admits or not.
func TestDTLSExtendedMasterSecret(t *testing.T) {
	a := newAuthority(t)
	const without = "--priority=NORMAL:%NO_SESSION_HASH"
	for _, policy := range []dtlsx.ExtendedMasterSecret{dtlsx.RequireExtendedMasterSecret, dtlsx.RequestExtendedMasterSecret, dtlsx.DisableExtendedMasterSecret} {
		t.Run(policy.String(), func(t *testing.T) {
			s := serveDTLS(t, dtlsx.ListenConfig{Config: dtlsx.Config{TLS: a.serves(t), ExtendedMasterSecret: policy}}, tell)
			yes := map[bool]string{true: "yes", false: "no"}[policy != dtlsx.DisableExtendedMasterSecret]
			out, words := a.asks(t, "openssl", s.address)
			assert.NotEmpty(t, words, out)
			assert.Contains(t, out, "Extended master secret: "+yes)
			out, words = a.asks(t, "gnutls-cli", s.address, without)
			client := dtlsx.DialConfig{Config: dtlsx.Config{TLS: a.trusts(), ExtendedMasterSecret: policy}}
			_, address := a.gnutlsServer(t, append(dtlsPrograms["gnutls"].shows(a.ecdsaFiles(t)), without)...)
			_, err := dialDTLS(t, address, client)
			if policy != dtlsx.RequireExtendedMasterSecret {
				assert.NotEmpty(t, words, out)
				assert.NoError(t, err)
				return
			}
			assert.Empty(t, words, out)
			alerted(t, s.failure(t), false, insufficientSecurity)
			alerted(t, err, false, insufficientSecurity)
		})
	}
}
