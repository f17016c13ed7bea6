package dialer_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/dialer"
)

func parseProxies(t testing.TB, urls ...string) []dialer.Proxy {
	t.Helper()
	var proxies []dialer.Proxy
	for _, s := range urls {
		p, err := dialer.ParseProxy(s)
		require.NoError(t, err)
		proxies = append(proxies, p)
	}
	return proxies
}

// echoPort returns the port of an echo server on 127.0.0.1.
func echoPort(t *testing.T) string {
	t.Helper()
	l := listen(t, "tcp", "127.0.0.1:0")
	echo(t, l)
	_, port, err := net.SplitHostPort(l.Addr().String())
	require.NoError(t, err)
	return port
}

func TestParseProxy(t *testing.T) {
	for text, want := range map[string]string{
		"socks5://127.0.0.1":                  "socks5://127.0.0.1",
		"socks5h://user:secret@proxy.test:1":  "socks5h://user:xxxxx@proxy.test:1",
		"HTTP://user:se%2Fcret%40@[::1]:8080": "http://user:xxxxx@[::1]:8080",
		"https://token@proxy.test/":           "https://token@proxy.test",
		"http://[fe80::1%25eth0]:3128":        "http://[fe80::1%25eth0]:3128",
	} {
		p, err := dialer.ParseProxy(text)
		require.NoError(t, err, text)
		assert.Equal(t, want, p.String())
		assert.Equal(t, want, fmt.Sprint(p))
		assert.Equal(t, want, fmt.Sprintf("%+v", p))
	}
	assert.Empty(t, dialer.Proxy{}.String())
}

func TestParseProxyRefusesAndShowsNoPassword(t *testing.T) {
	for text, want := range map[string]string{
		"":                                  "the scheme must be one of socks5, socks5h, http, https",
		"ftp://u:sec@h":                     "the scheme must be one of",
		"sec:sec@h":                         "the scheme must be one of",
		"u:sec@h:1":                         "the scheme must be one of",
		"http:u:sec@h":                      "has no host",
		"http://":                           "has no host",
		"http://u:sec@":                     "has no host",
		"http://u:sec/ret@h":                "special characters in user and password",
		"http://u:12/sec@h":                 "the URL must end after host and port",
		"http://u:12?sec@h":                 "the URL must end after host and port",
		"http://u:12#sec@h":                 "the URL must end after host and port",
		"http://u:sec%zz@h":                 "special characters",
		"http://u:sec ret@h":                "special characters",
		"http://u:sec@h:70000":              "bad host or port",
		"http://u:sec@h:0":                  "bad host or port",
		"http://u:sec@h_%20_:1":             "special characters",
		"http://:sec@h":                     "a password needs a user",
		"http://a%3Ab:sec@h":                "no colon (RFC 7617)",
		"socks5://u:sec" + long(256) + "@h": "at most 255 bytes (RFC 1929)",
		"socks5://" + long(256) + ":sec@h":  "at most 255 bytes (RFC 1929)",
		"http://u:sec@" + long(256):         "bad host or port",
		"http://u:sec@h/path":               "the URL must end",
		"http://u:sec@h:sec":                "special characters",
	} {
		t.Run(text, func(t *testing.T) {
			p, err := dialer.ParseProxy(text)
			require.ErrorContains(t, err, want)
			assert.NotContains(t, err.Error(), "sec")
			assert.NotContains(t, err.Error(), "u:12")
			assert.Equal(t, "parse", failure(t, err).Op)
			assert.Equal(t, "Proxy", failure(t, err).Field)
			assert.Zero(t, p)
		})
	}
}

func long(n int) string { return strings.Repeat("x", n) }

func FuzzParseProxy(f *testing.F) {
	for _, seed := range []string{"socks5://u:p@h:1", "http://h", "https://u:p%40@[::1]:443/", "socks5h://u@h", "http://u:p/w@h", "http:opaque", "//h", "http://[fe80::1%25a]"} {
		f.Add(seed, "secret")
	}
	f.Fuzz(func(t *testing.T, s, password string) {
		if p, err := dialer.ParseProxy(s); err == nil {
			again, err := dialer.ParseProxy(p.URL.String())
			require.NoError(t, err)
			require.Equal(t, p.String(), again.String())
			_, err = dialer.New(&dialer.Config{Proxies: []dialer.Proxy{p}})
			require.NoError(t, err)
		}
		// The password may be one of the words that are always there.
		words := "http://user:xxxxx@host dialer: parse: Proxy=http://...: must be scheme://[user:password@]host[:port]; " +
			"special characters in user and password are written as %XX the URL must end after host and port; " +
			"/, ? and # in a password are written as %2F, %3F, %23 the URL has a bad host or port"
		if len(password) < 6 || strings.Contains(words, password) {
			return
		}
		p, err := dialer.ParseProxy("http://user:" + password + "@host")
		if err == nil {
			require.NotContains(t, p.String(), password)
		} else {
			require.NotContains(t, err.Error(), password)
		}
	})
}

func TestEveryBadProxyIsReported(t *testing.T) {
	_, err := dialer.New(&dialer.Config{
		ProxyFromEnvironment: true,
		ProxyProtocol:        3,
		Proxies: []dialer.Proxy{
			{},
			{URL: &url.URL{Scheme: "socks5", User: url.UserPassword("u", "secret"), Host: "h"}, TLS: &tls.Config{}, Timeout: -1, MaxHeader: -1, Header: http.Header{"X": nil}},
			{URL: &url.URL{Scheme: "http", User: url.UserPassword("u", "secret"), Host: "h"}, Header: http.Header{
				"Host": nil, "Content-length": nil, "transfer-Encoding": nil, "Proxy-Authorization": {"secret"}, "bad name": nil, "Bad-Value": {"secret\r\n"},
			}},
			{URL: &url.URL{Scheme: "http", Host: "good"}},
			{URL: &url.URL{Scheme: "http", Host: "evil\r\nX: y"}},
			{URL: &url.URL{Scheme: "http", Host: "h:secret"}},
			{URL: &url.URL{Scheme: "http", Host: "[fe80::1%eth0]"}},
		},
	})
	require.Error(t, err)
	text := err.Error()
	assert.NotContains(t, text, "secret")
	for _, want := range []string{
		"ProxyFromEnvironment=true: there are Proxies as well", "ProxyProtocol=3: must be 0, 1 or 2",
		"dialer: config: Proxies[0]: URL is nil",
		"Proxies[1].Header: SOCKS has none", "Proxies[1].TLS: only https has it",
		"Proxies[1].Timeout=-1ns: must not be negative", "Proxies[1].MaxHeader=-1: must not be negative",
		"Proxies[2].Header: Host cannot be chosen", "Content-length cannot be chosen", "transfer-Encoding cannot be chosen",
		"Proxy-Authorization, but the URL has a user", `"bad name" is not a name`, "Bad-Value has a value with control characters",
		"Proxies[4]=http://...: the URL has a bad host or port", "Proxies[5]=http://...: ", `Proxies[6]=http://[fe80::1%25eth0]: zone "eth0"`,
	} {
		assert.Contains(t, text, want)
	}
	assert.NotContains(t, text, "Proxies[3]")
}

func TestProxies(t *testing.T) {
	port := echoPort(t)
	ca := newAuthority(t)
	server := newProxyServer()
	server.user, server.password = "user", "pass:w/rd"
	server.hosts = map[string]string{"known.test": "127.0.0.1", "proxy.test": "127.0.0.1"}
	auth := "user:pass%3Aw%2Frd@"
	socks, plain, secure := server.socks(t), server.http(t), server.https(t, ca.server(t, "127.0.0.1", "proxy.test"))
	_, securePort, err := net.SplitHostPort(secure)
	require.NoError(t, err)
	for _, test := range []struct {
		name    string
		urls    []string
		target  string
		asked   []string // what the proxies were asked for, in order
		wantTLS bool
	}{
		{"socks5 and a name", []string{"socks5://" + auth + socks}, "local.test", []string{"127.0.0.1"}, false},
		{"socks5h and a name", []string{"socks5h://" + auth + socks}, "known.test", []string{"known.test"}, false},
		{"socks5 and an address", []string{"socks5://" + auth + socks}, "127.0.0.1", []string{"127.0.0.1"}, false},
		{"socks5h and IPv4 as IPv6", []string{"socks5h://" + auth + socks}, "[::ffff:127.0.0.1]", []string{"127.0.0.1"}, false},
		{"http", []string{"http://" + auth + plain}, "known.test", []string{"known.test"}, false},
		{"https", []string{"https://" + auth + secure}, "known.test", []string{"known.test"}, true},
		{"http, then socks5h", []string{"http://" + auth + plain, "socks5h://" + auth + socks}, "known.test", []string{socks, "known.test"}, false},
		{"socks5, then https by name", []string{"socks5h://" + auth + socks, "https://" + auth + "proxy.test:" + securePort}, "known.test", []string{"proxy.test:" + securePort, "known.test"}, true},
		{"https in https", []string{"https://" + auth + secure, "https://" + auth + secure}, "known.test", []string{secure, "known.test"}, true},
		{"https, then http, then socks5", []string{"https://" + auth + secure, "http://" + auth + plain, "socks5://" + auth + socks}, "local.test", []string{plain, socks, "127.0.0.1"}, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			noLeak(t)
			proxies := parseProxies(t, test.urls...)
			for i := range proxies {
				if proxies[i].URL.Scheme == "https" {
					proxies[i].TLS = &tls.Config{RootCAs: ca.Pool(), NextProtos: []string{"h2"}}
				}
			}
			config := &dialer.Config{Proxies: proxies, Timeout: time.Minute, Lookup: func(context.Context, string, string) ([]netip.Addr, error) {
				return []netip.Addr{netip.MustParseAddr("::ffff:127.0.0.1")}, nil
			}}
			c, err := newDialer(t, config).Dial("tcp", net.JoinHostPort(strings.Trim(test.target, "[]"), port))
			require.NoError(t, err)
			defer c.Close()
			for _, want := range test.asked {
				if _, _, err := net.SplitHostPort(want); err != nil {
					want = net.JoinHostPort(want, port)
				}
				assert.Equal(t, want, <-server.seen)
			}
			roundTrip(t, c)
			if test.wantTLS {
				require.IsType(t, &tls.Conn{}, c)
				assert.NotEqual(t, "h2", c.(*tls.Conn).ConnectionState().NegotiatedProtocol)
			} else {
				assert.IsType(t, &net.TCPConn{}, c)
			}
			// A half-close goes all the way.
			require.NoError(t, c.(interface{ CloseWrite() error }).CloseWrite())
			rest, err := io.ReadAll(c)
			assert.NoError(t, err)
			assert.Empty(t, rest)
		})
	}
}

func TestTLSThroughProxiesHasTheOriginalName(t *testing.T) {
	noLeak(t)
	ca := newAuthority(t)
	config := ca.server(t, "service.test")
	config.NextProtos = []string{"h2"}
	addr, asked := tlsEcho(t, "tcp", "127.0.0.1:0", config)
	_, port, err := net.SplitHostPort(addr.String())
	require.NoError(t, err)
	server := newProxyServer()
	server.hosts = map[string]string{"rewritten.test": "127.0.0.1"}
	other := newAuthority(t) // the proxy's certificate is from somebody else
	proxies := parseProxies(t, "http://"+server.http(t), "https://"+server.https(t, other.server(t, "127.0.0.1")))
	proxies[1].TLS = other.client()
	client := ca.client()
	client.NextProtos = []string{"h2"}
	rules := parseRewrites(t, "(tcp|service.test:443) (tcp|rewritten.test:"+port+")")
	d := newDialer(t, &dialer.Config{TLS: client, Proxies: proxies, Rewrites: rules})
	c, err := d.Dial("tcp", "service.test:443")
	require.NoError(t, err)
	defer c.Close()
	assert.Equal(t, "service.test", <-asked)
	<-server.seen
	assert.Equal(t, "rewritten.test:"+port, <-server.seen)
	assert.Equal(t, "h2", c.(*tls.Conn).ConnectionState().NegotiatedProtocol)
	require.IsType(t, &tls.Conn{}, c.(*tls.Conn).NetConn())
	assert.IsType(t, &net.TCPConn{}, c.(*tls.Conn).NetConn().(*tls.Conn).NetConn())
	roundTrip(t, c)
}

func TestProxyOfTheWrongName(t *testing.T) {
	noLeak(t)
	ca := newAuthority(t)
	proxies := parseProxies(t, "https://u:secret@"+newProxyServer().https(t, ca.server(t, "other.test")))
	proxies[0].TLS = ca.client()
	_, err := newDialer(t, &dialer.Config{Proxies: proxies}).Dial("tcp", "service.test:443")
	var host x509.HostnameError
	require.ErrorAs(t, err, &host)
	assert.Equal(t, "127.0.0.1", host.Host)
	e := failure(t, err)
	assert.Equal(t, dialer.Error{Op: "proxy", Field: "Proxies[0]", Value: proxies[0].String(), Network: "tcp", Address: "service.test:443", Err: e.Err}, *e)
	assert.ErrorContains(t, err, "TLS handshake: ")
	assert.NotContains(t, err.Error(), "secret")
}

func TestCONNECTRequest(t *testing.T) {
	port := echoPort(t)
	server := newProxyServer()
	proxies := parseProxies(t, "http://"+server.http(t))
	proxies[0].Header = http.Header{"User-Agent": {"test/1"}, "Proxy-Authorization": {"Bearer token"}, "X-Two": {"a", "b"}}
	d := newDialer(t, &dialer.Config{Proxies: proxies})
	proxies[0].Header.Set("User-Agent", "changed later")
	c, err := d.Dial("tcp", "127.0.0.1:"+port)
	require.NoError(t, err)
	defer c.Close()
	r := <-server.requests
	assert.Equal(t, "127.0.0.1:"+port, r.RequestURI)
	assert.Equal(t, r.RequestURI, r.Host)
	assert.Equal(t, http.Header{"User-Agent": {"test/1"}, "Proxy-Authorization": {"Bearer token"}, "X-Two": {"a", "b"}}, r.Header)
}

// script answers what it is told, whatever it was asked.
func script(t *testing.T, answers ...string) string {
	t.Helper()
	return serveConns(t, listen(t, "tcp", "127.0.0.1:0"), func(c net.Conn) error {
		buf := make([]byte, 4096)
		for _, answer := range answers {
			if _, err := c.Read(buf); err != nil {
				return err
			}
			if _, err := io.WriteString(c, answer); err != nil {
				return err
			}
		}
		c.(*net.TCPConn).CloseWrite()
		return errSilent
	})
}

func TestBytesBehindTheAnswerAreTheTargets(t *testing.T) {
	for name, proxy := range map[string]string{
		"http":                        "http://" + script(t, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"),
		"http, line feeds":            "http://" + script(t, "HTTP/1.0 200 OK\nA: b\n\nhello"),
		"http, mixed":                 "http://" + script(t, "HTTP/1.0 200 OK\nA: b\n\r\nhello"),
		"http, nothing but 200":       "http://" + script(t, "HTTP/1.1 204 \r\n\r\nhello"),
		"http, interim answers":       "http://" + script(t, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nA: b\r\n\r\nHTTP/1.1 200 OK\r\n\r\nhello"),
		"http, chunked":               "http://" + script(t, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nhello"),
		"socks5, IPv4":                "socks5h://" + script(t, "\x05\x00", "\x05\x00\x00\x01\x01\x02\x03\x04\x00\x01hello"),
		"socks5, IPv6":                "socks5h://" + script(t, "\x05\x00", "\x05\x00\x00\x04"+long(16)+"\x00\x01hello"),
		"socks5, empty name":          "socks5h://" + script(t, "\x05\x00", "\x05\x00\x00\x03\x00\x00\x01hello"),
		"socks5, name":                "socks5h://" + script(t, "\x05\x00", "\x05\x00\x00\x03\xff"+long(255)+"\x00\x01hello"),
		"socks5, password asked":      "socks5h://u:p@" + script(t, "\x05\x02", "\x01\x00", "\x05\x00\x00\x03\x00\x00\x01hello"),
		"socks5, password not needed": "socks5h://u@" + script(t, "\x05\x00", "\x05\x00\x00\x03\x00\x00\x01hello"),
	} {
		t.Run(name, func(t *testing.T) {
			noLeak(t)
			c, err := newDialer(t, &dialer.Config{Proxies: parseProxies(t, proxy)}).Dial("tcp", "service.test:80")
			require.NoError(t, err)
			defer c.Close()
			require.IsType(t, &net.TCPConn{}, c)
			got, err := io.ReadAll(struct{ io.Reader }{c})
			require.NoError(t, err)
			assert.Equal(t, "hello", string(got))
		})
	}
}

func TestProxiesThatRefuse(t *testing.T) {
	reply := func(code string) string {
		return "socks5h://" + script(t, "\x05\x00", "\x05"+code+"\x00\x01\x00\x00\x00\x00\x00\x00")
	}
	for _, test := range []struct {
		name, proxy, want string
		is                error
	}{
		{"407", "http://u:secret@" + script(t, "HTTP/1.1 407 secret\r\n\r\n"), "CONNECT: the proxy answers 407 Proxy Authentication Required", nil},
		{"101", "http://" + script(t, "HTTP/1.1 101 Switching Protocols\r\n\r\n"), "the proxy answers 101", nil},
		{"302", "http://" + script(t, "HTTP/1.1 302 Found\r\nLocation: /secret\r\n\r\n"), "the proxy answers 302 Found", nil},
		{"another version", "http://" + script(t, "HTTP/2.0 200 OK\r\n\r\n"), "the answer is not HTTP/1", nil},
		{"another protocol", "http://" + script(t, "SSH-2.0-secret"), "the answer is not HTTP/1", nil},
		{"nonsense", "http://" + script(t, "HT secret\r\n\r\n"), "the answer is not HTTP/1", nil},
		{"hangs up", "http://" + script(t, "HTTP/1.1 200 OK\r\n"), "the proxy hung up", io.ErrUnexpectedEOF},
		{"hangs up at once", "http://" + script(t), "the proxy hung up", io.ErrUnexpectedEOF},
		{"long header", "http://" + script(t, "HTTP/1.1 200 OK\r\nA: "+long(2000)+"\r\n\r\n"), "longer than MaxHeader", nil},
		{"many interim answers", "http://" + script(t, strings.Repeat("HTTP/1.1 100 Continue\r\n\r\n", 100)), "longer than MaxHeader", nil},
		{"socks4", "socks5://" + script(t, "\x04\x00"), "SOCKS5 greeting: the answer has version 4", nil},
		{"http for socks", "socks5://" + script(t, "HTTP/1.1 400 Bad Request\r\n\r\n"), "SOCKS5 greeting: the answer has version 72", nil},
		{"authentication wanted", "socks5://" + script(t, "\x05\xff"), "the proxy wants authentication", syscall.EACCES},
		{"another authentication wanted", "socks5://u:secret@" + script(t, "\x05\xff"), "neither a password nor no authentication", errors.ErrUnsupported},
		{"a method not offered", "socks5://" + script(t, "\x05\x02"), "the proxy chose method 2, which was not offered", nil},
		{"password refused", "socks5://u:secret@" + script(t, "\x05\x02", "\x01\x01"), "SOCKS5 authentication: the proxy refuses user and password", syscall.EACCES},
		{"another version of the password", "socks5://u:secret@" + script(t, "\x05\x02", "\x05\x00"), "SOCKS5 authentication: the answer has version 5", nil},
		{"hangs up after the password", "socks5://u:secret@" + script(t, "\x05\x02", "\x01"), "SOCKS5 authentication: the proxy hung up", io.ErrUnexpectedEOF},
		{"hangs up after the greeting", "socks5h://" + script(t, "\x05\x00"), "SOCKS5 request: the proxy hung up", io.ErrUnexpectedEOF},
		{"hangs up in the address", "socks5h://" + script(t, "\x05\x00", "\x05\x00\x00\x01\x00"), "SOCKS5 request: the proxy hung up", io.ErrUnexpectedEOF},
		{"hangs up in the name", "socks5h://" + script(t, "\x05\x00", "\x05\x00\x00\x03"), "SOCKS5 request: the proxy hung up", io.ErrUnexpectedEOF},
		{"another version of the reply", "socks5h://" + script(t, "\x05\x00", "\x04\x5a\x00\x01"), "SOCKS5 request: the answer has version 4", nil},
		{"an unknown address", "socks5h://" + script(t, "\x05\x00", "\x05\x00\x00\x02"), "an address of type 2", nil},
		{"1", reply("\x01"), "the proxy answers 1: general failure", nil},
		{"2", reply("\x02"), "not allowed", syscall.EACCES},
		{"3", reply("\x03"), "the proxy answers 3", netUnreachable},
		{"4", reply("\x04"), "the proxy answers 4", hostUnreachable},
		{"5", reply("\x05"), "the proxy answers 5", connRefused},
		{"6", reply("\x06"), "TTL", syscall.ETIMEDOUT},
		{"7", reply("\x07"), "no CONNECT", errors.ErrUnsupported},
		{"8", reply("\x08"), "type of address", noFamily},
		{"9", reply("\x09"), "the proxy answers 9, which RFC 1928 does not know", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			noLeak(t)
			proxies := parseProxies(t, test.proxy)
			if !strings.HasPrefix(test.proxy, "socks") {
				proxies[0].MaxHeader = 1000
			}
			c, err := newDialer(t, &dialer.Config{Proxies: proxies}).Dial("tcp", "192.0.2.1:80")
			require.ErrorContains(t, err, test.want)
			assert.Nil(t, c)
			e := failure(t, err)
			assert.Equal(t, dialer.Error{Op: "proxy", Field: "Proxies[0]", Value: proxies[0].String(), Network: "tcp", Address: "192.0.2.1:80", Err: e.Err}, *e)
			assert.NotContains(t, err.Error(), "secret")
			if test.is != nil {
				assert.ErrorIs(t, err, test.is)
			}
			var status *dialer.ProxyStatusError
			assert.Equal(t, strings.HasPrefix(test.name, "1") && len(test.name) == 3 || test.name == "407" || test.name == "302", errors.As(err, &status))
			assert.False(t, e.Timeout() && test.name != "6")
		})
	}
}

// A program need not know whether there was a proxy on the way.
func TestRefusedBehindSOCKSIsRefused(t *testing.T) {
	_, err := net.Dial("tcp", refusing(t))
	require.ErrorIs(t, err, connRefused)
	proxy := "socks5h://" + script(t, "\x05\x00", "\x05\x05\x00\x01\x00\x00\x00\x00\x00\x00")
	_, err = newDialer(t, &dialer.Config{Proxies: parseProxies(t, proxy)}).Dial("tcp", "192.0.2.1:80")
	assert.ErrorIs(t, err, connRefused)
}

func TestProxiesThatAreGone(t *testing.T) {
	for url, want := range map[string]string{"socks5h://h": "SOCKS5 greeting: ", "http://h": "CONNECT: "} {
		_, err := dialer.ProxyAnswer(parseProxies(t, url)[0], nil)
		require.ErrorIs(t, err, syscall.EPIPE)
		assert.ErrorContains(t, err, want)
	}
}

func TestProxyStatus(t *testing.T) {
	server := newProxyServer()
	server.user = "user"
	d := newDialer(t, &dialer.Config{Proxies: parseProxies(t, "http://user:wrong@"+server.http(t))})
	_, err := d.Dial("tcp", "192.0.2.1:80")
	var status *dialer.ProxyStatusError
	require.ErrorAs(t, err, &status)
	assert.Equal(t, 407, status.StatusCode)
}

func TestUnreachableProxy(t *testing.T) {
	noLeak(t)
	proxies := parseProxies(t, "socks5://u:secret@"+refusing(t))
	_, err := newDialer(t, &dialer.Config{Proxies: proxies}).Dial("tcp4", "service.test:80")
	e := failure(t, err)
	assert.Equal(t, dialer.Error{Op: "dial", Field: "Proxies[0]", Value: proxies[0].String(), Network: "tcp4", Address: "service.test:80", Err: e.Err}, *e)
	var errno syscall.Errno
	assert.ErrorAs(t, err, &errno)
	assert.NotContains(t, err.Error(), "secret")
}

func TestTargetsThatNoProxyCanBeTold(t *testing.T) {
	d := newDialer(t, &dialer.Config{Proxies: parseProxies(t, "http://127.0.0.1:1")})
	for address, want := range map[string]string{
		"no-port":                    "missing port in address",
		"service.test:0":             `port "0" is neither`,
		"service.test:nosuchservice": `port "nosuchservice" is neither`,
		":80":                        "a proxy needs a host",
		"a b:80":                     `byte ' ' in the host`,
		"a\r\nX: y:80":               "too many colons",
		"a\r\n:80":                   `byte '\r' in the host`,
		"a/b:80":                     `byte '/' in the host`,
		"\u00fcmlaut.test:80":        "in the host",
		long(256) + ":80":            "longer than 255 bytes",
		"[fe80::1%eth0]:80":          `zone "eth0"`,
	} {
		_, err := d.Dial("tcp", address)
		require.ErrorContains(t, err, want, address)
		assert.Equal(t, "Proxies[0]", failure(t, err).Field)
		assert.Equal(t, address, failure(t, err).Address)
	}
	_, err := d.Dial("tcp6", "127.0.0.1:80")
	assert.ErrorContains(t, err, "not an address of network tcp6")
	for _, network := range []string{"udp", "udp4", "ip4:icmp"} {
		_, err := d.Dial(network, "127.0.0.1:53")
		require.ErrorIs(t, err, errors.ErrUnsupported, network)
		assert.Equal(t, "Proxies", failure(t, err).Field)
	}
	_, err = d.Dial("sctp", "127.0.0.1:53")
	var unknown net.UnknownNetworkError
	assert.ErrorAs(t, err, &unknown)
	var none context.Context
	_, err = d.DialContext(none, "tcp", "127.0.0.1:53")
	assert.ErrorContains(t, err, "the context is nil")
}

func TestUnixNeedsNoProxy(t *testing.T) {
	noLeak(t)
	path := unixPath(t)
	echo(t, listen(t, "unix", path))
	d := newDialer(t, &dialer.Config{Proxies: parseProxies(t, "http://127.0.0.1:1"), Rewrites: []dialer.Rewrite{{"tcp", "service.test:80", "unix", path}}})
	for network, address := range map[string]string{"unix": path, "tcp": "service.test:80"} {
		c, err := d.Dial(network, address)
		require.NoError(t, err)
		defer c.Close()
		roundTrip(t, c)
	}
}

func TestSOCKS5ResolvesHere(t *testing.T) {
	port := echoPort(t)
	server := newProxyServer()
	server.hosts = map[string]string{"192.0.2.4": "127.0.0.1", "2001:db8::6": "127.0.0.1"}
	proxy := "socks5://" + server.socks(t)
	both := func(context.Context, string, string) ([]netip.Addr, error) {
		return []netip.Addr{netip.MustParseAddr("2001:db8::6"), netip.MustParseAddr("192.0.2.4")}, nil
	}
	for _, test := range []struct {
		network string
		family  dialer.Family
		want    string
	}{
		{"tcp", dialer.FamilyAny, "2001:db8::6"},
		{"tcp", dialer.PreferIPv4, "192.0.2.4"},
		{"tcp", dialer.OnlyIPv4, "192.0.2.4"},
		{"tcp4", dialer.FamilyAny, "192.0.2.4"},
	} {
		// The source is for the conn to the proxy: it does not matter what the target is.
		d := newDialer(t, &dialer.Config{Proxies: parseProxies(t, proxy), Lookup: both, Family: test.family, LocalAddr: "127.0.0.1"})
		c, err := d.Dial(test.network, "service.test:"+port)
		require.NoError(t, err)
		assert.Equal(t, net.JoinHostPort(test.want, port), <-server.seen)
		roundTrip(t, c)
		c.Close()
	}
	noLeak(t)
	bad := errors.New("no such name")
	d := newDialer(t, &dialer.Config{Proxies: parseProxies(t, proxy), Lookup: func(context.Context, string, string) ([]netip.Addr, error) { return nil, bad }})
	_, err := d.Dial("tcp", "service.test:80")
	assert.ErrorIs(t, err, bad)
	d = newDialer(t, &dialer.Config{Proxies: parseProxies(t, proxy), Lookup: func(context.Context, string, string) ([]netip.Addr, error) {
		return []netip.Addr{{}, netip.MustParseAddr("2001:db8::6")}, nil
	}})
	_, err = d.Dial("tcp4", "service.test:80")
	assert.ErrorContains(t, err, "no suitable address found")
}

// The family holds for addresses as well, and no proxy is asked then.
func TestFamilyOfATargetBehindAProxy(t *testing.T) {
	for _, scheme := range []string{"socks5", "socks5h", "http"} {
		d := newDialer(t, &dialer.Config{Proxies: parseProxies(t, scheme+"://"+refusing(t)), Family: dialer.OnlyIPv4})
		_, err := d.Dial("tcp", "[2001:db8::6]:80")
		assert.EqualError(t, err, "dialer: dial tcp [2001:db8::6]:80: Family=only IPv4: address 2001:db8::6: excluded")
		_, err = d.Dial("tcp6", "[2001:db8::6]:80")
		assert.ErrorContains(t, err, "Family=only IPv4: network tcp6 is excluded")
	}
}

func TestDataThroughAProxy(t *testing.T) {
	noLeak(t)
	port := echoPort(t)
	d := newDialer(t, &dialer.Config{Proxies: parseProxies(t, "http://"+newProxyServer().http(t))})
	c, err := dialer.DialData(t.Context(), d, "tcp", "127.0.0.1:"+port, []byte("first"))
	require.NoError(t, err)
	defer c.Close()
	got := make([]byte, 5)
	_, err = io.ReadFull(c, got)
	require.NoError(t, err)
	assert.Equal(t, "first", string(got))
}

// Whatever it is printed with, a password or a header is not shown.
func TestProxyIsHidden(t *testing.T) {
	p, err := dialer.ParseProxy("http://user:hunter2@proxy:8080")
	require.NoError(t, err)
	p.Header = http.Header{"X-Token": {"hunter2"}}
	text, err := json.Marshal(p)
	require.NoError(t, err)
	assert.Equal(t, `"http://user:xxxxx@proxy:8080"`, string(text))
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		assert.NotContains(t, fmt.Sprintf(verb, p), "hunter2")
		assert.NotContains(t, fmt.Sprintf(verb, &dialer.Config{Proxies: []dialer.Proxy{p}}), "hunter2")
	}
}
