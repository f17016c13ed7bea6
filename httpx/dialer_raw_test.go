package httpx_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/httpx"
)

// decorated is a conn as many packages make them.
type decorated struct{ net.Conn }

func (w decorated) NetConn() net.Conn { return w.Conn }

// secured dials addr and puts TLS on the conn, as a tls.Dialer does.
func secured(t *testing.T, addr, name string) dialFunc {
	config := clientTLS(t)
	config.ServerName = name
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		if addr != "" {
			address = addr
		}
		return (&tls.Dialer{Config: config}).DialContext(ctx, network, address)
	}
}

func TestDialerWhoseConnsAreTLSToTheTarget(t *testing.T) {
	noLeak(t)
	target := peerOf(t, protocols("h1"), serverTLS(t, "127.0.0.1", "target.test"), nil)
	for name, test := range map[string]struct {
		host string
		dial dialFunc
	}{
		"address":                 {target.addr, secured(t, "", "")},
		"address, name":           {target.addr, secured(t, "", "target.test")},
		"name":                    {"target.test", secured(t, target.addr, "target.test")},
		"absolute name":           {"TARGET.test.", secured(t, target.addr, "target.test")},
		"wrapped":                 {"target.test", wrap(secured(t, target.addr, "target.test"))},
		"handshake yet to come":   {"target.test", lazy(t, target.addr)},
		"wrapped, with a port":    {"target.test:8080", wrap(secured(t, target.addr, "target.test"))},
		"address, wrapped, named": {target.addr, wrap(secured(t, "", "target.test"))},
	} {
		for _, scheme := range []string{"http", "https"} {
			t.Run(name+"/"+scheme, func(t *testing.T) {
				rt := newTransport(t, &httpx.TransportConfig{TLS: clientTLS(t), Dialer: test.dial})
				_, _, err := get(t, rt, scheme+"://"+test.host)
				e := failure(t, err)
				assert.Equal(t, "Dialer", e.Field)
				assert.ErrorContains(t, err, "is TLS to the target already")
			})
		}
	}
	eventually(t, "closed", func() bool { return target.open() == 0 })
}

func wrap(d dialFunc) dialFunc {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := d(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return decorated{decorated{c}}, nil
	}
}

func lazy(t *testing.T, addr string) dialFunc {
	config := clientTLS(t)
	config.ServerName = "other.test"
	return func(ctx context.Context, network, _ string) (net.Conn, error) {
		c, err := to(addr)(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		return tls.Client(c, config), nil
	}
}

// through is a dialer that goes through an https proxy, with a conn that rides on
// a *tls.Conn.
func through(t *testing.T, proxy, name string) dialFunc {
	dial := secured(t, proxy, name)
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := dial(ctx, network, proxy)
		if err != nil {
			return nil, err
		}
		req := &http.Request{Method: http.MethodConnect, Host: address, Header: http.Header{}}
		fmt.Fprintf(c, "CONNECT %s HTTP/1.1\r\nHost: %s\r\n\r\n", address, address)
		res, err := http.ReadResponse(bufio.NewReaderSize(c, 16), req)
		if err != nil {
			c.Close()
			return nil, err
		}
		res.Body.Close()
		return c, nil
	}
}

func TestDialerThatGoesThroughASecureProxy(t *testing.T) {
	noLeak(t)
	for _, test := range []struct{ scheme, set, proto string }{
		{"http", "h1", "HTTP/1.1"}, {"http", "h2c", "HTTP/2.0"}, {"https", "h1", "HTTP/1.1"}, {"https", "h2", "HTTP/2.0"},
	} {
		for _, name := range []string{"", "proxy.test", "proxy.test, target.test"} {
			t.Run(test.scheme+"/"+test.set+"/"+name, func(t *testing.T) {
				var config *tls.Config
				if test.scheme == "https" {
					config = serverTLS(t, "127.0.0.1", "target.test")
				}
				target := peerOf(t, protocols(test.set), config, nil)
				host, name := target.addr, name
				if name == "proxy.test, target.test" {
					host, name = "target.test:8080", "proxy.test"
				}
				proxy := proxyFor(t, target.addr, "", serverTLS(t, "127.0.0.1", "proxy.test"))
				rt := newTransport(t, &httpx.TransportConfig{
					TLS: clientTLS(t), Dialer: through(t, proxy.addr, name), Protocols: new(protocols(test.set)),
				})
				res, body, err := get(t, rt, test.scheme+"://"+host)
				require.NoError(t, err)
				assert.Equal(t, fmt.Sprintf("%s tls=%t", test.proto, test.scheme == "https"), body)
				assert.Equal(t, test.scheme == "https", res.TLS != nil, "the TLS of the proxy is not that of the response")
				assert.Equal(t, []string{"CONNECT " + host}, proxy.seen())
			})
		}
	}
}

func TestDialerOfOtherKindsOfConns(t *testing.T) {
	noLeak(t)
	target := peerOf(t, protocols("h1"), nil, nil)
	rt := newTransport(t, &httpx.TransportConfig{Dialer: wrap(to(target.addr))})
	_, body, err := get(t, rt, "http://target.test")
	require.NoError(t, err)
	assert.Equal(t, "HTTP/1.1 tls=false", body)

	for name, below := range map[string]func(net.Conn) net.Conn{
		"itself":  func(c net.Conn) net.Conn { return c },
		"nothing": func(net.Conn) net.Conn { return nil },
	} {
		rt = newTransport(t, &httpx.TransportConfig{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			c, err := to(target.addr)(ctx, network, address)
			return &deep{Conn: c, below: below}, err
		}})
		_, body, err = get(t, rt, "http://target.test")
		require.NoError(t, err, name)
		assert.Equal(t, "HTTP/1.1 tls=false", body, name)
	}
}

func TestConnsOfTLSWithoutAnAddress(t *testing.T) {
	noLeak(t)
	// Over a pipe, whose address is "pipe".
	ours, theirs := net.Pipe()
	server := tls.Server(theirs, serverTLS(t, "proxy.test"))
	config := clientTLS(t)
	config.ServerName = "proxy.test"
	done := make(chan error, 1)
	go func() {
		if err := server.Handshake(); err != nil {
			done <- err
			return
		}
		_, err := http.ReadRequest(bufio.NewReader(server))
		if err == nil {
			fmt.Fprint(server, "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
		}
		theirs.Close() // server.Close would say so, to a pipe that nobody reads, for 5 s
		done <- err
	}()
	conn := tls.Client(ours, config)
	require.NoError(t, conn.Handshake())
	rt := newTransport(t, &httpx.TransportConfig{
		DialContext: func(context.Context, string, string) (net.Conn, error) { return conn, nil },
	})
	res, _, err := get(t, rt, "http://127.0.0.1:80")
	require.NoError(t, err)
	assert.Equal(t, http.StatusNoContent, res.StatusCode)
	assert.NoError(t, <-done)
}
