package tlsx

import (
	"bytes"
	"crypto"
	"crypto/fips140"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"math/big"

	"golang.org/x/crypto/ocsp"
)

// What RFC 6960, section 4.2.1, has around the IDs of the certificates, which
// package ocsp does not hand out. encoding/asn1 passes over what follows in a
// sequence.
type (
	ocspResponse struct {
		Status asn1.Enumerated
		Bytes  struct {
			Type     asn1.ObjectIdentifier
			Response []byte
		} `asn1:"explicit,tag:0,optional"`
	}
	ocspBasic struct {
		Data struct {
			Version   int `asn1:"optional,default:0,explicit,tag:0"`
			Responder asn1.RawValue
			Produced  asn1.RawValue
			Responses []ocspSingle
		}
	}
	ocspSingle struct {
		ID struct {
			Hash              pkix.AlgorithmIdentifier
			NameHash, KeyHash []byte
			Serial            *big.Int
		}
	}
)

// checkOCSPIssuer makes sure that the serial number is one of this issuer: a
// responder may speak for several CAs, which all count from 1.
func checkOCSPIssuer(r *ocsp.Response, leaf, issuer *x509.Certificate) error {
	var outer ocspResponse
	if _, err := asn1.Unmarshal(r.Raw, &outer); err != nil {
		return err
	}
	var basic ocspBasic
	if _, err := asn1.Unmarshal(outer.Bytes.Response, &basic); err != nil {
		return err
	}
	nameHash, keyHash, err := issuerHashes(issuer, r.IssuerHash)
	if err != nil {
		return err
	}
	for _, single := range basic.Data.Responses {
		// The first one of the serial number is what r is about.
		if single.ID.Serial.Cmp(leaf.SerialNumber) != 0 {
			continue
		}
		if bytes.Equal(single.ID.NameHash, nameHash) && bytes.Equal(single.ID.KeyHash, keyHash) {
			return nil
		}
		break
	}
	return errOCSPOther
}

// issuerHashes are how a response names an issuer.
func issuerHashes(issuer *x509.Certificate, hash crypto.Hash) (name, key []byte, err error) {
	var spki struct {
		Algorithm pkix.AlgorithmIdentifier
		Key       asn1.BitString
	}
	if _, err := asn1.Unmarshal(issuer.RawSubjectPublicKeyInfo, &spki); err != nil {
		return nil, nil, err
	}
	if !hash.Available() {
		return nil, nil, fmt.Errorf("%s: %w", hash, x509.ErrUnsupportedAlgorithm)
	}
	// Nearly all have SHA-1 here, which only finds the issuer and protects nothing.
	fips140.WithoutEnforcement(func() {
		name = hashOf(hash, issuer.RawSubject)
		key = hashOf(hash, spki.Key.RightAlign())
	})
	return name, key, nil
}

func hashOf(hash crypto.Hash, b []byte) []byte {
	h := hash.New()
	h.Write(b)
	return h.Sum(nil)
}
