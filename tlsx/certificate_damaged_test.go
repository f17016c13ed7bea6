package tlsx_test

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ed25519"
	"crypto/pbkdf2"
	"crypto/sha1"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"software.sslmate.com/src/go-pkcs12"

	"github.com/strata-net/strata/tlsx"
	"github.com/strata-net/strata/tlsx/pki"
)

func marshal(t *testing.T, value any) []byte {
	t.Helper()
	der, err := asn1.Marshal(value)
	require.NoError(t, err)
	return der
}

func algorithm(t *testing.T, id asn1.ObjectIdentifier, params any) pkix.AlgorithmIdentifier {
	t.Helper()
	a := pkix.AlgorithmIdentifier{Algorithm: id}
	if params != nil {
		a.Parameters = asn1.RawValue{FullBytes: marshal(t, params)}
	}
	return a
}

var (
	pbes2     = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 13}
	kdfPBKDF2 = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 12}
	kdfScrypt = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 11591, 4, 11}
	aes128    = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 1, 2}
)

type (
	outer struct{ KDF, Cipher pkix.AlgorithmIdentifier }
	pbkdf struct {
		Salt               []byte
		Iterations, Length int
	}
	scrypt struct {
		Salt            []byte
		N, R, P, Length int
	}
	locked struct {
		Algorithm pkix.AlgorithmIdentifier
		Data      []byte
	}
)

// seal encrypts text with the password x, as one that knows the format would.
func seal(t *testing.T, text []byte) []byte {
	t.Helper()
	key, err := pbkdf2.Key(sha1.New, "x", []byte("salt of 16 bytes"), 1, 16)
	require.NoError(t, err)
	block, err := aes.NewCipher(key)
	require.NoError(t, err)
	sealed := make([]byte, len(text))
	cipher.NewCBCEncrypter(block, make([]byte, 16)).CryptBlocks(sealed, text)
	return sealed
}

// Whatever part of an encrypted key is wrong, the error says so.
func TestDecryptKeyDamaged(t *testing.T) {
	iv := make([]byte, 16)
	good := pbkdf{[]byte("salt of 16 bytes"), 1, 16}
	encrypted := func(kdf, cipher pkix.AlgorithmIdentifier, data []byte) []byte {
		return marshal(t, locked{algorithm(t, pbes2, outer{kdf, cipher}), data})
	}
	plain := func(kdf pkix.AlgorithmIdentifier, data []byte) []byte {
		return encrypted(kdf, algorithm(t, aes128, iv), data)
	}
	_, key, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	der, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	require.Len(t, der, 48)
	full := slices.Concat(der, bytes.Repeat([]byte{16}, 16))

	got, err := tlsx.DecryptKey(plain(algorithm(t, kdfPBKDF2, good), seal(t, full)), []byte("x"), 1, 0, 0)
	require.NoError(t, err)
	assert.True(t, key.Equal(got))

	const damaged, wrong = "not an encrypted PKCS#8 key", "password is wrong"
	for name, c := range map[string]struct {
		der  []byte
		word string
	}{
		"trailing":      {append(plain(algorithm(t, kdfPBKDF2, good), seal(t, full)), 0), damaged},
		"no parameters": {marshal(t, locked{algorithm(t, pbes2, nil), iv}), damaged},
		"strange KDF":   {plain(algorithm(t, pbes2, nil), iv), "want PBKDF2 or scrypt"},
		"no KDF":        {plain(algorithm(t, kdfPBKDF2, 1), iv), damaged},
		"key length":    {plain(algorithm(t, kdfPBKDF2, pbkdf{iv, 1, 17}), iv), damaged},
		"no iterations": {plain(algorithm(t, kdfPBKDF2, pbkdf{iv, 0, 16}), iv), "asks for 0 iterations"},
		"negative":      {plain(algorithm(t, kdfPBKDF2, pbkdf{iv, -1, 16}), iv), "asks for -1 iterations"},
		"no scrypt":     {plain(algorithm(t, kdfScrypt, 1), iv), damaged},
		"scrypt length": {plain(algorithm(t, kdfScrypt, scrypt{iv, 2, 1, 1, 15}), iv), damaged},
		"scrypt N":      {plain(algorithm(t, kdfScrypt, scrypt{iv, 3, 1, 1, 16}), iv), "power of 2"},
		"scrypt r":      {plain(algorithm(t, kdfScrypt, scrypt{iv, 2, 0, 1, 16}), iv), "r=0"},
		"no IV":         {encrypted(algorithm(t, kdfPBKDF2, good), algorithm(t, aes128, 1), iv), damaged},
		"short IV":      {encrypted(algorithm(t, kdfPBKDF2, good), algorithm(t, aes128, iv[:8]), iv), damaged},
		"no data":       {plain(algorithm(t, kdfPBKDF2, good), nil), damaged},
		"half a block":  {plain(algorithm(t, kdfPBKDF2, good), iv[:8]), damaged},
		"padding 0":     {plain(algorithm(t, kdfPBKDF2, good), seal(t, append(der[:47:47], 0))), wrong},
		"padding 17":    {plain(algorithm(t, kdfPBKDF2, good), seal(t, append(der[:47:47], 17))), wrong},
		"padding mixed": {plain(algorithm(t, kdfPBKDF2, good), seal(t, append(der[:46:46], 1, 2))), wrong},
		"no key":        {plain(algorithm(t, kdfPBKDF2, good), seal(t, append(make([]byte, 15), 1))), wrong},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := tlsx.DecryptKey(c.der, []byte("x"), 1, 1<<20, 1)
			require.ErrorContains(t, err, c.word)
		})
	}
}

// PFX files that openssl 3.0 does not write.
func TestPKCS12Odd(t *testing.T) {
	ca := authority(t)
	made, other := leafOf(t, ca, pki.Leaf{Names: []string{"example.com"}}), leafOf(t, ca, pki.Leaf{Names: []string{"b.example"}})
	config := func(der []byte) *tlsx.Config {
		return one(tlsx.Certificate{PKCS12: tlsx.Text(string(der)), Password: tlsx.Text("x")})
	}
	newest := pkcs12.Modern2026 // with PBMAC1, RFC 9579
	der, err := newest.Encode(made.TLS().PrivateKey, made.Leaf(), nil, "x")
	require.NoError(t, err)
	presents(t, config(der))
	require.EqualError(t, tlsx.OpenPFX(der, []byte("x"), 2047), "asks for 2048 iterations: want 1 to 2047")

	mixed, err := newest.Encode(other.TLS().PrivateKey, made.Leaf(), nil, "x")
	require.NoError(t, err)
	refused(t, config(mixed), "Certificates[0].PKCS12=(text): |the key does not belong to the certificate (CN=example.com)")

	require.Equal(t, []byte{2, 1, 3}, der[4:7], "the version")
	der[6] = 2
	refused(t, config(der), "Certificates[0].PKCS12=(text): |v3")
	refused(t, config(marshal(t, struct{ Version int }{3})), "Certificates[0].PKCS12=(text): |no PKCS#12 file")

	type digest struct {
		Algorithm pkix.AlgorithmIdentifier
		Sum       []byte
	}
	type mac struct {
		Digest digest
		Salt   []byte
	}
	type pfx struct {
		Version int
		Safe    []byte
		MAC     mac
	}
	pbmac1 := asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 14}
	empty := marshal(t, pfx{3, nil, mac{digest{algorithm(t, pbmac1, 1), nil}, nil}})
	refused(t, config(empty), "Certificates[0].PKCS12=(text): |no PKCS#12 file")
}
