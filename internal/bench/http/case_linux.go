package main

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"

	"github.com/strata-net/strata/tlsx"
	"github.com/strata-net/strata/tlsx/pki"
)

// benchCase is a protocol and the ways to speak it; the first is plain
// net/http, or quic-go's http3.
type benchCase struct {
	name     string
	protocol protocol
	ways     []way
}

type protocol struct {
	secure bool
	major  int
}

// way is who the client is, the server, and the proxy between them, if there
// is one.
type way struct {
	name           string
	client, server kind
	proxy          kind
}

type kind int

const (
	none kind = iota
	plain
	ours
)

// cases are the protocols, without and with a reverse proxy.
func cases() []benchCase {
	direct := []way{
		{"net/http", plain, plain, none},
		{"httpx transport", ours, plain, none},
		{"httpx server", plain, ours, none},
		{"httpx both", ours, ours, none},
	}
	through := []way{
		{"net/http, httputil.ReverseProxy", plain, plain, plain},
		{"httpx server, proxy and transport in between", plain, plain, ours},
	}
	var list []benchCase
	for _, p := range []struct {
		name string
		protocol
	}{
		{"HTTP/1.1", protocol{false, 1}},
		{"HTTP/1.1 over TLS", protocol{true, 1}},
		{"HTTP/2 over TLS", protocol{true, 2}},
	} {
		list = append(list,
			benchCase{p.name, p.protocol, direct},
			benchCase{p.name + " through a reverse proxy", p.protocol, through})
	}
	return append(list, benchCase{"HTTP/3", protocol{true, 3}, []way{
		{"quic-go/http3", plain, plain, none},
		{"http3x transport", ours, plain, none},
		{"http3x server", plain, ours, none},
		{"http3x both", ours, ours, none},
	}})
}

// credentials are for localhost; the same for all ways.
type credentials struct {
	cert  tls.Certificate
	roots *x509.CertPool
	leaf  *pki.Certificate
	ca    *pki.CA
}

func newCredentials() (*credentials, error) {
	ca, err := pki.New(nil)
	if err != nil {
		return nil, err
	}
	leaf, err := ca.Issue(&pki.Leaf{Names: []string{"localhost", "127.0.0.1"}})
	if err != nil {
		return nil, err
	}
	return &credentials{cert: leaf.TLS(), roots: ca.Pool(), leaf: leaf, ca: ca}, nil
}

// client and server are the two sides of TLS, by hand and by tlsx.
func (c *credentials) client(k kind) (*tls.Config, error) {
	if k == plain {
		return &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: c.roots}, nil
	}
	return tlsx.New(&tlsx.Config{Roots: tlsx.CAs{From: []tlsx.Data{tlsx.Text(string(c.ca.PEM()))}}})
}

func (c *credentials) server(k kind) (*tls.Config, error) {
	if k == plain {
		return &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{c.cert}}, nil
	}
	return tlsx.New(&tlsx.Config{Certificates: []tlsx.Certificate{{
		Chain: tlsx.Text(string(c.leaf.ChainPEM())), Key: tlsx.Text(string(c.leaf.KeyPEM())),
	}}})
}

// protocols allows the one version alone.
func (p protocol) protocols() *http.Protocols {
	var list http.Protocols
	list.SetHTTP1(p.major == 1)
	list.SetHTTP2(p.major == 2)
	return &list
}
