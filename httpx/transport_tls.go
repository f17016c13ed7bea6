package httpx

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"slices"
)

// ofHTTP reports whether a name of ALPN is one of HTTP, which Protocols decide on.
func ofHTTP(name string) bool {
	return slices.Contains([]string{"http/1.1", "http/1.0", "h2", "h2c", "h3"}, name)
}

// targetTLS is the config for https, a copy. net/http adds "h2" to NextProtos where it
// may be used, which it alone knows: GODEBUG=http2client=0 is still there.
func targetTLS(c *tls.Config, protocols http.Protocols) *tls.Config {
	n := cloneTLS(c)
	n.NextProtos = nil
	if protocols.HTTP1() {
		n.NextProtos = []string{"http/1.1"}
		return n
	}
	// Without HTTP/1.1 net/http would speak it all the same to a target that
	// does not choose. VerifyConnection is called for resumed sessions too.
	verify := n.VerifyConnection
	n.VerifyConnection = func(s tls.ConnectionState) error {
		if verify != nil {
			if err := verify(s); err != nil {
				return err
			}
		}
		return checkChosen(s.NegotiatedProtocol, protocols)
	}
	return n
}

// checkChosen says why a target cannot be spoken to.
func checkChosen(alpn string, protocols http.Protocols) error {
	if alpn == "h2" {
		return nil
	}
	return &Error{Op: "handshake", Field: "Protocols", Value: protocols.String(), Err: errNotHTTP2}
}

var errNotHTTP2 = fmt.Errorf("the target does not choose HTTP/2 (ALPN h2): %w", errors.ErrUnsupported)

// cloneTLS returns a copy that shares nothing that crypto/tls itself does not
// share between clones.
func cloneTLS(c *tls.Config) *tls.Config {
	if c == nil {
		return &tls.Config{}
	}
	n := c.Clone()
	n.Certificates = slices.Clone(c.Certificates)
	n.NextProtos = slices.Clone(c.NextProtos)
	n.CipherSuites = slices.Clone(c.CipherSuites)
	n.CurvePreferences = slices.Clone(c.CurvePreferences)
	return n
}
