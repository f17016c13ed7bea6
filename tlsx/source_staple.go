package tlsx

import "crypto/tls"

// apply makes t present its certificates with the OCSP responses that are
// fetched.
func (s stapled) apply(t *tls.Config) {
	server, client := t.GetCertificate, t.GetClientCertificate
	if server == nil {
		return
	}
	t.GetCertificate = func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
		return s.with(server(hello))
	}
	t.GetClientCertificate = func(request *tls.CertificateRequestInfo) (*tls.Certificate, error) {
		return s.with(client(request))
	}
}

func (s stapled) with(cert *tls.Certificate, err error) (*tls.Certificate, error) {
	if cert == nil || err != nil {
		return cert, err
	}
	return s.add(cert), nil
}
