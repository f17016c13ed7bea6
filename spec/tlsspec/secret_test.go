package tlsspec_test

import (
	"crypto/ecdsa"
	"encoding/base64"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	specv1 "github.com/strata-net/strata/spec/strata/v1"
	"github.com/strata-net/strata/spec/tlsspec"
)

// Whatever is wrong with them, no part of a key or a password is in an error.
func TestSecretsAreNotInErrors(t *testing.T) {
	const secret = "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0" // base64, as keys are
	ca := newCA(t)
	c := issue(t, ca, "server.test")
	key := string(c.KeyPEM())
	cut := key[:len(key)/2]
	t.Setenv("TLSSPEC_SECRET", secret)
	for name, m := range map[string]*specv1.TLSConfig{
		"password in vain":   {Certificates: []*specv1.CertKeyPair{{Chain: text(c.ChainPEM()), Key: text(key), Password: text(secret)}}},
		"password of PKCS12": {Certificates: []*specv1.CertKeyPair{{Pkcs12: text(base64.StdEncoding.EncodeToString([]byte(key))), Password: text(secret)}}},
		"key is no key":      {Certificates: []*specv1.CertKeyPair{{Chain: text(c.ChainPEM()), Key: text(secret)}}},
		"key of a variable":  {Certificates: []*specv1.CertKeyPair{{Chain: text(c.ChainPEM()), Key: env("TLSSPEC_SECRET")}}},
		"key is cut":         {Certificates: []*specv1.CertKeyPair{{Chain: text(c.ChainPEM()), Key: text(cut)}}},
		"key of another":     {Certificates: []*specv1.CertKeyPair{{Chain: text(issue(t, ca, "a.test").ChainPEM()), Key: text(key)}}},
		"key without chain":  {Certificates: []*specv1.CertKeyPair{{Key: text(key)}}},
		"key beside PKCS12":  {Certificates: []*specv1.CertKeyPair{{Key: text(key), Pkcs12: text(secret)}}},
		"tickets":            {Tickets: &specv1.TLSConfig_Tickets{Keys: []*specv1.DataSource{text(secret)}}},
		"tickets off":        {Tickets: &specv1.TLSConfig_Tickets{Off: new(true), Keys: []*specv1.DataSource{text(secret)}}},
		"ECH":                {Ech: &specv1.TLSConfig_ECH{Keys: []*specv1.DataSource{text(key), text(secret)}}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := tlsspec.TLSConfig(m)
			require.Error(t, err)
			for _, part := range append(strings.Fields(cut), secret) {
				if len(part) > len("PRIVATE") {
					assert.NotContains(t, err.Error(), part)
				}
			}
		})
	}
	require.IsType(t, &ecdsa.PrivateKey{}, c.TLS().PrivateKey)
}
