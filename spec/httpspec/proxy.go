package httpspec

import (
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"

	"github.com/strata-net/strata/spec/internal/build"
)

// parseURL says nothing of the text that it cannot read: it may have a password.
func parseURL(s string) (*url.URL, error) {
	u, err := url.Parse(s)
	if err != nil {
		return nil, errors.New("is not a URL; special characters in user and password are written as %XX")
	}
	return u, nil
}

func proxyURL(p *build.Problems, s string) *url.URL {
	if s == "" {
		return nil
	}
	u, err := parseURL(s)
	if err != nil {
		p.Add("proxy_url", nil, err)
		return &url.URL{Scheme: "https", Host: "proxy.invalid"} // so that no other field is blamed for want of one
	}
	return u
}

func connectHeader(fields map[string]string) http.Header {
	if len(fields) == 0 {
		return nil
	}
	h := http.Header{}
	for name, value := range fields {
		h.Set(name, value)
	}
	return h
}

// checkConnectHeader finds names that differ in case alone. It shows no value: it
// may be a secret.
func checkConnectHeader(p *build.Problems, fields map[string]string) {
	seen := map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		canonical := http.CanonicalHeaderKey(name)
		if seen[canonical] {
			p.Addf("proxy_connect_header."+name, nil, "is there twice")
		}
		seen[canonical] = true
	}
}
