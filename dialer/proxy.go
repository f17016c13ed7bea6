package dialer

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// DefaultProxyTimeout is used when Proxy.Timeout is zero.
const DefaultProxyTimeout = 10 * time.Second

// DefaultProxyHeader is used when Proxy.MaxHeader is zero: 64 KiB.
const DefaultProxyHeader = 64 << 10

// Proxy is one upstream proxy of a chain. Its String shows no password.
type Proxy struct {
	// URL is scheme://[user:password@]host[:port], without path, query and
	// fragment. The schemes:
	//
	//   - socks5 (RFC 1928, port 1080): names are resolved here, the proxy is
	//     given the first address, in the order of Config.Family
	//   - socks5h: the same, but the proxy is given the name
	//   - http (port 80): CONNECT, the proxy is given the name
	//   - https (port 443): the same over TLS
	//
	// User and password are sent by the method of RFC 1929, or as basic
	// authentication: readable for everybody on the way, unless it is https.
	URL *url.URL

	// TLS is for https, and an error with another scheme. nil is the zero
	// tls.Config. An empty ServerName means the host of URL. NextProtos is
	// always http/1.1.
	TLS *tls.Config

	// Header is sent with each CONNECT, for instance User-Agent. Host,
	// Content-Length, Transfer-Encoding, and Proxy-Authorization beside a user
	// in URL are errors, and so is any with a socks scheme.
	Header http.Header

	// Timeout limits everything between the conn to this proxy and its consent:
	// TLS, authentication, a lookup for socks5, and the time in which the
	// proxy itself connects. 0 means DefaultProxyTimeout. Negative is an error.
	Timeout time.Duration

	// MaxHeader limits the answer to CONNECT, in bytes. 0 means
	// DefaultProxyHeader. Negative is an error.
	MaxHeader int
}

// ParseProxy reads a URL, for instance "socks5h://user:password@proxy:1080".
// Its error, an [*Error], shows nothing that could be part of a password.
func ParseProxy(s string) (Proxy, error) {
	var p Proxy
	var err error
	if p.URL, err = url.Parse(s); err != nil {
		// The words of url.Parse quote what it was given.
		err = errors.New("must be scheme://[user:password@]host[:port]; special characters in user and password are written as %XX")
	} else {
		_, err = newHop("", p)
	}
	if err != nil {
		return Proxy{}, &Error{Op: "parse", Field: "Proxy", Value: p.String(), Err: err}
	}
	return p, nil
}

// String returns the URL with "xxxxx" in the place of a password, and only what
// is certain not to be part of one if the URL is not valid.
func (p Proxy) String() string {
	u := p.URL
	switch {
	case u == nil:
		return ""
	case checkProxyURL(u) == nil:
		u = &url.URL{Scheme: u.Scheme, User: u.User, Host: u.Host}
		return u.Redacted()
	case slices.Contains(proxySchemes, u.Scheme):
		return u.Scheme + "://..."
	}
	return ""
}

// GoString is String, for %#v.
func (p Proxy) GoString() string { return p.String() }

// MarshalText is String, for JSON and logs: what it returns cannot be read back.
func (p Proxy) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

var proxySchemes = []string{"socks5", "socks5h", "http", "https"}

var proxyPorts = map[string]string{"socks5": "1080", "socks5h": "1080", "http": "80", "https": "443"}

func checkProxyURL(u *url.URL) error {
	password, _ := u.User.Password()
	switch {
	case !slices.Contains(proxySchemes, u.Scheme):
		return fmt.Errorf("the scheme must be one of %s", strings.Join(proxySchemes, ", "))
	case u.Opaque != "" || u.Hostname() == "":
		return errors.New("the URL has no host")
	case strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "":
		return errors.New("the URL must end after host and port; /, ? and # in a password are written as %2F, %3F, %23")
	case u.User == nil:
	case u.User.Username() == "":
		return errors.New("a password needs a user")
	case isSOCKS(u.Scheme) && max(len(u.User.Username()), len(password)) > 255:
		return errors.New("user and password of SOCKS have at most 255 bytes (RFC 1929)")
	case !isSOCKS(u.Scheme) && strings.Contains(u.User.Username(), ":"):
		return errors.New("a user of basic authentication has no colon (RFC 7617)")
	}
	host := u.Hostname()
	if strings.Contains(host, ":") { // a zone is for the first proxy only, see newHops
		host, _, _ = strings.Cut(host, "%")
	}
	if _, err := newEndpoint("tcp", net.JoinHostPort(host, proxyPort(u))); err != nil {
		return errors.New("the URL has a bad host or port") // which may be part of a password
	}
	return nil
}

func isSOCKS(scheme string) bool { return strings.HasPrefix(scheme, "socks5") }

func proxyPort(u *url.URL) string {
	if port := u.Port(); port != "" {
		return port
	}
	return proxyPorts[u.Scheme]
}
