package tlsx_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/tlsx"
	"github.com/strata-net/strata/tlsx/pki"
)

// authority makes a root for a test.
func authority(t testing.TB) *pki.CA {
	t.Helper()
	ca, err := pki.New(nil)
	require.NoError(t, err)
	return ca
}

func leafOf(t testing.TB, ca *pki.CA, leaf pki.Leaf) *pki.Certificate {
	t.Helper()
	c, err := ca.Issue(&leaf)
	require.NoError(t, err)
	return c
}

// files writes chain and key, and names them.
func files(t *testing.T, c *pki.Certificate) tlsx.Certificate {
	t.Helper()
	chain, key, err := c.Write(t.TempDir(), "server")
	require.NoError(t, err)
	return tlsx.Certificate{Chain: tlsx.File(chain), Key: tlsx.File(key)}
}

// value is a loaded certificate.
func preloaded(c *pki.Certificate) tlsx.Certificate {
	loaded := c.TLS()
	return tlsx.Certificate{Value: &loaded}
}

func one(c tlsx.Certificate) *tlsx.Config {
	return &tlsx.Config{Certificates: []tlsx.Certificate{c}}
}

// Wherever chain and key come from, it is the same certificate, with its leaf.
func TestCertificateSources(t *testing.T) {
	sub, err := authority(t).Intermediate(nil)
	require.NoError(t, err)
	made := leafOf(t, sub, pki.Leaf{Names: []string{"example.com"}})
	t.Setenv("TLSX_TEST_CHAIN", string(made.ChainPEM()))
	t.Setenv("TLSX_TEST_KEY", string(made.KeyPEM()))
	key := made.TLS().PrivateKey.(crypto.Signer)
	for name, c := range map[string]tlsx.Certificate{
		"files":     files(t, made),
		"variables": {Chain: tlsx.Env("TLSX_TEST_CHAIN"), Key: tlsx.Env("TLSX_TEST_KEY")},
		"texts":     {Chain: tlsx.Text(string(made.ChainPEM())), Key: tlsx.Text(string(made.KeyPEM()))},
		"one text":  {Chain: tlsx.Text(string(made.KeyPEM()) + string(made.ChainPEM()))},
		"signer":    {Chain: tlsx.Text(string(made.ChainPEM())), Signer: key},
		"value":     preloaded(made),
	} {
		t.Run(name, func(t *testing.T) {
			cfg, err := tlsx.New(one(c))
			require.NoError(t, err)
			got, err := cfg.GetCertificate(&tls.ClientHelloInfo{ServerName: "example.com"})
			require.NoError(t, err)
			assert.Equal(t, made.TLS().Certificate, got.Certificate)
			require.NotNil(t, got.Leaf)
			assert.Equal(t, made.Leaf().Raw, got.Leaf.Raw)
			presents(t, one(c))
		})
	}
}

// A Value is copied, and a leaf that it has is not parsed again.
func TestCertificateValue(t *testing.T) {
	loaded := leafOf(t, authority(t), pki.Leaf{Names: []string{"example.com"}}).TLS()
	loaded.OCSPStaple = []byte("staple")
	loaded.Leaf = nil
	cfg, err := tlsx.New(one(tlsx.Certificate{Value: &loaded}))
	require.NoError(t, err)
	assert.Nil(t, loaded.Leaf, "a caller's value stays")
	first := &loaded.Certificate[0]
	loaded.Certificate[0], loaded.PrivateKey = nil, nil
	got, err := cfg.GetCertificate(&tls.ClientHelloInfo{})
	require.NoError(t, err)
	assert.NotNil(t, *first == nil, "the caller's own")
	assert.NotEmpty(t, got.Certificate[0])
	assert.NotNil(t, got.PrivateKey)
	assert.Equal(t, "staple", string(got.OCSPStaple))

	leaf := got.Leaf
	cfg, err = tlsx.New(one(tlsx.Certificate{Value: got}))
	require.NoError(t, err)
	got, err = cfg.GetCertificate(&tls.ClientHelloInfo{})
	require.NoError(t, err)
	assert.Same(t, leaf, got.Leaf)
}

// What is wrong with the fields is said before any file is read.
func TestCertificateFields(t *testing.T) {
	made := leafOf(t, authority(t), pki.Leaf{Names: []string{"example.com"}})
	loaded, signer := made.TLS(), made.TLS().PrivateKey.(crypto.Signer)
	none := tlsx.File("/does/not/exist")
	at := "Certificates[0]."
	for name, c := range map[string]struct {
		cert tlsx.Certificate
		want []string
	}{
		"nothing":             {tlsx.Certificate{}, []string{"Chain: |is empty: want File, Env or Text"}},
		"a key":               {tlsx.Certificate{Key: none}, []string{"Chain: |is empty"}},
		"two of Data":         {tlsx.Certificate{Chain: tlsx.Data{File: "a", Env: "b"}}, []string{"Chain=a: |more than one"}},
		"value and chain":     {tlsx.Certificate{Value: &loaded, Chain: none}, []string{"Chain=/does/not/exist: |another source"}},
		"value and all":       {tlsx.Certificate{Value: &loaded, PKCS12: none, Key: none, Password: none, Signer: signer}, []string{"Signer: |no use", "PKCS12", "Key", "Password"}},
		"pfx and key":         {tlsx.Certificate{PKCS12: none, Key: none, Chain: none}, []string{"Chain=/does/not/exist: |another source", "Key=/does/not/exist: |no use"}},
		"pfx and signer":      {tlsx.Certificate{PKCS12: none, Signer: signer}, []string{"Signer: |no use"}},
		"key and signer":      {tlsx.Certificate{Chain: none, Key: none, Signer: signer}, []string{"Key=/does/not/exist: |beside"}},
		"signer and password": {tlsx.Certificate{Chain: none, Password: none, Signer: signer}, []string{"Password=/does/not/exist: |no use"}},
		"names": {
			tlsx.Certificate{Chain: none, Names: []string{"a.example", "A.example.", "*.*.example", "f*.example", "", "*.192.0.2.1"}},
			[]string{"Names[1]=A.example.: |twice", "Names[2]=*.*.example: |whole first label", "Names[3]=f*.example", "Names[4]: ", "Names[5]=*.192.0.2.1"},
		},
		"signatures": {
			tlsx.Certificate{Chain: none, Signatures: []tls.SignatureScheme{tls.Ed25519, tls.Ed25519, 1, tls.PKCS1WithSHA1}},
			[]string{"Signatures[1]=ed25519: |twice", "Signatures[2]=0x0001: |ecdsa_secp256r1_sha256", "Signatures[3]=rsa_pkcs1_sha1: |tlssha1=1"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			for i := range c.want {
				c.want[i] = at + c.want[i]
			}
			refused(t, one(c.cert), c.want...)
		})
	}
	cfg := one(preloaded(made))
	cfg.UnknownName, cfg.Certificates[0].Default = tlsx.RefuseUnknown, true
	refused(t, cfg, at+"Default=true: |UnknownName")
}

// Several certificates, each with its own mistake: all are told.
func TestCertificatesUnreadable(t *testing.T) {
	made := leafOf(t, authority(t), pki.Leaf{Names: []string{"example.com"}})
	chain, key := tlsx.Text(string(made.ChainPEM())), tlsx.Text(string(made.KeyPEM()))
	none := filepath.Join(t.TempDir(), "none")
	empty := filepath.Join(t.TempDir(), "empty")
	require.NoError(t, os.WriteFile(empty, []byte("\n"), 0o600))
	damaged := tlsx.Text("-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n")
	strange := tlsx.Text("-----BEGIN DSA PRIVATE KEY-----\nMAA=\n-----END DSA PRIVATE KEY-----\n")
	broken := tlsx.Text("-----BEGIN ENCRYPTED PRIVATE KEY-----\nMAA=\n-----END ENCRYPTED PRIVATE KEY-----\n")
	cfg := &tlsx.Config{Certificates: []tlsx.Certificate{
		{Chain: tlsx.File(none), Key: key},
		{Chain: chain, Key: tlsx.File(none)},
		{Chain: chain, Key: key, Password: tlsx.Env("TLSX_TEST_UNSET")},
		{Chain: chain, Key: key, Password: tlsx.File(empty)},
		{Chain: key, Key: key},
		{Chain: tlsx.File(empty), Key: key},
		{Chain: chain},
		{Chain: chain, Key: tlsx.Text(string(made.KeyPEM()) + string(made.KeyPEM()))},
		{Chain: damaged, Key: key},
		{Chain: chain, Key: strange},
		{Chain: chain, Key: broken, Password: tlsx.Text("x")},
		{Value: &tls.Certificate{}},
		{PKCS12: tlsx.Text("x"), Password: tlsx.File(none)},
	}}
	_, err := tlsx.New(cfg)
	require.ErrorIs(t, err, fs.ErrNotExist)
	refused(t, cfg,
		"Certificates[0].Chain="+none+": |"+noFile, "Certificates[1].Key="+none+": |"+noFile,
		"Certificates[2].Password=$TLSX_TEST_UNSET: |not set", "Certificates[3].Password="+empty+": |is empty",
		"Certificates[4].Chain=(text): |only PRIVATE KEY", "Certificates[5].Chain="+empty+": |is not PEM",
		"Certificates[6].Chain=(text): |no private key", "Certificates[7].Key=(text): |more than one",
		"Certificates[8].Chain=(text): |certificate 1", "Certificates[9].Key=(text): |DSA PRIVATE KEY",
		"Certificates[10].Key=(text): |not an encrypted PKCS#8 key",
		"Certificates[11].Value: |holds no certificate", "Certificates[11].Value: |no crypto.Signer",
		"Certificates[12].Password="+none+": |"+noFile)
}

// Chain and key do not fit each other.
func TestCertificateMismatch(t *testing.T) {
	root := authority(t)
	sub, err := root.Intermediate(nil)
	require.NoError(t, err)
	twin, err := root.Intermediate(nil) // of the same name, with another key
	require.NoError(t, err)
	made := leafOf(t, sub, pki.Leaf{Names: []string{"example.com"}})
	other := leafOf(t, sub, pki.Leaf{Names: []string{"other.example"}})
	chain, key := made.TLS().Certificate, made.TLS().PrivateKey
	sorted := func(list ...[]byte) tlsx.Certificate {
		return tlsx.Certificate{Value: &tls.Certificate{Certificate: list, PrivateKey: key}}
	}
	require.Len(t, chain, 2)
	at := "Certificates[0].Value: |"
	refused(t, one(sorted(chain[1], chain[0])), at+"leaf is not first: the key belongs to certificate 2")
	refused(t, one(sorted(chain[0], other.Leaf().Raw, chain[1])), at+"certificate 2 (CN=other.example) did not issue certificate 1 (CN=example.com)")
	refused(t, one(sorted(chain[0], root.Certificate().Raw)), at+"did not issue certificate 1")
	refused(t, one(sorted(chain[0], twin.Certificate().Raw)), at+"did not issue certificate 1")
	refused(t, one(sorted(other.Leaf().Raw, chain[1])), at+"the key does not belong to the certificate (CN=other.example)")

	mixed := files(t, made)
	mixed.Key = files(t, other).Key
	refused(t, one(mixed), "Certificates[0].Key="+mixed.Key.File+": |does not belong to the certificate (CN=example.com) in "+mixed.Chain.File)
	foreign := tlsx.Certificate{Chain: mixed.Chain, Signer: other.TLS().PrivateKey.(crypto.Signer)}
	refused(t, one(foreign), "Certificates[0].Signer: |in "+mixed.Chain.File)
	silent := tlsx.Certificate{Chain: mixed.Chain, Signer: mute{foreign.Signer}}
	refused(t, one(silent), "Certificates[0].Signer: |does not belong")

	var missing *ecdsa.PrivateKey
	refused(t, one(tlsx.Certificate{Chain: mixed.Chain, Signer: missing}), "Certificates[0].Signer: |does not belong")

	_, err = tlsx.New(one(sorted(append(chain, root.Certificate().Raw)...)))
	assert.NoError(t, err, "the root may stand at the end")
}

// A certificate without a subject is told by its first name, or its number.
func TestCertificateUnnamed(t *testing.T) {
	ca := authority(t)
	other := leafOf(t, ca, pki.Leaf{Names: []string{"a.example"}}).TLS()
	for want, change := range map[string]func(*x509.Certificate){
		"(b.example)":         func(c *x509.Certificate) { c.DNSNames = []string{"b.example"} },
		"(serial number 255)": func(c *x509.Certificate) { c.SerialNumber = big.NewInt(255) },
	} {
		made := special(t, ca, func(c *x509.Certificate) {
			c.Subject = pkix.Name{}
			change(c)
		})
		made.PrivateKey = other.PrivateKey
		refused(t, one(tlsx.Certificate{Value: &made}), "Certificates[0].Value: |the key does not belong to the certificate "+want)
	}
}

// mute is a signer that cannot tell its public key.
type mute struct{ crypto.Signer }

func (mute) Public() crypto.PublicKey { return nil }

// The error names the file, and unwraps to x509's.
func TestCertificateValidity(t *testing.T) {
	now := time.Now().UTC().Truncate(time.Second)
	past := files(t, leafOf(t, authority(t), pki.Leaf{Names: []string{"example.com"}, NotBefore: now.Add(-2 * time.Hour), NotAfter: now.Add(-time.Hour)}))
	future := files(t, leafOf(t, authority(t), pki.Leaf{Names: []string{"example.com"}, NotBefore: now.Add(time.Hour), NotAfter: now.Add(2 * time.Hour)}))
	refused(t, &tlsx.Config{Certificates: []tlsx.Certificate{past, future}},
		"Certificates[0].Chain="+past.Chain.File+": |expired on "+now.Add(-time.Hour).Format(time.RFC3339),
		"Certificates[1].Chain="+future.Chain.File+": |not valid before "+now.Add(time.Hour).Format(time.RFC3339))
	_, err := tlsx.New(one(past))
	var invalid x509.CertificateInvalidError
	require.ErrorAs(t, err, &invalid)
	assert.Equal(t, x509.Expired, invalid.Reason)
	assert.Equal(t, "example.com", invalid.Cert.DNSNames[0])

	cfg := one(past)
	cfg.Time = func() time.Time { return now.Add(-90 * time.Minute) }
	_, err = tlsx.New(cfg)
	require.NoError(t, err)
	cfg = one(future)
	cfg.Time = func() time.Time { return now.Add(90 * time.Minute) }
	_, err = tlsx.New(cfg)
	require.NoError(t, err)
}

// Each scheme has to fit the key in a version that is allowed, and each
// version needs one.
func TestCertificateSignatures(t *testing.T) {
	ca := authority(t)
	kinds := map[pki.KeyType]*pki.Certificate{}
	for _, kind := range []pki.KeyType{pki.ECDSAP256, pki.ECDSAP384, pki.RSA2048, pki.Ed25519} {
		kinds[kind] = leafOf(t, ca, pki.Leaf{Names: []string{"example.com"}, Key: kind})
	}
	at := "Certificates[0].Signatures"
	for name, c := range map[string]struct {
		key      pki.KeyType
		list     []tls.SignatureScheme
		min, max uint16
		want     []string
	}{
		"RSA":              {key: pki.RSA2048, list: []tls.SignatureScheme{tls.PSSWithSHA384, tls.PKCS1WithSHA256}},
		"RSA, 1.2":         {key: pki.RSA2048, list: []tls.SignatureScheme{tls.PKCS1WithSHA256}, max: tls.VersionTLS12},
		"no PKCS#1 in 1.3": {key: pki.RSA2048, list: []tls.SignatureScheme{tls.PKCS1WithSHA256}, want: []string{at + ": |none for TLS 1.3 with this key: want any of rsa_pss_rsae_sha256, rsa"}},
		"only 1.3": {
			key: pki.RSA2048, list: []tls.SignatureScheme{tls.PKCS1WithSHA256, tls.PSSWithSHA256}, min: tls.VersionTLS13,
			want: []string{at + "[0]=rsa_pkcs1_sha256: |with this key: want any of rsa_pss"},
		},
		"P-256":        {key: pki.ECDSAP256, list: []tls.SignatureScheme{tls.ECDSAWithP256AndSHA256}},
		"P-256 in 1.2": {key: pki.ECDSAP256, list: []tls.SignatureScheme{tls.ECDSAWithP384AndSHA384}, max: tls.VersionTLS12},
		"P-384":        {key: pki.ECDSAP384, list: []tls.SignatureScheme{tls.ECDSAWithP256AndSHA256}, want: []string{at + ": |TLS 1.3 with this key: want any of ecdsa_secp384r1_sha384"}},
		"Ed25519":      {key: pki.Ed25519, list: []tls.SignatureScheme{tls.Ed25519}},
		"RSA's":        {key: pki.Ed25519, list: []tls.SignatureScheme{tls.Ed25519, tls.PSSWithSHA256}, want: []string{at + "[1]=rsa_pss_rsae_sha256: |want any of ed25519"}},
	} {
		t.Run(name, func(t *testing.T) {
			cert := preloaded(kinds[c.key])
			cert.Signatures = c.list
			cfg := one(cert)
			cfg.MinVersion, cfg.MaxVersion = c.min, c.max
			if len(c.want) > 0 {
				refused(t, cfg, c.want...)
				return
			}
			presents(t, cfg)
		})
	}
}

// The scheme that was chosen is what goes over the wire: a client that knows
// only others is refused.
func TestCertificateSignatureUsed(t *testing.T) {
	made := leafOf(t, authority(t), pki.Leaf{Names: []string{"example.com"}, Key: pki.RSA2048})
	cert := preloaded(made)
	cert.Signatures = []tls.SignatureScheme{tls.PSSWithSHA512}
	cfg, err := tlsx.New(one(cert))
	require.NoError(t, err)
	got, err := cfg.GetCertificate(&tls.ClientHelloInfo{ServerName: "example.com"})
	require.NoError(t, err)
	hello := &tls.ClientHelloInfo{SupportedVersions: []uint16{tls.VersionTLS13}, SignatureSchemes: []tls.SignatureScheme{tls.PSSWithSHA256}}
	require.Error(t, hello.SupportsCertificate(got))
	hello.SignatureSchemes = append(hello.SignatureSchemes, tls.PSSWithSHA512)
	require.NoError(t, hello.SupportsCertificate(got))
	assert.IsType(t, &rsa.PrivateKey{}, got.PrivateKey)
}

// SHA-1 signatures are Go's to allow.
func TestCertificateSHA1(t *testing.T) {
	made := leafOf(t, authority(t), pki.Leaf{Names: []string{"example.com"}, Key: pki.RSA2048})
	cert := preloaded(made)
	cert.Signatures = []tls.SignatureScheme{tls.PKCS1WithSHA1}
	cfg := one(cert)
	cfg.MaxVersion = tls.VersionTLS12
	t.Setenv("GODEBUG", "tlssha1=1")
	refused(t, cfg, "Certificates[0].Signatures[0]=rsa_pkcs1_sha1: |AllowWeak")
	cfg.AllowWeak = true
	_, err := tlsx.New(cfg)
	require.NoError(t, err)
}
