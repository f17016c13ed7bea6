package httpx

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/http/httpguts"
)

var proxyPorts = map[string]string{"http": "80", "https": "443", "socks5": "1080", "socks5h": "1080"}

func (c *TransportConfig) checkProxy(p *problems, protocols http.Protocols) {
	if c.ProxyURL != nil {
		p.add("ProxyURL", proxyName(c.ProxyURL), checkFixedProxy(c.ProxyURL, protocols))
	}
	if c.NoProxy != "" && c.ProxyURL == nil {
		p.add("NoProxy", c.NoProxy, errors.New("there is no ProxyURL"))
	}
	if c.ProxyFunc != nil && c.ProxyURL != nil {
		p.add("ProxyFunc", "", errors.New("there is a ProxyURL as well"))
	}
	if c.ProxyFromEnvironment && (c.ProxyURL != nil || c.ProxyFunc != nil) {
		p.add("ProxyFromEnvironment", "true", errors.New("there is a ProxyURL or a ProxyFunc as well"))
	}
	c.checkProxyTLS(p)
	c.checkConnect(p)
}

func (c *TransportConfig) proxied() bool {
	return c.ProxyURL != nil || c.ProxyFunc != nil || c.ProxyFromEnvironment
}

var errNoProxy = errors.New("there is no proxy")

func (c *TransportConfig) checkProxyTLS(p *problems) {
	switch {
	case c.ProxyTLS == nil:
		return
	case !c.proxied():
		p.add("ProxyTLS", "", errNoProxy)
	case c.ProxyURL != nil && c.ProxyURL.Scheme != "https":
		p.add("ProxyTLS", "", errors.New("only an https proxy has it"))
	}
	checkTLS(p, "ProxyTLS", c.ProxyTLS, http.Protocols{})
}

// checkConnect shows no value of a header: it may be a secret.
func (c *TransportConfig) checkConnect(p *problems) {
	set := map[string]bool{
		"ProxyConnectHeader":     c.ProxyConnectHeader != nil,
		"GetProxyConnectHeader":  c.GetProxyConnectHeader != nil,
		"OnProxyConnectResponse": c.OnProxyConnectResponse != nil,
	}
	for _, field := range []string{"ProxyConnectHeader", "GetProxyConnectHeader", "OnProxyConnectResponse"} {
		if set[field] && !c.proxied() {
			p.add(field, "", errNoProxy)
		}
		if set[field] && c.ProxyURL != nil && isSOCKS(c.ProxyURL.Scheme) {
			p.add(field, "", errors.New("SOCKS has no CONNECT of HTTP"))
		}
	}
	if c.ProxyConnectHeader != nil && c.GetProxyConnectHeader != nil {
		p.add("GetProxyConnectHeader", "", errors.New("there is a ProxyConnectHeader as well"))
	}
	for name, values := range c.ProxyConnectHeader {
		valid := httpguts.ValidHeaderFieldName(name) && !slices.ContainsFunc(values, func(v string) bool {
			return !httpguts.ValidHeaderFieldValue(v)
		})
		if !valid {
			p.add("ProxyConnectHeader", "", fmt.Errorf("%q cannot be sent", name))
		}
	}
}

func checkFixedProxy(u *url.URL, protocols http.Protocols) error {
	err := checkProxyURL(u)
	if err == nil && !isSOCKS(u.Scheme) && protocols.UnencryptedHTTP2() && !protocols.HTTP2() {
		return errProxyH2C // with HTTP2 it can be used for https at least
	}
	return err
}

// checkProxyURL says nothing that could be part of a password.
func checkProxyURL(u *url.URL) error {
	password, _ := u.User.Password()
	switch {
	case proxyPorts[u.Scheme] == "":
		return errors.New("the scheme must be one of http, https, socks5, socks5h")
	case u.Opaque != "" || u.Hostname() == "":
		return errors.New("the URL has no host")
	case strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "":
		return errors.New("the URL must end after host and port; /, ? and # in a password are written as %2F, %3F, %23")
	case !validHost(u.Hostname()) || !validPort(u.Port()):
		return errors.New("the URL has a bad host or port: names are in ASCII (xn--), ports from 1 to 65535")
	case u.User == nil:
	case u.User.Username() == "":
		return errors.New("a password needs a user")
	case isSOCKS(u.Scheme) && max(len(u.User.Username()), len(password)) > 255:
		return errors.New("user and password of SOCKS have at most 255 bytes (RFC 1929)")
	case isSOCKS(u.Scheme) && password == "":
		return errors.New("SOCKS needs a password beside the user (RFC 1929)")
	case !isSOCKS(u.Scheme) && strings.Contains(u.User.Username(), ":"):
		return errors.New("a user of basic authentication has no colon (RFC 7617)")
	}
	return nil
}

func validHost(host string) bool {
	return !strings.ContainsFunc(host, func(r rune) bool { return r <= ' ' || r >= 0x7f || strings.ContainsRune("/@[]", r) })
}

func validPort(port string) bool {
	n, err := strconv.ParseUint(port, 10, 16)
	return port == "" || err == nil && n > 0
}

func isSOCKS(scheme string) bool { return strings.HasPrefix(scheme, "socks5") }

func proxyPort(u *url.URL) string {
	if port := u.Port(); port != "" {
		return port
	}
	return proxyPorts[u.Scheme]
}

// proxyName is the URL without a password, or what is certain not to be one.
func proxyName(u *url.URL) string {
	switch {
	case checkProxyURL(u) == nil:
		return (&url.URL{Scheme: u.Scheme, User: u.User, Host: u.Host}).Redacted()
	case proxyPorts[u.Scheme] != "":
		return u.Scheme + "://..."
	}
	return ""
}

// copyProxy makes a URL that the caller cannot change. A Userinfo cannot be changed.
func copyProxy(u *url.URL) *url.URL {
	n := *u
	return &n
}
