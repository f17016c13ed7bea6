// Package tlsx makes *tls.Config values for both sides of a conn from files,
// environment variables and text, and keeps them up to date while the files
// change.
//
// [New] reads everything once:
//
//	server, err := tlsx.New(&tlsx.Config{
//		Certificates: []tlsx.Certificate{{
//			Chain: tlsx.File("server.pem"),
//			Key:   tlsx.File("server.key"),
//		}},
//		ClientAuth: tls.RequireAndVerifyClientCert,
//		ClientCAs:  tlsx.CAs{From: []tlsx.Data{tlsx.File("clients.pem")}},
//	})
//
// [NewSource] follows the files from then on: its config is one for all conns,
// and what it presents and accepts changes with the files, whether they are
// renamed, written in place or swapped behind a link as Kubernetes does. What
// is not whole is refused, told, and left as soon as it is.
//
// # Certificates
//
// A server with many certificates finds the one for a name in a map. Which one
// is decided by name first, exactly before by wildcard, then by what the client
// can verify, so that an ECDSA and an RSA certificate for one name serve all
// clients. The returned config has no Certificates but a GetCertificate, as
// crypto/tls would present one of the former where the choice is to refuse.
//
// Chain and key are checked as they are read: see [Config].Certificates.
//
// # Versions, suites and curves
//
// crypto/tls ignores what it does not know and drops what cannot be: an unknown
// curve, a suite of TLS 1.3, a hybrid key exchange that GODEBUG turns off. Here
// each of them is an error that says what there is. Names for all of these
// values are IANA's, see [ParseVersion], [ParseCipherSuite], [ParseCurve] and
// [ParseSignature].
//
// # Errors
//
// A bad Config comes back as one error that joins an *[Error] for each field
// that is wrong, with the name of the file and the cause.
//
// # FIPS 140-3
//
// [FIPS] reports whether Go's FIPS 140-3 mode is on. What it forbids is refused
// then, with an error that is errors.ErrUnsupported.
package tlsx
