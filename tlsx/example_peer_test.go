package tlsx_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/strata-net/strata/tlsx"
	"github.com/strata-net/strata/tlsx/pki"
)

// A server for some workloads of a trust domain, none of them revoked.
func ExamplePeer() {
	folder, ca := exampleFolder()
	defer os.RemoveAll(folder)
	client := exampleClient(folder, ca)

	config, err := tlsx.New(&tlsx.Config{
		Certificates: []tlsx.Certificate{{
			Chain: tlsx.File(filepath.Join(folder, "server.pem")),
			Key:   tlsx.File(filepath.Join(folder, "server.key")),
		}},
		ClientAuth: tls.RequireAndVerifyClientCert,
		ClientCAs:  tlsx.CAs{From: []tlsx.Data{tlsx.File(filepath.Join(folder, "clients.pem"))}},
		Peer: tlsx.Peer{
			Names:      []string{"spiffe://example.org/shop/*"},
			CRLs:       []tlsx.Data{tlsx.File(filepath.Join(folder, "clients.crl"))},
			RequireCRL: true,
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}

	// What crypto/tls calls in each handshake, with a client that was revoked.
	err = config.VerifyConnection(client)
	var revoked *tlsx.RevokedError
	fmt.Println(errors.As(err, &revoked), revoked.Source)
	// Output: true CRL
}

// exampleClient writes the CA and its list to the folder.
func exampleClient(folder string, ca *pki.CA) tls.ConnectionState {
	cert, err := ca.Issue(&pki.Leaf{Names: []string{"spiffe://example.org/shop/cart"}, Client: true})
	if err != nil {
		panic(err)
	}
	ca.Revoke(cert)
	list, err := ca.CRL()
	if err == nil {
		err = errors.Join(os.WriteFile(filepath.Join(folder, "clients.pem"), ca.PEM(), 0o600),
			os.WriteFile(filepath.Join(folder, "clients.crl"), list, 0o600))
	}
	if err != nil {
		panic(err)
	}
	leaf := cert.Leaf()
	return tls.ConnectionState{
		PeerCertificates: []*x509.Certificate{leaf},
		VerifiedChains:   [][]*x509.Certificate{{leaf, ca.Certificate()}},
	}
}
