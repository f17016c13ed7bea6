package socketz

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// proxied are the headers of requests that a proxy has passed on: their client may be anywhere.
var proxied = []string{
	"Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Server", "X-Real-Ip",
	"True-Client-Ip", "Cf-Connecting-Ip", "Fastly-Client-Ip", "X-Client-Ip", "X-Cluster-Client-Ip",
}

// local returns nil for a request of this machine that no proxy has passed on and no other site has made a browser send.
func local(r *http.Request) error {
	refused := func(field, value, why string) error {
		return &Error{Op: "serve", Field: field, Value: printable(value), Err: refusal(why)}
	}
	for _, name := range proxied {
		if v, ok := r.Header[name]; ok {
			return refused(name, strings.Join(v, ", "), "the request came through a proxy")
		}
	}
	if overUnix(r) {
		return nil // no browser gets there, so the host can be any
	}
	client, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil || !client.Addr().Unmap().IsLoopback() {
		return refused("RemoteAddr", r.RemoteAddr, "the client is not on this machine")
	}
	// A name that an attacker's DNS leads here would make this page one of its site.
	if !loopbackHost(r.Host) {
		return refused("Host", r.Host, "want localhost or a loopback address")
	}
	if site := r.Header.Get("Sec-Fetch-Site"); site == "cross-site" || site == "same-site" {
		return refused("Sec-Fetch-Site", site, "another site sent the request")
	}
	return nil
}

// overUnix reports whether a request came in on a unix socket.
func overUnix(r *http.Request) bool {
	_, ok := r.Context().Value(http.LocalAddrContextKey).(*net.UnixAddr)
	return ok
}

// loopbackHost reports whether the Host of a request is localhost or a loopback address, with or without a port.
func loopbackHost(host string) bool {
	name, port, err := net.SplitHostPort(host)
	if strings.Trim(port, "0123456789") != "" {
		return false
	}
	if err != nil {
		name = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	}
	if strings.ToLower(name) == "localhost" { // EqualFold takes "localho\u017ft" too
		return true
	}
	ip, err := netip.ParseAddr(name)
	return err == nil && ip.Unmap().IsLoopback()
}

// A refusal is a cause that is ErrRefused, in words.
type refusal string

func (r refusal) Error() string { return string(r) }

func (r refusal) Is(target error) bool { return target == ErrRefused }
