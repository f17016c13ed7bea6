package main

import (
	"log/slog"
	"net/http"
	"net/http/httputil"
	"sync"
)

// newProxy returns what passes requests on to one upstream.
func newProxy(b *backend, log *slog.Logger) *httputil.ReverseProxy {
	target := b.url()
	return &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.Out.Host = r.In.Host // the upstream may serve several
			r.SetXForwarded()      // a client's own are dropped before
		},
		Transport:     &patient{next: b.transport, patience: b.cfg.ResponseTimeout},
		FlushInterval: -1, // bytes go on as they come
		BufferPool:    &bufferPool,
		ErrorLog:      slog.NewLogLogger(log.Handler(), slog.LevelWarn),
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
			w.(*exchange).fail(err)
		},
	}
}

// bufferPool is shared by all proxies.
var bufferPool pool

// pool implements httputil.BufferPool.
type pool struct{ free sync.Pool }

const bufferSize = 32 << 10

// Get returns a buffer of any content.
func (p *pool) Get() []byte {
	if b, ok := p.free.Get().(*[bufferSize]byte); ok {
		return b[:]
	}
	return make([]byte, bufferSize)
}

// Put takes a buffer back that Get returned.
func (p *pool) Put(b []byte) { p.free.Put((*[bufferSize]byte)(b)) }
