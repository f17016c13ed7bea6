package tlsx_test

import (
	"crypto/tls"
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/tlsx"
)

// selfSigned makes cert.pem for key.pem, with the name of the tests.
func selfSigned(t *testing.T, dir, key, cert string, more ...string) {
	t.Helper()
	args := []string{"req", "-x509", "-new", "-key", key, "-out", cert, "-days", "2", "-subj", "/CN=test", "-addext", "subjectAltName=DNS:example.com"}
	openssl(t, dir, append(args, more...)...)
}

// Keys of every kind, as the openssl of this machine writes them.
func TestKeysOfOpenSSL(t *testing.T) {
	for name, c := range map[string]struct {
		steps    [][]string // the last one writes made.pem
		password string
	}{
		"RSA, PKCS#8": {steps: [][]string{{"genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", "made.pem"}}},
		"RSA, PKCS#1": {steps: [][]string{{"genrsa", "-out", "new.pem", "2048"}, {"rsa", "-in", "new.pem", "-traditional", "-out", "made.pem"}}},
		// Its first block is EC PARAMETERS.
		"P-384, SEC 1": {steps: [][]string{{"ecparam", "-name", "secp384r1", "-genkey", "-out", "made.pem"}}},
		"Ed25519":      {steps: [][]string{{"genpkey", "-algorithm", "ED25519", "-out", "made.pem"}}},
		"default": {password: "secret word", steps: [][]string{
			{"genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-aes-256-cbc", "-pass", "pass:secret word", "-out", "made.pem"},
		}},
		"AES-128 and SHA-512": {password: "pä§s", steps: [][]string{
			{"genpkey", "-algorithm", "ED25519", "-out", "new.pem"},
			{"pkcs8", "-topk8", "-in", "new.pem", "-v2", "aes-128-cbc", "-v2prf", "hmacWithSHA512", "-passout", "pass:pä§s", "-out", "made.pem"},
		}},
		"AES-192, SHA-1 and many iterations": {password: "x", steps: [][]string{
			{"genpkey", "-algorithm", "ED25519", "-out", "new.pem"},
			{"pkcs8", "-topk8", "-in", "new.pem", "-v2", "aes-192-cbc", "-v2prf", "hmacWithSHA1", "-iter", "100000", "-passout", "pass:x", "-out", "made.pem"},
		}},
		"scrypt": {password: "x", steps: [][]string{
			{"genpkey", "-algorithm", "ED25519", "-out", "new.pem"},
			{"pkcs8", "-topk8", "-in", "new.pem", "-scrypt", "-passout", "pass:x", "-out", "made.pem"},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			for _, step := range c.steps {
				openssl(t, dir, step...)
			}
			cert := tlsx.Certificate{Chain: tlsx.File(filepath.Join(dir, "cert.pem")), Key: tlsx.File(filepath.Join(dir, "made.pem"))}
			if c.password == "" {
				selfSigned(t, dir, "made.pem", "cert.pem")
			} else {
				selfSigned(t, dir, "made.pem", "cert.pem", "-passin", "pass:"+c.password)
				cert.Password = tlsx.Text(c.password + "\n")
			}
			presents(t, &tlsx.Config{Certificates: []tlsx.Certificate{cert}})

			both := tlsx.Certificate{Chain: tlsx.File(join(t, dir, "both.pem", "made.pem", "cert.pem")), Password: cert.Password}
			presents(t, &tlsx.Config{Certificates: []tlsx.Certificate{both}})
			if c.password != "" {
				cert.Password = tlsx.Text("wrong")
				refused(t, &tlsx.Config{Certificates: []tlsx.Certificate{cert}}, "Certificates[0].Key="+cert.Key.File+"|password is wrong")
				cert.Password = tlsx.Data{}
				refused(t, &tlsx.Config{Certificates: []tlsx.Certificate{cert}}, "Certificates[0].Key="+cert.Key.File+"|want Password")
			} else {
				cert.Password = tlsx.Text("word")
				refused(t, &tlsx.Config{Certificates: []tlsx.Certificate{cert}}, "Certificates[0].Password=(text)|not encrypted")
			}
		})
	}
}

// presents checks that a server with cfg shakes hands.
func presents(t *testing.T, cfg *tlsx.Config) {
	t.Helper()
	server, err := tlsx.New(cfg)
	require.NoError(t, err)
	s, err := shake(t, server, &tls.Config{ServerName: "example.com", InsecureSkipVerify: true})
	require.NoError(t, err)
	assert.Equal(t, []string{"example.com"}, s.PeerCertificates[0].DNSNames)
}

// newKey writes new.pem, which openssl does sooner than one of RSA.
var newKey = []string{"ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", "new.pem"}

// What openssl can write, and what is not read: with a cause that helps.
func TestKeysOfOpenSSLRefused(t *testing.T) {
	for name, c := range map[string]struct {
		args []string
		word string
	}{
		"Proc-Type":   {[]string{"ec", "-in", "new.pem", "-aes128", "-passout", "pass:x", "-out", "made.pem"}, "openssl pkcs8 -topk8"},
		"PBES1":       {[]string{"pkcs8", "-topk8", "-in", "new.pem", "-v1", "PBE-SHA1-3DES", "-passout", "pass:x", "-out", "made.pem"}, "want PBES2"},
		"3DES":        {[]string{"pkcs8", "-topk8", "-in", "new.pem", "-v2", "des3", "-passout", "pass:x", "-out", "made.pem"}, "want AES-128"},
		"SHA-224":     {[]string{"pkcs8", "-topk8", "-in", "new.pem", "-v2", "aes256", "-v2prf", "hmacWithSHA224", "-passout", "pass:x", "-out", "made.pem"}, "want HMAC with SHA-1"},
		"X25519":      {[]string{"genpkey", "-algorithm", "X25519", "-out", "made.pem"}, "does not belong"},
		"public":      {[]string{"pkey", "-in", "new.pem", "-pubout", "-out", "made.pem"}, "no private key"},
		"DER":         {[]string{"pkey", "-in", "new.pem", "-outform", "DER", "-out", "made.pem"}, "is not PEM"},
		"another key": {[]string{"genpkey", "-algorithm", "ED25519", "-out", "made.pem"}, "does not belong to the certificate (CN=test) in "},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			openssl(t, dir, newKey...)
			selfSigned(t, dir, "new.pem", "cert.pem")
			openssl(t, dir, c.args...)
			key := filepath.Join(dir, "made.pem")
			cert := tlsx.Certificate{Chain: tlsx.File(filepath.Join(dir, "cert.pem")), Key: tlsx.File(key)}
			if text, err := os.ReadFile(key); assert.NoError(t, err) && strings.Contains(string(text), "BEGIN ENCRYPTED PRIVATE KEY") {
				cert.Password = tlsx.Text("x")
			}
			refused(t, &tlsx.Config{Certificates: []tlsx.Certificate{cert}}, "Certificates[0].Key="+key+"|"+c.word)
		})
	}
}

// Weak keys and curves that Go does not sign with.
func TestWeakKeysOfOpenSSL(t *testing.T) {
	for name, c := range map[string]struct {
		args       []string
		word, weak string // what is said without and with AllowWeak
	}{
		"RSA of 1024": {[]string{"genrsa", "-out", "new.pem", "1024"}, "RSA key of 1024 bits", ""},
		"RSA of 512":  {[]string{"genrsa", "-out", "new.pem", "512"}, "which Go refuses", "which Go refuses"},
		"P-224":       {[]string{"ecparam", "-name", "secp224r1", "-genkey", "-out", "new.pem"}, "want P-256", "want P-256"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			openssl(t, dir, c.args...)
			selfSigned(t, dir, "new.pem", "cert.pem")
			chain := filepath.Join(dir, "cert.pem")
			cfg := &tlsx.Config{Certificates: []tlsx.Certificate{{Chain: tlsx.File(chain), Key: tlsx.File(filepath.Join(dir, "new.pem"))}}}
			refused(t, cfg, "Certificates[0].Chain="+chain+"|"+c.word)
			cfg.AllowWeak = true
			if c.weak != "" {
				refused(t, cfg, "Certificates[0].Chain="+chain+"|"+c.weak)
				return
			}
			presents(t, cfg)
		})
	}
}

// A certificate can be for a key that TLS has no signatures of.
func TestOddKeyOfOpenSSL(t *testing.T) {
	dir := t.TempDir()
	openssl(t, dir, newKey...)
	selfSigned(t, dir, "new.pem", "ca.pem")
	openssl(t, dir, "genpkey", "-algorithm", "X25519", "-out", "odd.pem")
	openssl(t, dir, "pkey", "-in", "odd.pem", "-pubout", "-out", "odd.pub")
	openssl(t, dir, "req", "-new", "-key", "new.pem", "-subj", "/CN=odd", "-out", "req.pem")
	openssl(t, dir, "x509", "-req", "-in", "req.pem", "-CA", "ca.pem", "-CAkey", "new.pem", "-CAcreateserial", "-force_pubkey", "odd.pub", "-out", "cert.pem")
	chain := filepath.Join(dir, "cert.pem")
	refused(t, one(tlsx.Certificate{Chain: tlsx.File(chain), Key: tlsx.File(filepath.Join(dir, "new.pem"))}),
		"Certificates[0].Chain="+chain+": |does not sign with: want RSA, ECDSA or Ed25519")
}

// What a key can sign with depends on its size, too.
func TestSchemesOfOpenSSL(t *testing.T) {
	dir := t.TempDir()
	openssl(t, dir, "genrsa", "-out", "rsa.key", "1024")
	selfSigned(t, dir, "rsa.key", "rsa.pem")
	openssl(t, dir, "ecparam", "-name", "secp521r1", "-genkey", "-out", "ec.key")
	selfSigned(t, dir, "ec.key", "ec.pem")
	config := func(name string, schemes ...tls.SignatureScheme) *tlsx.Config {
		path := filepath.Join(dir, name)
		cfg := one(tlsx.Certificate{Chain: tlsx.File(path + ".pem"), Key: tlsx.File(path + ".key"), Signatures: schemes})
		cfg.AllowWeak, cfg.MinVersion = true, tls.VersionTLS10
		return cfg
	}
	presents(t, config("rsa", tls.PSSWithSHA384))
	presents(t, config("ec", tls.ECDSAWithP521AndSHA512))
	at := "Certificates[0].Signatures"
	refused(t, config("rsa", tls.PSSWithSHA384, tls.PSSWithSHA512), at+"[1]=rsa_pss_rsae_sha512: |want any of rsa_pss_rsae_sha256, rsa_pss_rsae_sha384, rsa_pkcs1")
	refused(t, config("ec", tls.ECDSAWithP256AndSHA256), at+": |none for TLS 1.3 with this key: want any of ecdsa_secp521r1_sha512")
}

// A CA that still signs with SHA-1: peers refuse what it signed, but not what
// signed itself.
func TestSHA1OfOpenSSL(t *testing.T) {
	dir := t.TempDir()
	openssl(t, dir, newKey...)
	openssl(t, dir, "ec", "-in", "new.pem", "-out", "ca.key")
	openssl(t, dir, "req", "-x509", "-new", "-key", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=ca", "-sha1")
	openssl(t, dir, newKey...)
	selfSigned(t, dir, "new.pem", "cert.pem", "-CA", "ca.pem", "-CAkey", "ca.key", "-sha1")
	chain := join(t, dir, "chain.pem", "cert.pem", "ca.pem")
	cfg := one(tlsx.Certificate{Chain: tlsx.File(chain), Key: tlsx.File(filepath.Join(dir, "new.pem"))})
	refused(t, cfg, "Certificates[0].Chain="+chain+": |certificate 1 (CN=test) is signed with ECDSA-SHA1: want SHA-256 or more, or AllowWeak")
	cfg.AllowWeak = true
	presents(t, cfg)
}

func TestPKCS12OfOpenSSL(t *testing.T) {
	dir := t.TempDir()
	openssl(t, dir, newKey...)
	openssl(t, dir, "ec", "-in", "new.pem", "-out", "ca.key")
	openssl(t, dir, "req", "-x509", "-new", "-key", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=ca")
	openssl(t, dir, newKey...)
	openssl(t, dir, "req", "-x509", "-new", "-key", "new.pem", "-CA", "ca.pem", "-CAkey", "ca.key", "-out", "cert.pem", "-days", "2",
		"-subj", "/CN=leaf", "-addext", "subjectAltName=DNS:example.com", "-addext", "basicConstraints=critical,CA:FALSE")
	openssl(t, dir, "genpkey", "-algorithm", "ED25519", "-out", "other.key")
	selfSigned(t, dir, "other.key", "other.pem")
	join(t, dir, "more.pem", "other.pem", "ca.pem")
	export := func(name string, args ...string) tlsx.Data {
		openssl(t, dir, append([]string{"pkcs12", "-export", "-inkey", "new.pem", "-in", "cert.pem", "-certfile", "more.pem", "-out", name}, args...)...)
		return tlsx.File(filepath.Join(dir, name))
	}
	config := func(pfx tlsx.Data, password string) *tlsx.Config {
		return &tlsx.Config{Certificates: []tlsx.Certificate{{PKCS12: pfx, Password: tlsx.Text(password)}}}
	}
	modern := export("modern.pfx", "-passout", "pass:secret")
	old := export("old.pfx", "-passout", "pass:secret", "-certpbe", "PBE-SHA1-3DES", "-keypbe", "PBE-SHA1-3DES", "-macalg", "sha1")
	empty := export("empty.pfx", "-passout", "pass:")
	unsigned := export("unsigned.pfx", "-passout", "pass:secret", "-nomac")
	raw, err := os.ReadFile(modern.File)
	require.NoError(t, err)
	text := tlsx.Text("\n" + base64.StdEncoding.EncodeToString(raw) + "\n")

	for _, cfg := range []*tlsx.Config{
		config(modern, "secret"), config(old, "secret"), config(text, "secret"), config(empty, ""),
	} {
		presents(t, cfg)
		got, err := tlsx.New(cfg)
		require.NoError(t, err)
		cert, err := got.GetCertificate(&tls.ClientHelloInfo{})
		require.NoError(t, err)
		assert.Len(t, cert.Certificate, 2, "the leaf and its CA, without what does not belong")
	}
	at := "Certificates[0].PKCS12="
	refused(t, config(modern, "wrong"), at+modern.File+"|password is wrong")
	refused(t, config(modern, ""), at+modern.File+"|want Password")
	assert.EqualError(t, tlsx.OpenPFX(raw, []byte("secret"), 2047), "asks for 2048 iterations: want 1 to 2047")
	refused(t, config(unsigned, "secret"), at+unsigned.File+"|has no MAC")
	refused(t, config(tlsx.Text("0"), "secret"), at+"(text)|no PKCS#12 file")
	refused(t, config(tlsx.Text("AAAA"), "secret"), at+"(text)|no PKCS#12 file")
	refused(t, config(tlsx.File(filepath.Join(dir, "none")), "secret"), at+filepath.Join(dir, "none")+"|"+noFile)
}

// How much work a file may ask for is bounded, because the file says it.
func TestEffort(t *testing.T) {
	dir := t.TempDir()
	openssl(t, dir, newKey...)
	open := func(name string, iterations, memory, lanes int, args ...string) error {
		openssl(t, dir, append([]string{"pkcs8", "-topk8", "-in", "new.pem", "-outform", "DER", "-passout", "pass:x", "-out", name}, args...)...)
		der, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		_, err = tlsx.DecryptKey(der, []byte("x"), iterations, memory, lanes)
		return err
	}
	require.NoError(t, open("1", 3000, 0, 0, "-iter", "3000"))
	require.EqualError(t, open("2", 2999, 0, 0, "-iter", "3000"), "asks for 3000 iterations: want 1 to 2999")
	scrypt := []string{"-scrypt", "-scrypt_N", "1024", "-scrypt_r", "8", "-scrypt_p", "2"}
	require.NoError(t, open("3", 0, 1<<20, 2, scrypt...))
	require.ErrorContains(t, open("4", 0, 1<<20-1, 2, scrypt...), "N=1024, r=8, p=2: want at most 1048575 bytes")
	require.ErrorContains(t, open("5", 0, 1<<20, 1, scrypt...), "and p=1")
}

// Whatever is in a file, it is refused in bounded time, and nothing panics.
func FuzzDecryptKey(f *testing.F) {
	for _, seed := range fuzzKeys {
		der, err := base64.StdEncoding.DecodeString(seed)
		require.NoError(f, err)
		f.Add(der, []byte("x"))
	}
	f.Fuzz(func(t *testing.T, der, password []byte) {
		key, err := tlsx.DecryptKey(der, password, 2048, 1<<20, 2)
		require.Equal(t, err == nil, key != nil)
	})
}

func FuzzPKCS12(f *testing.F) {
	der, err := base64.StdEncoding.DecodeString(fuzzPFX)
	require.NoError(f, err)
	require.NoError(f, tlsx.OpenPFX(der, []byte("x"), 2048))
	f.Add(der, []byte("x"))
	f.Fuzz(func(_ *testing.T, der, password []byte) {
		_ = tlsx.OpenPFX(der, password, 2048)
	})
}

// Made by OpenSSL 3.0 with the password x: PBKDF2, scrypt and PKCS#12.
var fuzzKeys = []string{
	"MIGbMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAh8Vwnvs34ezQICCAAwDAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEIrMaSzmc7n+W8WTpXVy5d4EQOrAVIsz/NMImpNsVwqsLr6HZ4tWMOZnYTDJt/mzTJx+8xtiSYEMUAy1plEbX7safCNT4T/NNJX6zJ8VyRToB3U=",
	"MIGTME8GCSqGSIb3DQEFDTBCMCEGCSsGAQQB2kcECzAUBAgaa7Ic+mM8ggICBAACAQgCAQEwHQYJYIZIAWUDBAEqBBBMWdLfFTCAYvy0N87mB37xBEBDgEh0UzMRxL/wKwHvGwpYk7SuzQZ821Ayq7n0YtHxSSUCLzuLg7v2g4LIbODf5ne1lzL5xWqQ9K6zi5h85bTx",
}

const fuzzPFX = "MIIDZgIBAzCCAxwGCSqGSIb3DQEHAaCCAw0EggMJMIIDBTCCAhIGCSqGSIb3DQEHBqCCAgMwggH/AgEAMIIB+AYJKoZIhvcNAQcBMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAj0Y9zWmC3b/AICCAAwDAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEIJW+X2+ww3TDHxCM6ApHNuAggGQaR0wYi9QCFM4s52iXkMK9lhl74UkTschNzho3ZrU/8r0R4Ja7Bu9y4rJjkhcVz6Etu+6jA9VwC53EBY03pIIop87SCx9Yo1WdNyar2QasniMhyaz8Y5rpHgMdYaUTLm5ELg3Od6ZrbOhlQm5MGqudq66vXlqcQUx+WXo6zsf/mdo+rDAs/mWJoxyK/yh4v4qDWED0dcIgivkuKvpH5dUrHfSKEfRpb+vL3zHCgXz0Dp1EpPTiovx/LG47+D6nwtXJ9uH772/ISkOpFRyGHgWrAJbY7qvPY/Vqk3/gSq+TDjdCpjPSxKHZ+ItoHgHEc83dSv7YAen1pOJFoCMIy6XBDN5TQ9P/cjd9fvgrHiuvkI6JGGJpIXPfsUQSNxK7FPmUCzRSI8TWJ2m3Xzp4zlLbCPTE+6iweNGTKXsbMWlSGwcPYuNREmGjmkqwDvwnpep2hEHvCGRgj8PO2CbmBNAAi/A++iLnLzVybrQQ2M76DZr9JEXcv9EfHCk1pJQGWSfXoE+fAp2UNefmXbpb4FdkTCB7AYJKoZIhvcNAQcBoIHeBIHbMIHYMIHVBgsqhkiG9w0BDAoBAqCBnjCBmzBXBgkqhkiG9w0BBQ0wSjApBgkqhkiG9w0BBQwwHAQIV46BFra4REUCAggAMAwGCCqGSIb3DQIJBQAwHQYJYIZIAWUDBAEqBBCwTb1I12T7hVqy5pADrGqIBEDnPJ0f7YckpRb7Uuoefg36XZCBXWSwSn+F9R6DkpX1T7L3X48qaQ+BOjxu3ImYGZ04KPLpyCN3Hryip3Y3ISyZMSUwIwYJKoZIhvcNAQkVMRYEFOTIEbPmim1Mxs9RmcQLpFbvcGW8MEEwMTANBglghkgBZQMEAgEFAAQgdi3w2rJxKEACCXOuohYSFWVKa4HwSSPHWVPLHuWvs74ECCPpW5bbcjtqAgIIAA=="
