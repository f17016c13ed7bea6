package main

import (
	"bufio"
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httputil"
	"time"
)

// newConnect returns an HTTP proxy: CONNECT, and requests of whole URLs.
func newConnect(ctx context.Context, dial dialFunc) (http.Handler, func()) {
	transport := &http.Transport{DialContext: dial, DisableCompression: true}
	plain := &httputil.ReverseProxy{
		Transport: transport,
		Rewrite:   func(r *httputil.ProxyRequest) { r.Out.Host = r.In.Host },
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
			http.Error(w, err.Error(), http.StatusBadGateway)
		},
	}
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Method == http.MethodConnect:
			tunnelTo(ctx, w, r.Host, dial)
		case r.URL.Host == "":
			http.Error(w, "this is a proxy", http.StatusBadRequest)
		default:
			plain.ServeHTTP(w, r)
		}
	})
	return handler, transport.CloseIdleConnections
}

// tunnelTo answers CONNECT.
func tunnelTo(ctx context.Context, w http.ResponseWriter, target string, dial dialFunc) {
	ctx, cancel := context.WithTimeout(ctx, dialTime)
	defer cancel()
	up, err := dial(ctx, "tcp", target)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	c, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		up.Close()
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	c.SetDeadline(time.Time{})
	if _, err := c.Write([]byte("HTTP/1.1 200 Connection established\r\n\r\n")); err != nil {
		c.Close()
		up.Close()
		return
	}
	splice(&begun{Conn: c, from: buffered.Reader}, up)
}

// begun is a conn of which something was read already.
type begun struct {
	net.Conn
	from *bufio.Reader
}

func (b *begun) Read(p []byte) (int, error) { return b.from.Read(p) }

// CloseWrite ends the direction to the client.
func (b *begun) CloseWrite() error {
	if half, ok := b.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return errors.ErrUnsupported
}
