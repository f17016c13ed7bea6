package httpx

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httputil"
	"net/textproto"
	"strconv"
	"strings"
)

// rewrite makes the request for the upstream. httputil has removed the
// hop-by-hop fields, and put Connection and Upgrade back for an upgrade.
func (p *ReverseProxy) rewrite(r *httputil.ProxyRequest) {
	x := r.In.Context().Value(exchangeKey{}).(*proxyExchange)
	r.SetURL(x.target)
	if !p.cfg.RewriteHost {
		r.Out.Host = r.In.Host
	}
	if !p.mayUpgrade(r.Out.Header.Get("Upgrade")) {
		r.Out.Header.Del("Connection")
		r.Out.Header.Del("Upgrade")
	}
	r.Out.Header.Del("HTTP2-Settings") // of Upgrade: h2c, also when Connection does not name it
	// httputil has cloned the map, in which the server puts the values when the body ends.
	r.Out.Trailer = r.In.Trailer
	p.cfg.Forwarding.Apply(x.request, r.Out.Header)
	p.via(r.Out.Header, r.In.ProtoMajor, r.In.ProtoMinor)
	if n, ok := maxForwards(r.In); ok {
		r.Out.Header.Set("Max-Forwards", strconv.Itoa(n-1))
	}
	if p.cfg.Rewrite != nil {
		p.cfg.Rewrite(r)
	}
}

// requested makes responses those of their requests, where modify looks for the
// exchange: not every round tripper does.
type requested struct{ http.RoundTripper }

// RoundTrip sends a request.
func (t requested) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := t.RoundTripper.RoundTrip(r)
	if err == nil {
		res.Request = r
	}
	return res, err
}

// modify prepares the response for the client.
func (p *ReverseProxy) modify(res *http.Response) error {
	x := res.Request.Context().Value(exchangeKey{}).(*proxyExchange)
	// The upstream speaks of its own address, or of a conn that ends here.
	res.Header.Del("Alt-Svc")
	p.via(res.Header, res.ProtoMajor, res.ProtoMinor)
	if res.StatusCode == http.StatusSwitchingProtocols {
		if body, ok := res.Body.(io.ReadWriteCloser); ok {
			x.tunnel = newTunnel(body, p.cfg.TunnelIdleTimeout)
			res.Body = x.tunnel
		}
	} else {
		x.left = res.ContentLength
		x.streams = res.ContentLength < 0 || len(res.Trailer) > 0
		if x.request.Method == http.MethodHead {
			x.left, x.streams = 0, false
		}
		x.upstream = &responseBody{ReadCloser: res.Body}
		res.Body = x.upstream
	}
	if p.cfg.ModifyResponse != nil {
		if err := p.cfg.ModifyResponse(res); err != nil {
			return err
		}
	}
	if _, extended := x.ResponseWriter.(*extendedWriter); extended && res.StatusCode/100 == 2 {
		return errNotUpgraded // to a CONNECT it would be a tunnel
	}
	return nil
}

var errNotUpgraded = errors.New("the upstream has answered the upgrade as a plain request")

// dropHopByHop removes what concerns the conn to the upstream, or its address.
func dropHopByHop(h http.Header) {
	for _, line := range h["Connection"] {
		for name := range strings.SplitSeq(line, ",") {
			h.Del(textproto.TrimString(name))
		}
	}
	for _, name := range []string{
		"Connection", "Proxy-Connection", "Keep-Alive", "Proxy-Authenticate", "Te", "Trailer", "Transfer-Encoding", "Upgrade", "Alt-Svc",
	} {
		h.Del(name)
	}
}

// via adds this proxy to the Via field.
func (p *ReverseProxy) via(h http.Header, major, minor int) {
	if p.cfg.Via == "" {
		return
	}
	own := fmt.Sprintf("%d.%d %s", major, minor, p.cfg.Via)
	h.Set("Via", strings.Join(append(h["Via"], own), ", "))
}

// mayUpgrade says whether the client may upgrade to the protocols.
func (p *ReverseProxy) mayUpgrade(upgrade string) bool {
	if upgrade == "" {
		return false
	}
	for name := range strings.SplitSeq(upgrade, ",") {
		if name = textproto.TrimString(name); isH2C(name) || !p.listed(name) {
			return false
		}
	}
	return true
}

func (p *ReverseProxy) listed(name string) bool {
	for _, u := range p.cfg.Upgrades {
		if u == "*" || strings.EqualFold(u, name) {
			return true
		}
	}
	return false
}

// maxForwards returns how often a request may be passed on, if it says so.
// It concerns OPTIONS and TRACE (RFC 9110, section 7.6.2).
func maxForwards(r *http.Request) (int, bool) {
	if r.Method != http.MethodOptions && r.Method != http.MethodTrace {
		return 0, false
	}
	n, err := strconv.Atoi(r.Header.Get("Max-Forwards"))
	return n, err == nil && n >= 0
}

// endsHere answers a request that may not be passed on any more.
func endsHere(w http.ResponseWriter, r *http.Request) bool {
	if n, ok := maxForwards(r); (!ok || n > 0) && r.URL.Path != "*" { // OPTIONS * asks this server
		return false
	}
	if r.Method == http.MethodOptions {
		w.Header().Set("Content-Length", "0")
		return true
	}
	// What the client has sent, but for what an attacker may want to see there.
	w.Header().Set("Content-Type", "message/http")
	header := r.Header.Clone()
	for _, name := range []string{"Authorization", "Proxy-Authorization", "Cookie"} {
		header.Del(name)
	}
	text := new(strings.Builder)
	fmt.Fprintf(text, "TRACE %s %s\r\nHost: %s\r\n", r.RequestURI, r.Proto, r.Host)
	_ = header.Write(text) // a Builder does not fail
	_, _ = io.WriteString(w, text.String()+"\r\n")
	return true
}
