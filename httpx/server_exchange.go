package httpx

import (
	"io"
	"net/http"
	"sync/atomic"
	"time"
)

// exchange is a request and its response as the handler sees them.
type exchange struct {
	server *Server
	http.ResponseWriter
	watched

	original *http.Request
	own      *ownRequest // the handler's, if it has a body
	answer   *answer     // nil if nobody is told
	hijacked atomic.Bool
}

// ownRequest is a request with its body: one object.
type ownRequest struct {
	http.Request
	body serverBody
}

func newExchange(s *Server, w http.ResponseWriter, r *http.Request) *exchange {
	x := &exchange{server: s, ResponseWriter: w, original: r}
	d, ok := w.(deadlines)
	if !ok {
		return x // a server of HTTP/3 that has none bounds by itself
	}
	x.conn = d
	x.leases = r.ProtoMajor < 3
	x.stream = r.ProtoMajor > 1 && r.ContentLength < 0
	s.watch.add(&x.watched)
	return x
}

// request returns r with a body that is watched. It is a copy, because net/http
// goes on to look at the body of its own.
func (x *exchange) request(r *http.Request) *http.Request {
	if bodyless(r) || x.shard == nil && r == x.original {
		return r
	}
	x.own = &ownRequest{Request: *r}
	x.own.body = serverBody{ReadCloser: r.Body, watched: &x.watched, original: x.original, own: &x.own.Request}
	x.own.Body = &x.own.body
	return &x.own.Request
}

// bodyless says whether r ended with its header. net/http says so by NoBody for
// HTTP/1 only. The length of a body of HTTP/2 that has none given is unknown; a
// given 0 does not tell, as the stream may be open still.
func bodyless(r *http.Request) bool {
	return r.Body == nil || r.Body == http.NoBody ||
		r.ProtoMajor == 2 && r.ContentLength == 0 && r.Header["Content-Length"] == nil
}

// writer returns the ResponseWriter with the optional methods that it has.
func (x *exchange) writer() http.ResponseWriter {
	switch x.ResponseWriter.(type) {
	case http.Hijacker:
		return hijackable{x}
	case http.Pusher:
		return pushable{x}
	}
	return x
}

// end stops watching. What net/http still writes has the write deadline; what
// it still reads, to use the conn for the next request, gets one here.
func (x *exchange) end() {
	if x.own != nil {
		x.original.MultipartForm = x.own.MultipartForm // its files are removed by net/http
	}
	if x.shard == nil {
		return
	}
	d, _ := x.ResponseWriter.(deadlines)
	x.watched.end()
	if x.own != nil && !x.hijacked.Load() && x.original.ProtoMajor == 1 && !x.own.body.ended.Load() {
		_ = d.SetReadDeadline(time.Now().Add(x.server.cfg.StallTimeout))
	}
}

// serverBody is the body of a request.
type serverBody struct {
	io.ReadCloser
	watched *watched
	ended   atomic.Bool

	original, own *http.Request
}

// read reads while the watch looks, if there is one.
func (b *serverBody) read(p []byte) (int, error) {
	if b.watched.watch == nil { // of HTTP/3 without deadlines
		return b.ReadCloser.Read(p)
	}
	b.watched.reading.Store(b.watched.watch.now.Load())
	defer b.watched.reading.Store(0)
	return b.ReadCloser.Read(p)
}

// Read reads from the client.
func (b *serverBody) Read(p []byte) (int, error) {
	n, err := b.read(p)
	if err != nil && !b.ended.Swap(true) && b.own.Trailer == nil {
		b.own.Trailer = b.original.Trailer // trailers that were not announced
	}
	return n, err
}

// Close reads the rest, as net/http does, and all of that in the time for one read.
func (b *serverBody) Close() error {
	if b.watched.watch == nil {
		return b.ReadCloser.Close()
	}
	b.watched.reading.Store(b.watched.watch.now.Load())
	defer b.watched.reading.Store(0)
	return b.ReadCloser.Close()
}
