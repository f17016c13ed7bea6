package dialer

import (
	"fmt"
	"net"
	"net/url"
	"os"
	"strings"

	"golang.org/x/net/http/httpproxy"
)

// environment chooses the proxy by the variables of the process.
type environment struct {
	choose      func(*url.URL) (*url.URL, error)
	http, https []*hop // nil for none
}

// newEnvironment reads the variables, once.
func newEnvironment() (*environment, error) {
	// The package knows how NO_PROXY is meant. The proxies themselves it would leave out without a word
	// if it cannot read them, so it gets nothing but their names.
	c := httpproxy.FromEnvironment()
	var all string
	for _, name := range []string{"ALL_PROXY", "all_proxy"} {
		if value := os.Getenv(name); value != "" {
			all = value
		}
	}
	if c.HTTPProxy == "" {
		// The variables of CGI come from the headers of a request and begin with HTTP_: this one is not among them.
		c.HTTPProxy, c.CGI = all, false
	}
	if c.HTTPSProxy == "" {
		c.HTTPSProxy = all
	}
	e := new(environment)
	var err error
	if e.http, err = environmentHop(&c.HTTPProxy, "HTTP_PROXY or ALL_PROXY"); err != nil {
		return nil, err
	}
	if e.https, err = environmentHop(&c.HTTPSProxy, "HTTPS_PROXY or ALL_PROXY"); err != nil {
		return nil, err
	}
	e.choose = c.ProxyFunc()
	return e, nil
}

// environmentHop takes the value of a variable and leaves a name in its place.
func environmentHop(value *string, variable string) ([]*hop, error) {
	s := *value
	if s == "" {
		return nil, nil
	}
	if !strings.Contains(s, "://") {
		s = "http://" + s
	}
	*value = "http://proxy.invalid"
	p, err := ParseProxy(s)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", variable, err)
	}
	h, err := newHop("ProxyFromEnvironment", p)
	return []*hop{h}, err
}

// chain returns the proxy for the target, nothing if it is dialled directly.
func (e *environment) chain(network, address string) ([]*hop, error) {
	if len(e.http)+len(e.https) == 0 {
		return nil, nil
	}
	host, port := address, 0 // as ip has it
	if h, service, err := net.SplitHostPort(address); err == nil {
		protocol, _ := split(network)
		host = h
		port, _ = portNumber(protocol, service)
	}
	scheme, hops := "http", e.http
	if port == 443 {
		scheme, hops = "https", e.https
	}
	if host == "" {
		return nil, nil // the local system
	}
	target := &url.URL{Scheme: scheme, Host: net.JoinHostPort(strings.TrimSuffix(host, "."), fmt.Sprint(port))}
	if proxy, err := e.choose(target); proxy == nil {
		return nil, err
	}
	return hops, nil
}
