// Package pki makes certificates for tests and demos: a root, intermediates,
// and leafs for servers and clients, valid, expired or revoked. It needs the
// standard library only.
//
// # Using it
//
//	ca, err := pki.New(nil)
//	...
//	server, err := ca.Issue(&pki.Leaf{Names: []string{"localhost", "127.0.0.1"}})
//	...
//	serverConfig := &tls.Config{Certificates: []tls.Certificate{server.TLS()}}
//	clientConfig := &tls.Config{RootCAs: ca.Pool(), ServerName: "localhost"}
//
// # Not for production
//
// The keys of the CAs live in the memory of the process and nowhere else, nobody
// checks who asks for a certificate, and nothing is logged. Do not install its
// roots in anything that you rely on.
package pki
