package tlsx

import (
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/fips140"
	"crypto/pbkdf2"
	"crypto/sha1" //nolint:gosec // what RFC 8018 takes where a file names no function
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"hash"

	"golang.org/x/crypto/scrypt"
)

// effort bounds what deriving a key from a password may cost, because the file
// itself says how much it wants.
type effort struct {
	iterations int // of PBKDF2: OpenSSL writes 2,048
	memory     int // of scrypt, in bytes: OpenSSL takes 16 MiB
	lanes      int // of scrypt: OpenSSL takes 1
}

// maxEffort is some seconds.
var maxEffort = effort{iterations: 10_000_000, memory: 256 << 20, lanes: 16}

var (
	errWrongPassword = errors.New("the password is wrong, or the text damaged")
	errDamaged       = errors.New("is not an encrypted PKCS#8 key in DER")
)

// The names of RFC 8018 (PKCS#5) and RFC 7914 (scrypt).
var (
	oidPBES2  = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 13}
	oidPBKDF2 = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 12}
	oidPBMAC1 = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 14}
	oidScrypt = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 11591, 4, 11}
)

// pseudorandom are the functions of PBKDF2.
var pseudorandom = map[string]func() hash.Hash{
	"":                    sha1.New, // the default of RFC 8018
	"1.2.840.113549.2.7":  sha1.New,
	"1.2.840.113549.2.9":  sha256.New,
	"1.2.840.113549.2.10": sha512.New384,
	"1.2.840.113549.2.11": sha512.New,
}

// keyLengths are the ciphers that are read, in bytes.
var keyLengths = map[string]int{
	"2.16.840.1.101.3.4.1.2":  16, // aes128-CBC
	"2.16.840.1.101.3.4.1.22": 24, // aes192-CBC
	"2.16.840.1.101.3.4.1.42": 32, // aes256-CBC
}

type (
	lockedKey struct {
		Algorithm pkix.AlgorithmIdentifier
		Data      []byte
	}
	pbes2Params struct {
		KDF, Cipher pkix.AlgorithmIdentifier
	}
	pbkdf2Params struct {
		Salt       []byte
		Iterations int
		KeyLength  int                      `asn1:"optional"`
		PRF        pkix.AlgorithmIdentifier `asn1:"optional"`
	}
	scryptParams struct {
		Salt      []byte
		N, R, P   int
		KeyLength int `asn1:"optional"`
	}
)

// decryptKey opens a key that is encrypted with PBES2, as OpenSSL writes it
// since 1.0. It is here, and not taken from a library, because those that there
// are bound no effort and panic on a bad block size.
func decryptKey(der, password []byte, limit effort) (crypto.PrivateKey, error) {
	var locked lockedKey
	if unmarshal(der, &locked) != nil {
		return nil, errDamaged
	}
	if !locked.Algorithm.Algorithm.Equal(oidPBES2) {
		return nil, fmt.Errorf(`the key is encrypted with %s: want PBES2, write it anew with "openssl pkcs8 -topk8 -v2 aes-256-cbc"`,
			locked.Algorithm.Algorithm)
	}
	var params pbes2Params
	if unmarshal(locked.Algorithm.Parameters.FullBytes, &params) != nil {
		return nil, errDamaged
	}
	length, ok := keyLengths[params.Cipher.Algorithm.String()]
	if !ok {
		return nil, fmt.Errorf("the key is encrypted with cipher %s: want AES-128, AES-192 or AES-256 in CBC mode", params.Cipher.Algorithm)
	}
	secret, err := derive(params.KDF, password, length, limit)
	if err != nil {
		return nil, err
	}
	plain, err := decryptCBC(secret, params.Cipher.Parameters.FullBytes, locked.Data)
	if err != nil {
		return nil, err
	}
	key, err := x509.ParsePKCS8PrivateKey(plain)
	if err != nil {
		return nil, errWrongPassword // one in 256 wrong ones leaves padding that is right
	}
	return key, nil
}

func derive(kdf pkix.AlgorithmIdentifier, password []byte, length int, limit effort) ([]byte, error) {
	switch {
	case kdf.Algorithm.Equal(oidPBKDF2):
		return derivePBKDF2(kdf.Parameters.FullBytes, password, length, limit)
	case kdf.Algorithm.Equal(oidScrypt):
		return deriveScrypt(kdf.Parameters.FullBytes, password, length, limit)
	}
	return nil, fmt.Errorf("the key is encrypted with key derivation %s: want PBKDF2 or scrypt", kdf.Algorithm)
}

func derivePBKDF2(der, password []byte, length int, limit effort) ([]byte, error) {
	var params pbkdf2Params
	if unmarshal(der, &params) != nil || (params.KeyLength != 0 && params.KeyLength != length) {
		return nil, errDamaged
	}
	if err := limit.allows(params.Iterations); err != nil {
		return nil, err
	}
	sum := pseudorandom[params.PRF.Algorithm.String()]
	if sum == nil {
		return nil, fmt.Errorf("the key is encrypted with PBKDF2 over %s: want HMAC with SHA-1, SHA-256, SHA-384 or SHA-512", params.PRF.Algorithm)
	}
	return pbkdf2.Key(sum, string(password), params.Salt, params.Iterations, length)
}

func (e effort) allows(iterations int) error {
	if iterations < 1 || iterations > e.iterations {
		return fmt.Errorf("asks for %d iterations: want 1 to %d", iterations, e.iterations)
	}
	return nil
}

func deriveScrypt(der, password []byte, length int, limit effort) ([]byte, error) {
	if fips140.Enabled() {
		return nil, fmt.Errorf("the key is encrypted with scrypt, which FIPS 140-3 mode forbids: %w", errors.ErrUnsupported)
	}
	var params scryptParams
	if unmarshal(der, &params) != nil || (params.KeyLength != 0 && params.KeyLength != length) {
		return nil, errDamaged
	}
	n, r, p := params.N, params.R, params.P
	if n < 2 || r < 1 || p < 1 || p > limit.lanes || n > limit.memory/128/r {
		return nil, fmt.Errorf("asks scrypt for N=%d, r=%d, p=%d: want at most %d bytes (128 N r) and p=%d", n, r, p, limit.memory, limit.lanes)
	}
	return scrypt.Key(password, params.Salt, n, r, p, length)
}

func decryptCBC(secret, ivDER, data []byte) ([]byte, error) {
	var iv []byte
	if unmarshal(ivDER, &iv) != nil || len(iv) != aes.BlockSize || len(data) == 0 || len(data)%aes.BlockSize != 0 {
		return nil, errDamaged
	}
	block, err := aes.NewCipher(secret)
	if err != nil {
		return nil, err
	}
	plain := make([]byte, len(data))
	cipher.NewCBCDecrypter(block, iv).CryptBlocks(plain, data)
	n := int(plain[len(plain)-1])
	if n == 0 || n > aes.BlockSize {
		return nil, errWrongPassword
	}
	for _, b := range plain[len(plain)-n:] {
		if int(b) != n {
			return nil, errWrongPassword
		}
	}
	return plain[:len(plain)-n], nil
}

// unmarshal is asn1.Unmarshal without a rest.
func unmarshal(der []byte, value any) error {
	rest, err := asn1.Unmarshal(der, value)
	if err == nil && len(rest) > 0 {
		err = asn1.SyntaxError{Msg: "trailing data"}
	}
	return err
}
