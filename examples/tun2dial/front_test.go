package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/dialer"
)

// startFront returns the address of a proxy that dials plainly.
func startFront(t *testing.T, dial dialFunc) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	f := newFront(l, dial)
	t.Cleanup(func() { assert.NoError(t, f.Close()) })
	return f.Addr().String()
}

// echoServer sends back what it gets, and ends when the client does.
func echoServer(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { l.Close() })
	go acceptAll(t.Context(), l, func(c net.Conn) {
		go func() {
			defer c.Close()
			io.Copy(c, c)
		}()
	})
	return l.Addr().String()
}

// closedAddress is one that nobody listens at. Its port is none that the system
// gives to somebody else.
const closedAddress = "127.0.0.1:1"

// One port is a SOCKS5 and an HTTP proxy, whose conns end one direction after the
// other.
func TestFront(t *testing.T) {
	noLeak(t)
	target, gone := echoServer(t), closedAddress
	address := startFront(t, (&net.Dialer{}).DialContext)
	for _, scheme := range []string{"socks5", "socks5h", "http"} {
		t.Run(scheme, func(t *testing.T) {
			p, err := dialer.ParseProxy(scheme + "://" + address)
			require.NoError(t, err)
			d, err := dialer.New(&dialer.Config{Proxies: []dialer.Proxy{p}, Timeout: patience})
			require.NoError(t, err)
			c, err := d.Dial("tcp", target)
			require.NoError(t, err)
			defer c.Close()
			c.SetDeadline(time.Now().Add(patience))
			_, err = io.WriteString(c, "there and back")
			require.NoError(t, err)
			require.NoError(t, c.(interface{ CloseWrite() error }).CloseWrite())
			b, err := io.ReadAll(c)
			require.NoError(t, err)
			assert.Equal(t, "there and back", string(b))

			_, err = d.Dial("tcp", gone)
			if scheme == "http" {
				assert.ErrorContains(t, err, "502")
			} else {
				assert.ErrorContains(t, err, "refused")
			}
		})
	}
}

// Requests of whole URLs are passed on, and an error is told.
func TestFrontRequests(t *testing.T) {
	noLeak(t)
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, r.Host, r.URL.Path)
	}))
	defer web.Close()
	address := startFront(t, (&net.Dialer{}).DialContext)
	proxy := &url.URL{Scheme: "http", Host: address}
	tr := &http.Transport{Proxy: http.ProxyURL(proxy)}
	defer tr.CloseIdleConnections()
	client := &http.Client{Transport: tr, Timeout: patience}
	for target, want := range map[string]string{
		web.URL + "/path":                      strings.TrimPrefix(web.URL, "http://") + "/path",
		"http://" + closedAddress + "/nowhere": "connection refused",
	} {
		res, err := client.Get(target)
		require.NoError(t, err)
		b, err := io.ReadAll(res.Body)
		res.Body.Close()
		require.NoError(t, err)
		assert.Contains(t, string(b), want)
	}
	res, err := http.Get("http://" + address + "/not-for-a-proxy")
	require.NoError(t, err)
	res.Body.Close()
	assert.Equal(t, http.StatusBadRequest, res.StatusCode)
	http.DefaultTransport.(*http.Transport).CloseIdleConnections()
}

// What is no request ends the conn.
func TestFrontRefuses(t *testing.T) {
	noLeak(t)
	address := startFront(t, (&net.Dialer{}).DialContext)
	for name, test := range map[string]struct{ say, answer string }{
		"version":  {"\x05\x01\x00\x04\x01\x00\x01", "\x05\x00"},
		"bind":     {"\x05\x01\x00\x05\x02\x00\x01\x7f\x00\x00\x01\x00\x50", "\x05\x00\x05\x07\x00\x01\x00\x00\x00\x00\x00\x00"},
		"address":  {"\x05\x01\x00\x05\x01\x00\x09\x7f\x00\x00\x01\x00\x50", "\x05\x00"},
		"cut":      {"\x05\x01\x00\x05\x01\x00\x03\x09a", "\x05\x00"},
		"nothing":  {"", ""},
		"no HTTP":  {"\x01\x02\x03\r\n\r\n", "HTTP/1.1 400 Bad Request"},
		"methods":  {"\x05\x05\x00", ""},
		"one byte": {"\x05", ""},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := net.Dial("tcp", address)
			require.NoError(t, err)
			defer c.Close()
			c.SetDeadline(time.Now().Add(patience))
			_, err = io.WriteString(c, test.say)
			require.NoError(t, err)
			require.NoError(t, c.(*net.TCPConn).CloseWrite())
			b, _ := io.ReadAll(c) // a reset is as good as an end
			assert.True(t, strings.HasPrefix(string(b), test.answer), "%q", b)
			if test.answer == "" {
				assert.Empty(t, b)
			}
		})
	}
}

// Close ends conns that are open, dials that hang, and clients that say nothing.
func TestFrontCloses(t *testing.T) {
	noLeak(t)
	target := echoServer(t)
	hang := func(ctx context.Context, network, address string) (net.Conn, error) {
		if address == "192.0.2.1:80" {
			<-ctx.Done()
			return nil, ctx.Err()
		}
		return (&net.Dialer{}).DialContext(ctx, network, address)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	f := newFront(l, hang)
	var open []net.Conn
	for _, say := range []string{
		"", "\x05", "CONN", "CONNECT " + target + " HTTP/1.1\r\nHost: x\r\n\r\n",
		"CONNECT 192.0.2.1:80 HTTP/1.1\r\nHost: x\r\n\r\n", "GET http://192.0.2.1/ HTTP/1.1\r\nHost: 192.0.2.1\r\n\r\n",
		"\x05\x01\x00\x05\x01\x00\x01\xc0\x00\x02\x01\x00\x50",
	} {
		c, err := net.Dial("tcp", l.Addr().String())
		require.NoError(t, err)
		defer c.Close()
		c.SetDeadline(time.Now().Add(patience))
		_, err = io.WriteString(c, say)
		require.NoError(t, err)
		open = append(open, c)
	}
	line, err := bufio.NewReader(open[3]).ReadString('\n')
	require.NoError(t, err)
	require.Contains(t, line, "200")
	require.NoError(t, f.Close())
	for i, c := range open {
		_, err := io.Copy(io.Discard, c)
		if ne, ok := err.(net.Error); ok {
			assert.False(t, ne.Timeout(), "conn %d is open", i)
		}
	}
}
