package httpspec

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/strata-net/strata/spec/internal/build"
	specv1 "github.com/strata-net/strata/spec/strata/v1"
)

// protocols returns nil, the default of httpx, for an empty list.
func protocols(p *build.Problems, list []specv1.HTTPProtocol_Version) *http.Protocols {
	if len(list) == 0 {
		return nil
	}
	n := new(http.Protocols)
	for i, version := range list {
		path := fmt.Sprintf("protocols[%d]", i)
		if slices.Contains(list[:i], version) {
			p.Addf(path, version, "is there twice")
		}
		build.Number[int](p, path, &version)
		switch version {
		case specv1.HTTPProtocol_http1:
			n.SetHTTP1(true)
		case specv1.HTTPProtocol_http2:
			n.SetHTTP2(true)
		case specv1.HTTPProtocol_h2c:
			n.SetUnencryptedHTTP2(true)
		}
	}
	return n
}

var errNotOverTLS = errors.New("protocols has nothing to speak over TLS")

// offer returns a copy whose ALPN are the names of what a server speaks, as httpx
// does it with a TLS of its own; other names stay.
func offer(c *tls.Config, served *http.Protocols) (*tls.Config, error) {
	var own []string
	if served == nil || served.HTTP2() {
		own = append(own, "h2")
	}
	if served == nil || served.HTTP1() {
		own = append(own, "http/1.1")
	}
	if own == nil {
		return nil, errNotOverTLS
	}
	n := c.Clone()
	for _, name := range n.NextProtos {
		if name != "h2" && name != "http/1.1" {
			own = append(own, name)
		}
	}
	n.NextProtos = own
	return n, nil
}
