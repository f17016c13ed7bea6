package dtlsx

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"reflect"
	"slices"
)

// carried are the fields of tls.Config that DTLS has, or that mean nothing to it
// whatever they say.
var carried = map[string]bool{
	"Certificates": true, "GetCertificate": true, "GetClientCertificate": true, "RootCAs": true, "ClientCAs": true,
	"ClientAuth": true, "ServerName": true, "NextProtos": true, "VerifyPeerCertificate": true, "VerifyConnection": true,
	"InsecureSkipVerify": true, "CipherSuites": true, "CurvePreferences": true, "KeyLogWriter": true,
	"MinVersion": true, "MaxVersion": true, // checked by themselves
	"SessionTicketsDisabled": true, "DynamicRecordSizingDisabled": true, "PreferServerCipherSuites": true,
}

// refused says why the other fields cannot carry over.
var refused = map[string]string{
	"Rand":                                "the library takes its randomness from crypto/rand",
	"Time":                                "the library checks certificates by the system's clock",
	"NameToCertificate":                   "is deprecated: the names of Certificates are used",
	"GetConfigForClient":                  "the library has one config for all clients: use GetCertificate and VerifyConnection",
	"SessionTicketKey":                    "DTLS 1.2 as the library has it has no tickets: use Sessions",
	"ClientSessionCache":                  "keeps the tickets of TLS: use Sessions",
	"UnwrapSession":                       "DTLS 1.2 as the library has it has no tickets: use Sessions",
	"WrapSession":                         "DTLS 1.2 as the library has it has no tickets: use Sessions",
	"Renegotiation":                       "the library does not renegotiate",
	"EncryptedClientHelloConfigList":      "ECH needs TLS 1.3",
	"EncryptedClientHelloRejectionVerify": "ECH needs TLS 1.3",
	"EncryptedClientHelloKeys":            "ECH needs TLS 1.3",
	"GetEncryptedClientHelloKeys":         "ECH needs TLS 1.3",
}

// unsupported finds the fields that are set and do not carry over. What a later
// release of Go adds does not carry over either.
func unsupported(c *tls.Config, p *problems) {
	v := reflect.ValueOf(c).Elem()
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if !f.IsExported() || carried[f.Name] || v.Field(i).IsZero() {
			continue
		}
		why, known := refused[f.Name]
		if !known {
			why = "is not known to DTLS"
		}
		p.add("TLS."+f.Name, "", fmt.Errorf("%s: %w", why, errors.ErrUnsupported))
	}
}

// checkTLS finds what is wrong with TLS for one side.
func (c *Config) checkTLS(s side, p *problems) {
	t := c.TLS
	if t == nil {
		if c.PSK == nil {
			p.add("TLS", "nil", errors.New("there is no PSK either"))
		}
		return
	}
	unsupported(t, p)
	if t.MinVersion > tls.VersionTLS12 {
		p.add("TLS.MinVersion", tls.VersionName(t.MinVersion), fmt.Errorf("the library has DTLS 1.2 only: %w", errors.ErrUnsupported))
	}
	if t.MaxVersion != 0 && t.MaxVersion < tls.VersionTLS12 {
		p.add("TLS.MaxVersion", tls.VersionName(t.MaxVersion), fmt.Errorf("the library has DTLS 1.2 only: %w", errors.ErrUnsupported))
	}
	for i := range t.Certificates {
		p.add(fmt.Sprintf("TLS.Certificates[%d]", i), "", checkCertificate(&t.Certificates[i]))
	}
	for i, proto := range t.NextProtos {
		if len(proto) == 0 || len(proto) > 255 {
			p.add(fmt.Sprintf("TLS.NextProtos[%d]", i), proto, errors.New("must have 1 to 255 bytes"))
		}
	}
	if t.ClientAuth < tls.NoClientCert || t.ClientAuth > tls.RequireAndVerifyClientCert {
		p.add("TLS.ClientAuth", t.ClientAuth.String(), errors.New("is not a policy"))
	}
	if s == server {
		c.checkServer(p)
	} else {
		c.checkClient(p)
	}
}

func (c *Config) checkServer(p *problems) {
	t := c.TLS
	has := c.certified()
	if !has && c.PSK == nil {
		p.add("TLS", "", errors.New("a server needs Certificates, GetCertificate or PSK"))
	}
	if !has && t.ClientAuth >= tls.RequireAnyClientCert {
		p.add("TLS.ClientAuth", t.ClientAuth.String(), errors.New("with PSK clients show no certificates"))
	}
}

// certified reports whether this side can show a certificate as a server.
func (c *Config) certified() bool {
	return c.TLS != nil && (len(c.TLS.Certificates) > 0 || c.TLS.GetCertificate != nil)
}

// checkClient: a client with PSK offers no cipher suite that has certificates.
func (c *Config) checkClient(p *problems) {
	if c.PSK == nil {
		return
	}
	t, why := c.TLS, errors.New("a client with PSK uses no certificates")
	for _, f := range []struct {
		name string
		set  bool
	}{
		{"Certificates", len(t.Certificates) > 0},
		{"GetClientCertificate", t.GetClientCertificate != nil},
		{"RootCAs", t.RootCAs != nil},
		{"VerifyPeerCertificate", t.VerifyPeerCertificate != nil},
	} {
		if f.set {
			p.add("TLS."+f.name, "", why)
		}
	}
}

// parsed returns a copy of certificates whose leaves are parsed, once for all
// conns. One that cannot be has no names, and is what checkCertificate refuses.
func parsed(list []tls.Certificate) []tls.Certificate {
	list = slices.Clone(list)
	for i, c := range list {
		if c.Leaf == nil && len(c.Certificate) > 0 {
			list[i].Leaf, _ = x509.ParseCertificate(c.Certificate[0])
		}
	}
	return list
}

// checkCertificate says why a certificate is of no use.
func checkCertificate(c *tls.Certificate) error {
	if len(c.Certificate) == 0 {
		return errors.New("has no certificate")
	}
	if _, err := x509.ParseCertificate(c.Certificate[0]); err != nil {
		return err
	}
	return checkKey(c)
}

// checkKey: the library signs with these keys, and with no others.
func checkKey(c *tls.Certificate) error {
	signer, ok := c.PrivateKey.(crypto.Signer)
	if !ok {
		return fmt.Errorf("its key, a %T, cannot sign", c.PrivateKey)
	}
	switch k := signer.Public().(type) {
	case *ecdsa.PublicKey, *rsa.PublicKey, ed25519.PublicKey:
		return nil
	default:
		return fmt.Errorf("its key, a %T, is not ECDSA, RSA or Ed25519: %w", k, errors.ErrUnsupported)
	}
}
