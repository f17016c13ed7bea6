package main

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"time"

	"github.com/strata-net/strata/httpx"
)

// answer is what each request gets.
const answer = "a hundred bytes are an answer as short as those of many services: some JSON, a token, a count, or 204\n"

var handler = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain")
	_, _ = io.WriteString(w, answer) // the client notices what is missing
})

// open starts the servers of a way.
func (w way) open(p protocol) (l *lane, err error) {
	l = &lane{proto: p.major}
	defer func() {
		if err != nil {
			l.close()
		}
	}()
	c, err := newCredentials()
	if err != nil {
		return l, err
	}
	if p.major == 3 {
		if l.url, err = l.serveHTTP3(w.server, c, handler); err == nil {
			l.client, err = l.http3Transport(w.client, c)
		}
		return l, err
	}
	if l.url, err = l.serve(w.server, p, c, handler); err != nil {
		return l, err
	}
	if w.proxy != none {
		proxy, err := l.forward(w.proxy, p, c)
		if err != nil {
			return l, err
		}
		if l.url, err = l.serve(w.proxy, p, c, proxy); err != nil {
			return l, err
		}
	}
	l.client, err = l.transport(w.client, p, c)
	return l, err
}

// forward returns a reverse proxy to where l leads so far.
func (l *lane) forward(k kind, p protocol, c *credentials) (http.Handler, error) {
	target, err := url.Parse(l.url)
	if err != nil {
		return nil, err
	}
	transport, err := l.transport(k, p, c)
	if err != nil {
		return nil, err
	}
	if k == ours {
		return httpx.NewReverseProxy(&httpx.ReverseProxyConfig{Target: target, Transport: transport})
	}
	return &httputil.ReverseProxy{Transport: transport, FlushInterval: -1, Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(target)
		r.SetXForwarded()
	}}, nil
}

// idle is how many conns a client keeps: more than it has requests.
const idle = 256

func (l *lane) transport(k kind, p protocol, c *credentials) (t *http.Transport, err error) {
	config, err := c.client(k)
	if err != nil {
		return nil, err
	}
	if k == ours {
		t, err = httpx.NewTransport(&httpx.TransportConfig{TLS: config, Protocols: p.protocols(), MaxIdleConns: idle, MaxIdleConnsPerHost: idle})
	} else {
		t = &http.Transport{TLSClientConfig: config, Protocols: p.protocols(), MaxIdleConns: idle, MaxIdleConnsPerHost: idle,
			IdleConnTimeout: 90 * time.Second, TLSHandshakeTimeout: 10 * time.Second, ResponseHeaderTimeout: time.Minute}
	}
	if err == nil {
		l.closers = append(l.closers, t.CloseIdleConnections)
	}
	return t, err
}

// serve starts a server and returns its URL.
func (l *lane) serve(k kind, p protocol, c *credentials, h http.Handler) (string, error) {
	listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	l.closers = append(l.closers, func() { listener.Close() })
	config, err := c.server(k)
	if err != nil {
		return "", err
	}
	base := "http://" + listener.Addr().String()
	if p.secure {
		base = "https://" + listener.Addr().String()
	} else {
		config = nil
	}
	if k == ours {
		s, err := httpx.NewServer(&httpx.ServerConfig{Handler: h, TLS: config, Protocols: p.protocols()})
		if err != nil {
			return "", err
		}
		go func() { _ = s.Serve(listener) }() // ends with Close
		l.closers = append(l.closers, func() { s.Close() })
		return base, nil
	}
	// The timeouts that httpx has.
	s := &http.Server{Handler: h, TLSConfig: config, Protocols: p.protocols(), ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute}
	l.closers = append(l.closers, func() { s.Close() })
	if p.secure {
		go func() { _ = s.ServeTLS(listener, "", "") }()
	} else {
		go func() { _ = s.Serve(listener) }()
	}
	return base, nil
}
