package tlsx

import (
	"crypto/tls"
	"time"

	"golang.org/x/crypto/ocsp"
)

// dropStaples makes t present its certificates without a response that has
// become outdated since it was read: many clients refuse what they would accept
// without any.
func (c *Config) dropStaples(t *tls.Config, m *material) {
	until := map[*byte]time.Time{}
	for i := range m.certificates {
		cert := &m.certificates[i]
		if c.Certificates[i].OCSP.Response.IsZero() {
			continue
		}
		// It was checked in load; who signed it matters no more.
		if r, err := ocsp.ParseResponseForCert(cert.OCSPStaple, cert.Leaf, nil); err == nil {
			until[&cert.Certificate[0][0]] = r.NextUpdate
		}
	}
	if len(until) == 0 {
		return
	}
	fresh := func(cert *tls.Certificate) *tls.Certificate {
		if cert == nil || len(cert.Certificate) == 0 {
			return cert
		}
		end, ok := until[&cert.Certificate[0][0]]
		if !ok || c.now().Before(end) {
			return cert
		}
		bare := *cert
		bare.OCSPStaple = nil
		return &bare
	}
	server, client := t.GetCertificate, t.GetClientCertificate
	t.GetCertificate = func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
		cert, err := server(hello)
		return fresh(cert), err
	}
	t.GetClientCertificate = func(info *tls.CertificateRequestInfo) (*tls.Certificate, error) {
		cert, err := client(info)
		return fresh(cert), err
	}
}
