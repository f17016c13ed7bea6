package tlsspec

import (
	"crypto/tls"
	"fmt"
	"slices"

	"github.com/strata-net/strata/spec/internal/build"
	specv1 "github.com/strata-net/strata/spec/strata/v1"
	"github.com/strata-net/strata/tlsx"
)

func certificates(p *build.Problems, list []*specv1.CertKeyPair) []tlsx.Certificate {
	var out []tlsx.Certificate
	for i, m := range list {
		out = append(out, certificate(p, fmt.Sprintf("certificates[%d].", i), m))
	}
	return out
}

func certificate(p *build.Problems, at string, m *specv1.CertKeyPair) tlsx.Certificate {
	return tlsx.Certificate{
		Chain:      data(p, at+"chain", m.GetChain()),
		Key:        data(p, at+"key", m.GetKey()),
		PKCS12:     data(p, at+"pkcs12", m.GetPkcs12()),
		Password:   data(p, at+"password", m.GetPassword()),
		Names:      slices.Clone(m.GetNames()),
		Default:    m.GetDefault(),
		Signatures: numbers[tls.SignatureScheme](p, at+"signatures", m.GetSignatures()),
		OCSP:       ocsp(p, at+"ocsp.", m.GetOcsp()),
	}
}

func ocsp(p *build.Problems, at string, m *specv1.CertKeyPair_OCSP) tlsx.OCSP {
	return tlsx.OCSP{
		Response: data(p, at+"response", m.GetResponse()),
		Issuer:   data(p, at+"issuer", m.GetIssuer()),
		Fetch:    m.GetFetch(),
	}
}
