package tlsx

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/tls"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// checkSignatures looks at the numbers alone: the key is not read yet.
func checkSignatures(p *problems, field string, list []tls.SignatureScheme, weak bool) {
	for i, id := range list {
		err := checkSignature(id, weak)
		if err == nil && earlier(list, i) {
			err = errDuplicate
		}
		p.add("config", fmt.Sprintf("%s[%d]", field, i), SignatureName(id), err)
	}
}

func checkSignature(id tls.SignatureScheme, weak bool) error {
	switch {
	case !known(id, signatures):
		return fmt.Errorf("is none of %s", names(signatures))
	case forbiddenSignature(id):
		return errFIPS("those with SHA-256 and more, and ed25519")
	case isSHA1(id) && godebug("tlssha1") != "1":
		return errors.New("is refused by Go: want SHA-256 or more, or GODEBUG=tlssha1=1")
	case isSHA1(id) && !weak:
		return errors.New("is weak: want SHA-256 or more, or AllowWeak")
	}
	return nil
}

func isSHA1(id tls.SignatureScheme) bool { return id == tls.PKCS1WithSHA1 || id == tls.ECDSAWithSHA1 }

// checkSchemes says which of the chosen schemes the key cannot sign with, and
// which version is left without any.
func (l *loader) checkSchemes(made *tls.Certificate) {
	if len(l.cert.Signatures) == 0 {
		return
	}
	public := made.Leaf.PublicKey
	var able []tls.SignatureScheme
	for _, version := range l.config.protocol().all() {
		if version < tls.VersionTLS12 {
			continue // which had no schemes to choose from
		}
		can := schemesOf(public, version)
		able = append(able, can...)
		if !slices.ContainsFunc(can, func(id tls.SignatureScheme) bool { return slices.Contains(l.cert.Signatures, id) }) {
			l.fail(source{field: l.at + ".Signatures"}, fmt.Errorf("has none for %s with this key: want any of %s", tls.VersionName(version), listed(can)))
		}
	}
	for i, id := range l.cert.Signatures {
		if !slices.Contains(able, id) {
			l.fail(source{fmt.Sprintf("%s.Signatures[%d]", l.at, i), SignatureName(id)},
				fmt.Errorf("cannot be used with this key: want any of %s", listed(able)))
		}
	}
}

func listed(list []tls.SignatureScheme) string {
	var all []string
	for _, id := range list {
		if name := SignatureName(id); !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	return strings.Join(all, ", ")
}

var (
	schemesPSS   = []tls.SignatureScheme{tls.PSSWithSHA256, tls.PSSWithSHA384, tls.PSSWithSHA512}
	schemesPKCS1 = []tls.SignatureScheme{tls.PKCS1WithSHA256, tls.PKCS1WithSHA384, tls.PKCS1WithSHA512, tls.PKCS1WithSHA1}
	schemesECDSA = []tls.SignatureScheme{tls.ECDSAWithP256AndSHA256, tls.ECDSAWithP384AndSHA384, tls.ECDSAWithP521AndSHA512, tls.ECDSAWithSHA1}
)

// minPSS512 is how long a key must be to sign two SHA-512 sums, hash and salt,
// in bytes (RFC 8017, section 9.1.1).
const minPSS512 = 2*64 + 2

// schemesOf returns what a key can sign with: TLS 1.2 takes any hash for any
// curve, 1.3 one for each, and no PKCS#1 v1.5 (RFC 8446, section 4.2.3).
func schemesOf(public crypto.PublicKey, version uint16) []tls.SignatureScheme {
	switch key := public.(type) {
	case *rsa.PublicKey:
		pss := schemesPSS
		if key.Size() < minPSS512 {
			pss = pss[:2]
		}
		if version == tls.VersionTLS13 {
			return pss
		}
		return slices.Concat(pss, schemesPKCS1)
	case *ecdsa.PublicKey:
		switch {
		case version != tls.VersionTLS13:
			return schemesECDSA
		case key.Curve == elliptic.P256():
			return schemesECDSA[:1]
		case key.Curve == elliptic.P384():
			return schemesECDSA[1:2]
		}
		return schemesECDSA[2:3]
	}
	return []tls.SignatureScheme{tls.Ed25519}
}
