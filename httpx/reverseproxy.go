package httpx

import (
	"io"
	"log" //nolint:depguard // httputil takes nothing else; nothing of it is printed
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
)

// A ReverseProxy passes requests on to upstreams, on the base of
// [httputil.ReverseProxy]. It is safe for concurrent use.
//
// It streams in both directions at the same time and as bytes come, with
// trailers and informational responses (1xx, 103 among them). Hop-by-hop fields
// end here, in both directions: those that RFC 9110 names and those that
// Connection names, but for TE: trailers. A client that goes away ends the
// request to the upstream; an upstream that ends in the middle aborts the
// response, so that no client takes a part for the whole. Paths go on as they
// came. Query parameters that cannot be parsed, such as those with a semicolon,
// are dropped, as servers differ on what they mean; a Rewrite can put them back.
// A request whose target has no one meaning is answered by 400.
//
// A client of HTTP/1 that ends its direction of the conn before it has got the
// response is taken for one that is gone: net/http knows no difference.
type ReverseProxy struct {
	cfg       *ReverseProxyConfig
	proxy     *httputil.ReverseProxy
	transport http.RoundTripper
	own       *http.Transport // nil: the caller's
}

// NewReverseProxy returns a ReverseProxy. A bad config is reported as a whole:
// the error joins an [*Error] for every bad field.
func NewReverseProxy(cfg *ReverseProxyConfig) (*ReverseProxy, error) {
	c := cfg.clone()
	if err := c.validate(); err != nil {
		return nil, err
	}
	p := &ReverseProxy{cfg: c, transport: c.Transport}
	if p.transport == nil {
		own, err := NewTransport(nil)
		if err != nil {
			return nil, err
		}
		p.own, p.transport = own, own
	}
	if c.ExtendedTransport != nil {
		p.transport = &extendedUpstream{next: p.transport, extended: c.ExtendedTransport}
	}
	p.proxy = &httputil.ReverseProxy{
		Rewrite:        p.rewrite,
		Transport:      requested{p.transport},
		FlushInterval:  -1, // bytes go on as they come
		BufferPool:     &copyBuffers,
		ModifyResponse: p.modify,
		ErrorHandler:   fail,
		ErrorLog:       log.New(io.Discard, "", 0), // what it says of a copy is known here, see proxyWriter
	}
	return p, nil
}

// Close closes the idle conns of a Transport of its own.
func (p *ReverseProxy) Close() error {
	if p.own != nil {
		p.own.CloseIdleConnections()
	}
	return nil
}

// ServeHTTP passes a request on.
func (p *ReverseProxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case isAmbiguous(r):
		http.Error(w, http.StatusText(http.StatusBadRequest), http.StatusBadRequest)
		return
	case isExtendedConnect(r) && (!p.cfg.ExtendedConnect || extendedProtocol(r) != "websocket"):
		http.Error(w, "extended CONNECT is not offered", http.StatusNotImplemented)
		return
	case isExtendedConnect(r):
		p.serveExtended(w, r)
		return
	case r.Method == http.MethodConnect && p.cfg.Connect != nil:
		p.cfg.Connect.ServeHTTP(w, r)
		return
	case r.Method == http.MethodConnect:
		http.Error(w, http.StatusText(http.StatusMethodNotAllowed), http.StatusMethodNotAllowed)
		return
	case endsHere(w, r):
		return
	}
	p.serve(w, r)
}

// isAmbiguous says whether the target of a request is one that servers read in
// different ways, or that would escape the path of the target: it has a user
// (RFC 9110, section 4.2.4), a host that is none, a scheme without a host, or no
// path from the root. So is one with two lengths. Much of that comes by HTTP/2 only.
func isAmbiguous(r *http.Request) bool {
	u := r.URL
	switch {
	case u.User != nil || !isHost(r.Host) || len(r.Header["Content-Length"]) > 1:
		return true
	case r.Method == http.MethodConnect && !isExtendedConnect(r):
		return false // by host alone, see NewConnect
	case u.Opaque != "" || u.Scheme != "" && u.Host == "":
		return true
	case r.ProtoMajor > 1 && u.Host != "" && r.RequestURI != "":
		return true // a :path that is a URI, beside :authority
	}
	return u.Path != "" && u.Path[0] != '/' && (u.Path != "*" || r.Method != http.MethodOptions)
}

// isHost says whether s has no byte that ends a host, or stands before one.
func isHost(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] >= 0x7f || strings.IndexByte("@/?#\\\"<>^`{|}", s[i]) >= 0 {
			return false
		}
	}
	return true
}

// serve passes on what is no CONNECT.
func (p *ReverseProxy) serve(w http.ResponseWriter, r *http.Request) {
	x := &proxyExchange{ResponseWriter: w, proxy: p, request: r, control: http.NewResponseController(w)}
	defer x.end()
	target, err := p.target(r)
	if err != nil || target == nil {
		x.refuse(err)
		return
	}
	x.target = target
	if len(w.Header()) > 0 {
		x.given = w.Header().Clone()
	}
	own := r.WithContext(x.context())
	if r.Body != nil && r.Body != http.NoBody {
		x.body = &proxyBody{ReadCloser: r.Body}
		own.Body = x.body
		if r.ProtoMajor == 1 { // else net/http reads the rest of the body before it answers
			_ = x.control.EnableFullDuplex() // a ResponseWriter that cannot answers later
		}
	}
	p.proxy.ServeHTTP(x, own)
	x.complete = true
	x.endBody()
}

// target returns where a request goes, nil for nowhere.
func (p *ReverseProxy) target(r *http.Request) (*url.URL, error) {
	if p.cfg.Route == nil {
		return p.cfg.Target, nil
	}
	target, err := p.cfg.Route(r)
	if err == nil && target != nil {
		err = checkTarget(target)
	}
	return target, err
}
