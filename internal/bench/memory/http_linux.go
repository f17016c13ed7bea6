package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/strata-net/strata/httpx"
	"github.com/strata-net/strata/tlsx/pki"
)

// servers are those of HTTP over TLS.
func servers() []way {
	return []way{
		{name: "http.Server", listen: bare, serve: servePlain},
		{name: "httpx.Server", listen: bare, serve: serveOurs},
	}
}

var answered = http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})

func protocols() *http.Protocols {
	var p http.Protocols
	p.SetHTTP1(true)
	p.SetHTTP2(true)
	return &p
}

func servePlain(l net.Listener) {
	s := &http.Server{Handler: answered, TLSConfig: certificate(), Protocols: protocols(), ReadHeaderTimeout: time.Minute, IdleTimeout: time.Hour}
	_ = s.ServeTLS(l, "", "")
}

func serveOurs(l net.Listener) {
	s, err := httpx.NewServer(&httpx.ServerConfig{Handler: answered, TLS: certificate(), Protocols: protocols(), IdleTimeout: time.Hour})
	if err != nil {
		panic(err) // nothing of it depends on the caller
	}
	_ = s.Serve(l)
}

// certificate is a config with a certificate of its own.
func certificate() *tls.Config {
	ca, err := pki.New(nil)
	if err != nil {
		panic(err)
	}
	leaf, err := ca.Issue(&pki.Leaf{Names: []string{"localhost"}})
	if err != nil {
		panic(err)
	}
	return &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{leaf.TLS()}}
}

// serveHTTP lets the way serve. The clients say when their conns are idle.
func serveHTTP(w way, l server, _ int) func() error {
	go w.serve(l.(net.Listener))
	return func() error { return nil }
}

// request sends one over a conn of its own and returns the conn, which the
// transport keeps idle.
func request(major int) func(context.Context, *net.Dialer, string) (net.Conn, error) {
	return func(ctx context.Context, d *net.Dialer, address string) (net.Conn, error) {
		var conn atomic.Pointer[net.Conn]
		var p http.Protocols
		p.SetHTTP1(major == 1)
		p.SetHTTP2(major == 2)
		t := &http.Transport{
			Protocols: &p,
			DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
				c, err := d.DialContext(ctx, network, address)
				conn.Store(&c)
				return c, err
			},
			TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, //nolint:gosec // what a conn costs does not depend on it
		}
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+address, http.NoBody) //nolint:gosec // our own server
		if err != nil {
			return nil, err
		}
		response, err := t.RoundTrip(r)
		if err != nil {
			return nil, err
		}
		defer response.Body.Close()
		if response.ProtoMajor != major {
			return nil, fmt.Errorf("answered by %s", response.Proto)
		}
		_, err = io.Copy(io.Discard, response.Body)
		return *conn.Load(), err
	}
}
