package http3x

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"golang.org/x/net/http/httpguts"
)

// WebSocket is the protocol of extended CONNECT that RFC 9220 is for.
const WebSocket = "websocket"

// NewExtendedRequest returns an extended CONNECT (RFC 9220) for
// [ExtendedDialer.Dial] and [OpenExtended]. The protocol is a token of the HTTP
// upgrade registry, "websocket" or "connect-udp" say; the target is an https or
// a wss URL. Of WebSocket's own fields RFC 8441 keeps Sec-WebSocket-Version,
// -Protocol and -Extensions; there is no Sec-WebSocket-Key. The version, 13, is
// set here.
func NewExtendedRequest(ctx context.Context, protocol, target string) (*http.Request, error) {
	if !httpguts.ValidHeaderFieldName(protocol) {
		return nil, configError("protocol", protocol, errors.New("must be a token"))
	}
	u, err := url.Parse(target)
	switch {
	case err != nil && strings.Contains(target, "@"): // the words of url.Parse quote what may be a password
		return nil, configError("target", "", errors.New("is not a URL"))
	case err != nil:
		return nil, configError("target", target, err)
	case u.Scheme == "wss":
		u.Scheme = "https"
	case u.Scheme != "https":
		return nil, configError("target", u.Redacted(), errors.New("must be an https or a wss URL"))
	}
	if u.Host == "" {
		return nil, configError("target", u.Redacted(), errors.New("has no host"))
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodConnect, u.String(), nil)
	if err != nil {
		return nil, configError("target", u.Redacted(), err)
	}
	r.Proto, r.ProtoMajor, r.ProtoMinor = protocol, 3, 0
	if protocol == WebSocket {
		r.Header.Set("Sec-WebSocket-Version", "13")
	}
	return r, nil
}

// ExtendedProtocol returns the :protocol of an extended CONNECT that a handler
// of HTTP/3 or HTTP/2 has got, "" for every other request. quic-go keeps it in
// the Proto of the request, net/http in a header field.
func ExtendedProtocol(r *http.Request) string {
	switch {
	case r.Method != http.MethodConnect || r.ProtoMajor < 2:
		return ""
	case len(r.Header[":protocol"]) > 0:
		return r.Header[":protocol"][0]
	case r.ProtoMajor == 3 && !strings.HasPrefix(r.Proto, "HTTP/"): // no token has a slash
		return r.Proto
	}
	return ""
}

// NewExtendedTransport returns a RoundTripper for the ExtendedTransport of
// httpx's reverse proxy: next is an *http3.Transport, and WebSockets go to an
// upstream over HTTP/3 then. It takes extended CONNECTs in the form of
// golang.org/x/net/http2, with the protocol in the header field ":protocol", and
// hands them on in quic-go's; all other requests it leaves alone.
func NewExtendedTransport(next http.RoundTripper) http.RoundTripper {
	return extendedTransport{next}
}

type extendedTransport struct{ next http.RoundTripper }

// RoundTrip sends a request.
func (t extendedTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	protocol := r.Header[":protocol"]
	if r.Method != http.MethodConnect || len(protocol) == 0 {
		return t.next.RoundTrip(r)
	}
	own := r.Clone(r.Context())
	own.Proto, own.ProtoMajor, own.ProtoMinor = protocol[0], 3, 0
	delete(own.Header, ":protocol")
	return t.next.RoundTrip(own)
}

func configError(field, value string, err error) error {
	return &Error{Op: "config", Field: field, Value: value, Err: err}
}

// extendedError says what failed on the way to an extended CONNECT.
func extendedError(r *http.Request, err error) error {
	return &Error{Op: "extended connect", Address: r.Proto + " " + r.URL.Host, Err: err}
}

var (
	errNoExtended  = fmt.Errorf("the server does not offer SETTINGS_ENABLE_CONNECT_PROTOCOL: %w", errors.ErrUnsupported)
	errNotExtended = errors.New("is no extended CONNECT, see NewExtendedRequest")
)
