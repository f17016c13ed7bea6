package httpx

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"golang.org/x/net/http/httpproxy"
)

// environment chooses the proxy by the variables of the process.
type environment struct {
	find    func(*url.URL) (*url.URL, error)
	proxies map[string]*url.URL // by the scheme of the request; nil for none
}

// newEnvironment reads the variables, once. The package knows how NO_PROXY is meant. The proxies themselves it
// would leave out without a word if it cannot read them, so it gets nothing but a name for each.
func newEnvironment() (*environment, error) {
	c := httpproxy.FromEnvironment()
	e := &environment{proxies: map[string]*url.URL{}}
	var errs []error
	for _, v := range []struct {
		scheme, name string
		value        *string
	}{{"http", "HTTP_PROXY", &c.HTTPProxy}, {"https", "HTTPS_PROXY", &c.HTTPSProxy}} {
		if *v.value == "" {
			continue
		}
		u, err := parseProxy(*v.value)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", v.name, err))
		}
		e.proxies[v.scheme], *v.value = u, "http://proxy.invalid"
	}
	e.find = c.ProxyFunc()
	return e, errors.Join(errs...)
}

func parseProxy(s string) (*url.URL, error) {
	if !strings.Contains(s, "://") {
		s = "http://" + s
	}
	u, err := url.Parse(s)
	if err != nil {
		// The words of url.Parse quote what it was given.
		return nil, errors.New("must be [scheme://][user:password@]host[:port]; special characters in user and password are written as %XX")
	}
	return u, checkProxyURL(u)
}

func (e *environment) choose(r *http.Request) (*url.URL, error) {
	if found, err := e.find(r.URL); found == nil {
		return nil, err
	}
	return e.proxies[r.URL.Scheme], nil
}
