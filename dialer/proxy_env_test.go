package dialer_test

import (
	"errors"
	"maps"
	"net"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/dialer"
)

// setProxies sets the variables and empties all others that matter.
func setProxies(t *testing.T, variables map[string]string) {
	t.Helper()
	for _, name := range []string{
		"HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy", "REQUEST_METHOD",
	} {
		t.Setenv(name, "")
	}
	for name, value := range variables {
		t.Setenv(name, value)
	}
}

func TestProxyFromEnvironment(t *testing.T) {
	server := map[string]*proxyServer{}
	for _, name := range []string{"http", "https", "all"} {
		server[name] = newProxyServer()
	}
	httpAddr, httpsAddr, allAddr := server["http"].http(t), server["https"].http(t), server["all"].socks(t)
	for _, test := range []struct {
		name      string
		variables map[string]string
		want      map[string]string // target and the proxy that is asked, "" for none
	}{
		{"by port", map[string]string{"HTTP_PROXY": "http://" + httpAddr, "HTTPS_PROXY": "http://u:p@" + httpsAddr}, map[string]string{
			"a.test:443": "https", "a.test:https": "https", "a.test:80": "http", "a.test:8443": "http", "192.0.2.1:443": "https", "[2001:db8::1]:80": "http",
		}},
		{"no scheme, lower case", map[string]string{"http_proxy": httpAddr, "HTTP_PROXY": "http://proxy.invalid"}, map[string]string{"a.test:80": "http", "a.test:443": ""}},
		{"all", map[string]string{"ALL_PROXY": "socks5h://" + allAddr, "HTTPS_PROXY": httpsAddr}, map[string]string{"a.test:80": "all", "a.test:443": "https"}},
		{"all in lower case, and CGI", map[string]string{"all_proxy": "socks5h://" + allAddr, "ALL_PROXY": "socks5h://proxy.invalid", "REQUEST_METHOD": "GET"}, map[string]string{"a.test:80": "all", "a.test:443": "all"}},
		{"exceptions", map[string]string{"ALL_PROXY": "socks5h://" + allAddr, "NO_PROXY": "b.test,.c.test,192.0.2.0/24,d.test:80"}, map[string]string{
			"a.test:80": "all", "b.test:80": "", "x.b.test.:80": "", "c.test:80": "all", "x.C.test:443": "", "192.0.2.9:1": "", "[::ffff:192.0.2.9]:1": "", "192.0.3.1:1": "all",
			"d.test:http": "", "d.test:443": "all", "localhost:80": "", "127.0.0.1:80": "", "[::1]:443": "", ":80": "",
		}},
		{"nothing set", nil, map[string]string{"a.test:80": "", "a.test:443": ""}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if runtime.GOOS == "windows" { // where the case of a variable's name makes no other variable
				maps.DeleteFunc(test.variables, func(_, value string) bool { return strings.HasSuffix(value, "proxy.invalid") })
			}
			setProxies(t, test.variables)
			chain, err := dialer.EnvironmentChain()
			require.NoError(t, err)
			for target, want := range test.want {
				got, err := chain("tcp", target)
				require.NoError(t, err)
				assert.Equal(t, map[string]string{
					"": "", "http": httpAddr, "https": httpsAddr, "all": allAddr,
				}[want], got, target)
			}
		})
	}
	t.Run("dial", func(t *testing.T) {
		noLeak(t)
		port := echoPort(t)
		server["all"].hosts = map[string]string{"service.test": "127.0.0.1"}
		setProxies(t, map[string]string{"ALL_PROXY": "socks5h://" + allAddr})
		d := newDialer(t, &dialer.Config{ProxyFromEnvironment: true})
		setProxies(t, nil) // read once
		for _, address := range []string{"service.test:" + port, "127.0.0.1:" + port} {
			c, err := d.Dial("tcp", address)
			require.NoError(t, err)
			defer c.Close()
			assert.IsType(t, &net.TCPConn{}, c)
			roundTrip(t, c)
		}
		assert.Equal(t, "service.test:"+port, <-server["all"].seen)
		assert.Empty(t, server["all"].seen, "loopback needs no proxy")
		for network, address := range map[string]string{"udp": "192.0.2.1:53", "ip4:icmp": "192.0.2.1"} {
			_, err := d.Dial(network, address)
			require.ErrorIs(t, err, errors.ErrUnsupported)
			assert.Equal(t, "ProxyFromEnvironment", failure(t, err).Field)
		}
		udp, err := d.Dial("udp", "127.0.0.1:53")
		require.NoError(t, err)
		udp.Close()
	})
}

func TestBadEnvironment(t *testing.T) {
	for name, value := range map[string]string{"HTTP_PROXY": "ftp://u:secret@h", "HTTPS_PROXY": "http://u:sec/ret@h", "ALL_PROXY": "socks4://secret"} {
		setProxies(t, map[string]string{name: value})
		_, err := dialer.New(&dialer.Config{ProxyFromEnvironment: true})
		require.ErrorContains(t, err, name)
		assert.NotContains(t, err.Error(), "sec")
		assert.Equal(t, "ProxyFromEnvironment", failure(t, err).Field)
		assert.Equal(t, "config", failure(t, err).Op)
	}
	// In a CGI program the variable may come from the Proxy header of a request.
	setProxies(t, map[string]string{"HTTP_PROXY": "http://u:secret@127.0.0.1:1", "REQUEST_METHOD": "GET"})
	_, err := newDialer(t, &dialer.Config{ProxyFromEnvironment: true}).Dial("tcp", "service.test:80")
	require.ErrorContains(t, err, "CGI")
	assert.NotContains(t, err.Error(), "secret")
	assert.Equal(t, "ProxyFromEnvironment", failure(t, err).Field)
}
