package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
)

// serverTLS takes the tls entry of a listener and loads its certificate.
func (l *loader) serverTLS(v value) *ServerTLS {
	var cert, key string
	var self bool
	s := &ServerTLS{Names: []string{"localhost", "127.0.0.1", "::1"}}
	var certAt, keyAt, selfAt, namesAt place
	v.mapping(fields{
		"cert":        note(&certAt, set(&cert, l.existing)),
		"key":         note(&keyAt, set(&key, l.existing)),
		"self_signed": note(&selfAt, set(&self, parseBool)),
		"names":       note(&namesAt, func(v value) { s.Names = names(v) }),
	})
	files := certAt.path != "" || keyAt.path != ""
	switch {
	case self && files:
		v.problems.addf(selfAt, "excludes cert and key")
	case !self && namesAt.path != "":
		v.problems.addf(namesAt, "needs self_signed: true")
	case !self && (certAt.path == "" || keyAt.path == ""):
		v.addf("want cert and key, or self_signed: true")
	case cert != "" && key != "":
		s.Certificate = loadPair(v.problems, certAt, cert, key)
	}
	return s
}

// existing returns the name of a file, which must be there.
func (l *loader) existing(s string) (string, error) {
	name := l.file(s)
	info, err := os.Stat(name)
	if err != nil {
		return "", err
	}
	if !info.Mode().IsRegular() {
		return "", fmt.Errorf("%s is not a regular file", name)
	}
	return name, nil
}

// loadPair loads a certificate chain and its key.
func loadPair(ps *problems, at place, cert, key string) *tls.Certificate {
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		ps.addf(at, "certificate %s with key %s: %w", cert, key, err)
		return nil
	}
	return &pair
}

// names takes the DNS names and IP addresses of a self-signed certificate.
func names(v value) []string {
	var list []string
	for item := range v.items() {
		var name string
		set(&name, parseHost)(item)
		list = append(list, name)
	}
	return list
}

// clientTLS takes the tls entry of an upstream and loads its CA file.
func (l *loader) clientTLS(v value) *ClientTLS {
	c := &ClientTLS{}
	v.mapping(fields{
		"ca":          set(&c.Roots, l.pool),
		"server_name": set(&c.ServerName, parseServerName),
	})
	return c
}

// pool loads the certificates of a PEM file.
func (l *loader) pool(s string) (*x509.CertPool, error) {
	name, err := l.existing(s)
	if err != nil {
		return nil, err
	}
	pem, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s: %w", name, errNoCertificate)
	}
	return pool, nil
}

// errNoCertificate says that a PEM file holds none.
var errNoCertificate = errors.New("no certificate in PEM form")

// serverTLS returns the TLS config of a listener that has TLS. HTTP/2 is offered
// where HTTP is spoken.
func (g *Gateway) serverTLS(n *Listener) (*tls.Config, error) {
	cert := n.TLS.Certificate
	if cert == nil {
		var err error
		if cert, err = g.ca.Issue(n.TLS.Names...); err != nil {
			return nil, err
		}
	}
	config := &tls.Config{Certificates: []tls.Certificate{*cert}, MinVersion: tls.VersionTLS12}
	if n.Protocol == HTTP {
		config.NextProtos = []string{"h2", "http/1.1"}
	}
	return config, nil
}
