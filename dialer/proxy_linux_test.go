package dialer_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/dialer"
	"github.com/strata-net/strata/sockopt"
	"github.com/strata-net/strata/tlsx/pki"
)

// startProgram starts a server that listens on the address, and ends it with the test.
func startProgram(t *testing.T, address, name string, args ...string) {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("%s is not installed", name)
		}
		t.Skipf("%s is not installed", name)
	}
	var output bytes.Buffer
	cmd := exec.Command(path, args...)
	cmd.Stdout, cmd.Stderr = &output, &output
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	stdin, err := cmd.StdinPipe() // s_server ends with its input
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
		stdin.Close()
		if t.Failed() {
			t.Logf("%s: %s", name, output.String())
		}
	})
	require.Eventually(t, func() bool {
		c, err := net.Dial("tcp", address)
		if err == nil {
			c.Close()
		}
		return err == nil
	}, eventually, 20*time.Millisecond, "%s does not listen on %s", name, address)
}

// freePort returns a loopback address of our own, and a port of it that was free just now: the programs cannot be told
// to choose one.
func freePort(t *testing.T) (ip, port string) {
	t.Helper()
	l, err := net.Listen("tcp", net.JoinHostPort(own(), "0"))
	require.NoError(t, err)
	defer l.Close()
	ip, port, err = net.SplitHostPort(l.Addr().String())
	require.NoError(t, err)
	return ip, port
}

func startMicrosocks(t *testing.T) string {
	t.Helper()
	ip, port := freePort(t)
	startProgram(t, ip+":"+port, "microsocks", "-i", ip, "-p", port, "-u", "user", "-P", "pass:word")
	return ip + ":" + port
}

func startTinyproxy(t *testing.T) string {
	t.Helper()
	ip, port := freePort(t)
	conf := filepath.Join(t.TempDir(), "tinyproxy.conf")
	text := fmt.Sprintf("Port %s\nListen %s\nTimeout 600\nAllow 127.0.0.0/8\nBasicAuth user password\n", port, ip)
	require.NoError(t, os.WriteFile(conf, []byte(text), 0o600))
	startProgram(t, ip+":"+port, "tinyproxy", "-d", "-c", conf)
	return ip + ":" + port
}

// startOpenSSL is a TLS server that answers with a page, as service.test.
func startOpenSSL(t *testing.T, ca *authority) string {
	t.Helper()
	c, err := ca.Issue(&pki.Leaf{Names: []string{"service.test"}, Server: true})
	require.NoError(t, err)
	cert, key, err := c.Write(t.TempDir(), "server")
	require.NoError(t, err)
	ip, port := freePort(t)
	startProgram(t, ip+":"+port, "openssl", "s_server", "-accept", ip+":"+port, "-cert", cert, "-key", key, "-www", "-alpn", "http/1.1", "-quiet")
	return ip + ":" + port
}

// TestRealProxies chains proxies that others wrote, to a TLS server that others wrote.
func TestRealProxies(t *testing.T) {
	socks, plain := startMicrosocks(t), startTinyproxy(t)
	ca := newAuthority(t)
	target := startOpenSSL(t, ca)
	for _, test := range []struct {
		name string
		urls []string
	}{
		{"microsocks", []string{"socks5h://user:pass%3Aword@" + socks}},
		{"microsocks, resolved here", []string{"socks5://user:pass%3Aword@" + socks}},
		{"tinyproxy", []string{"http://user:password@" + plain}},
		{"tinyproxy, then microsocks", []string{"http://user:password@" + plain, "socks5h://user:pass%3Aword@" + socks}},
		{"microsocks, then tinyproxy", []string{"socks5h://user:pass%3Aword@" + socks, "http://user:password@" + plain}},
	} {
		t.Run(test.name, func(t *testing.T) {
			noLeak(t)
			config := ca.client()
			config.NextProtos = []string{"http/1.1"}
			d := newDialer(t, &dialer.Config{
				Timeout: eventually, TLS: config, Proxies: parseProxies(t, test.urls...),
				Rewrites: parseRewrites(t, "(tcp|service.test:https) (tcp|"+target+")"),
			})
			transport := &http.Transport{DialTLSContext: d.DialContext}
			defer transport.CloseIdleConnections()
			response, err := (&http.Client{Transport: transport}).Get("https://service.test/")
			require.NoError(t, err)
			defer response.Body.Close()
			body, err := io.ReadAll(response.Body)
			require.NoError(t, err)
			assert.Contains(t, string(body), "s_server")
		})
	}
	for url, want := range map[string]error{
		"socks5://user:wrong@" + socks: syscall.EACCES,
		"socks5://" + socks:            syscall.EACCES,
		"http://user:wrong@" + plain:   nil,
	} {
		_, err := newDialer(t, &dialer.Config{Proxies: parseProxies(t, url)}).Dial("tcp", target)
		assert.Equal(t, "proxy", failure(t, err).Op)
		var status *dialer.ProxyStatusError
		if want != nil {
			assert.ErrorIs(t, err, want)
		} else if assert.ErrorAs(t, err, &status) {
			assert.Contains(t, []int{401, 407}, status.StatusCode)
		}
	}
	_, err := newDialer(t, &dialer.Config{Proxies: parseProxies(t, "socks5://user:pass%3Aword@"+socks)}).Dial("tcp", refusing(t))
	assert.ErrorIs(t, err, syscall.ECONNREFUSED)
}

// TestProxyHeaderThatNobodyReads ends at the handshake timeout also without TLS.
func TestProxyHeaderThatNobodyReads(t *testing.T) {
	noLeak(t)
	small := sockopt.Options{sockopt.RcvBuf.Value(2048), sockopt.SndBuf.Value(2048)}
	l, err := (&net.ListenConfig{Control: small.Control}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	d := newDialer(t, &dialer.Config{Options: small, ProxyProtocol: 2, HandshakeTimeout: 100 * time.Millisecond})
	ctx := dialer.WithProxyHeader(t.Context(), dialer.ProxyHeader{TLVs: []dialer.TLV{{Type: 0xe0, Value: make([]byte, 65000)}}})
	c, err := d.DialContext(ctx, "tcp", l.Addr().String())
	require.ErrorIs(t, err, context.DeadlineExceeded)
	assert.Nil(t, c)
	e := failure(t, err)
	assert.Equal(t, []string{"write", "HandshakeTimeout", "100ms"}, []string{e.Op, e.Field, e.Value})
	assert.True(t, e.Timeout())
}

// TestSocketOptionsReachTheConnToTheProxy looks at the bare conn that a chain without TLS hands out.
func TestSocketOptionsReachTheConnToTheProxy(t *testing.T) {
	port := echoPort(t)
	proxy := newProxyServer().http(t)
	d := newDialer(t, &dialer.Config{
		LocalAddr: "127.0.0.3", Options: sockopt.Options{sockopt.TCPNoDelay.Value(false)}, Proxies: parseProxies(t, "http://"+proxy),
	})
	c, err := d.Dial("tcp", "127.0.0.1:"+port)
	require.NoError(t, err)
	defer c.Close()
	noDelay, err := sockopt.TCPNoDelay.Get(c.(*net.TCPConn))
	require.NoError(t, err)
	assert.False(t, noDelay)
	assert.True(t, strings.HasPrefix(c.LocalAddr().String(), "127.0.0.3:"))
	assert.Equal(t, proxy, c.RemoteAddr().String())
}

// TestFastOpenedLooksBelowAllTLS has TLS to the target in TLS to the proxy.
func TestFastOpenedLooksBelowAllTLS(t *testing.T) {
	ca := newAuthority(t)
	addr, _ := tlsEcho(t, "tcp", "127.0.0.1:0", ca.server(t, "127.0.0.1"))
	proxies := parseProxies(t, "https://"+newProxyServer().https(t, ca.server(t, "127.0.0.1")))
	proxies[0].TLS = ca.client()
	c, err := newDialer(t, &dialer.Config{TLS: ca.client(), Proxies: proxies}).Dial("tcp", addr.String())
	require.NoError(t, err)
	defer c.Close()
	opened, err := dialer.FastOpened(c)
	require.NoError(t, err)
	assert.False(t, opened)
}
