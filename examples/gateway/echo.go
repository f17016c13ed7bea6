package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"sync"

	"github.com/strata-net/strata/httpx"
	"github.com/strata-net/strata/listener"
)

// An echo is a built-in upstream on a free port of loopback.
type echo struct {
	address net.Addr
	stop    func()
	serving sync.WaitGroup
}

// newEcho starts a server that sends back the bytes of each conn, the body of
// each request, or each datagram.
func newEcho(ctx context.Context, u *Upstream, by *signer) (*echo, error) {
	switch {
	case u.Echo == UDP:
		return newUDPEcho(ctx)
	case u.Versions.H3:
		return newHTTP3Echo(ctx, by)
	}
	cfg := &listener.Config{Address: "tcp://127.0.0.1:0", Track: true}
	if u.Dial.ProxyProtocol != 0 { // it will announce its clients
		cfg.ProxyProtocol = &listener.ProxyProtocol{Trusted: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}
	}
	l, err := listener.New(ctx, cfg)
	if err != nil {
		return nil, err
	}
	e := &echo{address: l.Addr()}
	if u.Echo == HTTP {
		srv, err := httpx.NewServer(&httpx.ServerConfig{Handler: http.HandlerFunc(echoRequest)})
		if err != nil {
			l.Close()
			return nil, err
		}
		e.stop = func() { srv.Close() }
		e.serving.Go(func() { _ = srv.Serve(l) }) // ends with close only
		return e, nil
	}
	a := newAcceptor(l.(draining), slog.New(slog.DiscardHandler), echoBytes)
	e.stop = func() {
		now, cancel := context.WithCancel(context.Background())
		cancel()
		a.shutdown(now)
	}
	e.serving.Go(func() { _ = a.serve() }) // ends with close only
	return e, nil
}

// close ends the server and its conns.
func (e *echo) close() {
	e.stop()
	e.serving.Wait()
}

// echoBytes sends back what comes, and its end.
func echoBytes(ctx context.Context, c net.Conn) {
	stop := context.AfterFunc(ctx, func() { reset(c) })
	defer stop()
	_, _ = io.Copy(c, c) // an error means that the client is gone
	c.Close()
}

// echoRequest sends back the body as it comes. A request without a body gets
// its first line, so that a browser has something to show.
func echoRequest(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/octet-stream")
	if r.ContentLength == 0 {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		fmt.Fprintf(w, "%s %s %s\n", r.Method, r.URL.RequestURI(), r.Host) //nolint:gosec // plain text runs no script
		return
	}
	if r.ContentLength > 0 {
		w.Header().Set("Content-Length", strconv.FormatInt(r.ContentLength, 10))
	}
	rc := http.NewResponseController(w)
	_ = rc.EnableFullDuplex() // HTTP/1.1 would read the whole body first
	buf := make([]byte, 32<<10)
	for {
		n, err := r.Body.Read(buf)
		if _, werr := w.Write(buf[:n]); werr != nil || rc.Flush() != nil {
			return
		}
		if err == io.EOF {
			return
		}
		if err != nil {
			panic(http.ErrAbortHandler) // the response must not look complete
		}
	}
}
