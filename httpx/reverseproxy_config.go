package httpx

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httputil"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// DefaultTunnelIdleTimeout is used when ReverseProxyConfig.TunnelIdleTimeout is zero.
const DefaultTunnelIdleTimeout = time.Hour

// ReverseProxyConfig describes a ReverseProxy. NewReverseProxy takes copies and
// never changes it.
type ReverseProxyConfig struct {
	// Target is where requests go: http or https, a host, and a path that is put
	// before theirs. Either Target or Route is needed.
	Target *url.URL
	// Route returns the target of a request. An error is answered as one of the
	// upstream, nil without an error by 404. It must not change the request.
	Route func(*http.Request) (*url.URL, error)

	// Transport does the requests. Nil means one of NewTransport(nil), which
	// Close of the proxy closes.
	Transport http.RoundTripper

	// RewriteHost sends the host of the target as Host. False sends what the
	// client has sent, so that one upstream can serve several names.
	RewriteHost bool

	// Forwarding is whom to believe about the client, and what to tell upstream.
	Forwarding Forwarding

	// Via is the name of the proxy in the Via header of both directions, which
	// RFC 9110, section 7.6.3, asks for. It is a host, with or without a port,
	// or a token. Empty adds none, for a proxy that is not to be seen.
	Via string

	// Upgrades are the protocols that clients may upgrade to (RFC 9110, section
	// 7.8), without regard to case. Nil means "websocket" alone, "*" all but
	// h2c, which never passes: the upstream would read requests that the proxy
	// does not see. What may not be upgraded goes on as a plain request.
	Upgrades []string

	// TunnelIdleTimeout cuts an upgraded conn that carries nothing in either
	// direction for so long. 0 means DefaultTunnelIdleTimeout, negative none.
	TunnelIdleTimeout time.Duration

	// ExtendedConnect takes the WebSockets of HTTP/2 (RFC 8441) and of HTTP/3 (RFC
	// 9220) and passes them on as "websocket" upgrades. The server of HTTP/2 has
	// to offer them, which needs package extconnect; without, it is an error that
	// is errors.ErrUnsupported. quic-go's HTTP/3 always offers them. A request
	// that comes without ExtendedConnect is answered by 501.
	ExtendedConnect bool
	// ExtendedTransport, when set, sends WebSockets to upstreams by RFC 8441, for
	// those that speak HTTP/2 only. It has to take a request whose header has
	// the key ":protocol", as the Transport of golang.org/x/net/http2 does and
	// *http.Transport does not, which is an error; quicx/http3x has one for HTTP/3,
	// NewExtendedTransport. Nil sends them as upgrades of
	// HTTP/1.1 through Transport.
	ExtendedTransport http.RoundTripper

	// Connect answers CONNECT requests, see NewConnect. Nil refuses them by 405.
	Connect http.Handler

	// Rewrite, when set, changes what is sent, as the last step.
	Rewrite func(*httputil.ProxyRequest)
	// ModifyResponse, when set, changes what is answered, see [httputil.ReverseProxy].
	ModifyResponse func(*http.Response) error

	// Failed, when set, answers a request that has got no response, with the
	// status that the proxy would: 502, 504, 408 for a body that the client does
	// not send, 503 at the end of the server. Nil answers with its text. Not
	// called when the client is gone.
	Failed func(w http.ResponseWriter, r *http.Request, status int, err error)
	// OnError, when set, hears of every request that fails, also in the middle
	// of its response; the client sees the latter as an aborted response. The
	// request is as it came. It is called by the goroutine of the request.
	OnError func(r *http.Request, err error)
}

var errInvalid = errors.New("is not valid")

func (c *ReverseProxyConfig) clone() *ReverseProxyConfig {
	if c == nil {
		c = &ReverseProxyConfig{}
	}
	n := *c
	if c.Target != nil {
		t := *c.Target
		n.Target = &t
	}
	n.Forwarding.Trusted = slices.Clone(c.Forwarding.Trusted)
	if n.Upgrades == nil {
		n.Upgrades = []string{"websocket"}
	}
	n.Upgrades = slices.Clone(n.Upgrades)
	setDefault(&n.TunnelIdleTimeout, DefaultTunnelIdleTimeout)
	return &n
}

// Check says what [NewReverseProxy] would say of the config, without making
// anything.
func (c *ReverseProxyConfig) Check() error { return c.clone().validate() }

func (c *ReverseProxyConfig) validate() error {
	var p problems
	switch {
	case c.Target != nil && c.Route != nil:
		p.add("Target", c.Target.Redacted(), errors.New("excludes Route"))
	case c.Target == nil && c.Route == nil:
		p.add("Target", "", errors.New("is needed, or Route"))
	case c.Target != nil:
		p.add("Target", c.Target.Redacted(), checkTarget(c.Target))
	}
	c.Forwarding.check(&p)
	if !consistsOf(c.Via, "[]:") {
		p.add("Via", strconv.Quote(c.Via), errors.New("is neither a host nor a token"))
	}
	for _, u := range c.Upgrades {
		p.add("Upgrades", strconv.Quote(u), checkUpgrade(u))
	}
	if c.ExtendedConnect && !ExtendedConnectOffered() {
		p.add("ExtendedConnect", "true", fmt.Errorf("net/http does not offer it: import httpx/extconnect for its side effect: %w", errors.ErrUnsupported))
	}
	if _, ok := c.ExtendedTransport.(*http.Transport); ok {
		p.add("ExtendedTransport", "*http.Transport", fmt.Errorf("refuses the header :protocol: %w", errors.ErrUnsupported))
	}
	return errors.Join(p...)
}

func checkTarget(u *url.URL) error {
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return fmt.Errorf("its scheme is neither http nor https")
	case u.Host == "":
		return errors.New("it has no host")
	case u.User != nil || u.Fragment != "":
		return errors.New("it has user or fragment, which are not sent")
	}
	return nil
}

func checkUpgrade(name string) error {
	if name == "" || !consistsOf(name, "/") {
		return errors.New("is no name of a protocol")
	}
	if isH2C(name) {
		return fmt.Errorf("would hide requests from the proxy: %w", errors.ErrUnsupported)
	}
	return nil
}

// consistsOf says whether s has only bytes of tokens and those of more.
func consistsOf(s, more string) bool {
	for i := range len(s) {
		if !isToken(s[i]) && strings.IndexByte(more, s[i]) < 0 {
			return false
		}
	}
	return true
}

func isH2C(name string) bool {
	n := strings.ToLower(name)
	return n == "h2c" || n == "h2" || strings.HasPrefix(n, "http/") || strings.HasPrefix(n, "tls/")
}
