package main

import (
	"net/http"
	"slices"

	specv1 "github.com/strata-net/strata/spec/strata/v1"
)

// Versions are the versions of HTTP that a listener or an upstream speaks.
type Versions struct{ H1, H2, H2C, H3 bool }

// newVersions takes http_versions. The defaults are HTTP/1.1, and with TLS
// HTTP/2 too.
func newVersions(e entry, list []specv1.HTTPProtocol_Version, secure bool) Versions {
	v := Versions{
		H1:  slices.Contains(list, specv1.HTTPProtocol_http1),
		H2:  slices.Contains(list, specv1.HTTPProtocol_http2),
		H2C: slices.Contains(list, specv1.HTTPProtocol_h2c),
	}
	switch {
	case len(list) == 0:
		return Versions{H1: true, H2: secure}
	case secure && v.H2C:
		e.addf("http_versions", "h2c is HTTP/2 without TLS: want http2 beside tls")
	case !secure && v.H2:
		e.addf("http_versions", "http2 needs tls; h2c is HTTP/2 without")
	}
	return v
}

// alpn are the protocols that TLS offers for the versions.
func (v Versions) alpn() []string {
	var list []string
	if v.H2 {
		list = append(list, "h2")
	}
	if v.H1 {
		list = append(list, "http/1.1")
	}
	return list
}

// protocols are the versions in the words of net/http.
func (v Versions) protocols() *http.Protocols {
	var p http.Protocols
	p.SetHTTP1(v.H1)
	p.SetHTTP2(v.H2)
	p.SetUnencryptedHTTP2(v.H2C)
	return &p
}
