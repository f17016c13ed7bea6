package tlsx

import "crypto/tls"

// staple makes t present its certificates with the OCSP responses that are
// fetched.
func (s *Source) staple(t *tls.Config) {
	server, client := t.GetCertificate, t.GetClientCertificate
	if server == nil {
		return
	}
	t.GetCertificate = func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
		return s.stapled(server(hello))
	}
	t.GetClientCertificate = func(request *tls.CertificateRequestInfo) (*tls.Certificate, error) {
		return s.stapled(client(request))
	}
}

func (s *Source) stapled(cert *tls.Certificate, err error) (*tls.Certificate, error) {
	if cert == nil || err != nil {
		return cert, err
	}
	return s.staplers.add(cert), nil
}
