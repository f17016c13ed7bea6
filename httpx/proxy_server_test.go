package httpx_test

import (
	"crypto/tls"
	"encoding/base64"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A proxyPeer is a proxy of HTTP that goes to one target, whatever it is asked
// for, and writes down what that was.
type proxyPeer struct {
	*peer

	target   string
	user     string // user:password, "" for everybody
	mu       sync.Mutex
	requests []*http.Request
	group    sync.WaitGroup
}

// proxyFor starts one in front of the target, with TLS if there is a config.
func proxyFor(t *testing.T, target, user string, config *tls.Config) *proxyPeer {
	t.Helper()
	p := &proxyPeer{target: target, user: user}
	p.peer = peerOf(t, protocols("h1"), config, http.HandlerFunc(p.serve))
	t.Cleanup(p.group.Wait)
	return p
}

func (p *proxyPeer) serve(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	p.requests = append(p.requests, r)
	p.mu.Unlock()
	want := "Basic " + base64.StdEncoding.EncodeToString([]byte(p.user))
	switch {
	case p.user != "" && r.Header.Get("Proxy-Authorization") != want:
		w.WriteHeader(http.StatusProxyAuthRequired)
	case r.Method == http.MethodConnect:
		p.tunnel(w)
	default:
		p.forward(w, r)
	}
}

func (p *proxyPeer) forward(w http.ResponseWriter, r *http.Request) {
	out := r.Clone(r.Context())
	out.RequestURI = ""
	out.URL.Host = p.target
	rt := &http.Transport{DisableKeepAlives: true}
	res, err := rt.RoundTrip(out)
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	defer res.Body.Close()
	w.WriteHeader(res.StatusCode)
	io.Copy(w, res.Body)
}

func (p *proxyPeer) tunnel(w http.ResponseWriter) {
	there, err := net.Dial("tcp", p.target)
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	here, rest, err := w.(http.Hijacker).Hijack()
	if err != nil {
		there.Close()
		return
	}
	io.WriteString(here, "HTTP/1.1 200 OK\r\n\r\n")
	for _, pair := range [][2]io.ReadWriteCloser{{struct {
		io.Reader
		io.Writer
		io.Closer
	}{rest, here, here}, there}, {there, here}} {
		p.group.Go(func() {
			io.Copy(struct{ io.Writer }{pair[1]}, struct{ io.Reader }{pair[0]})
			pair[0].Close()
			pair[1].Close()
		})
	}
}

// seen returns method, target and credentials of each request.
func (p *proxyPeer) seen() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var all []string
	for _, r := range p.requests {
		all = append(all, r.Method+" "+r.RequestURI)
	}
	return all
}

// headers returns the values of a header in all requests.
func (p *proxyPeer) headers(name string) []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var all []string
	for _, r := range p.requests {
		all = append(all, r.Header.Values(name)...)
	}
	return all
}

// socks is a proxy of RFC 1929 that goes to one target.
func socks(t *testing.T, target, user, password string) string {
	t.Helper()
	l := listen(t)
	var group sync.WaitGroup
	group.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			group.Go(func() { assert.NoError(t, serveSOCKS(c, target, user, password)) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		group.Wait()
	})
	return l.Addr().String()
}

func serveSOCKS(c net.Conn, target, user, password string) error {
	defer c.Close()
	expect := func(want []byte) error {
		got := make([]byte, len(want))
		_, err := io.ReadFull(c, got)
		if err == nil && !slices.Equal(got, want) {
			return io.ErrNoProgress
		}
		return err
	}
	if err := expect([]byte{5, 2, 0, 2}); err != nil {
		return err
	}
	c.Write([]byte{5, 2})
	auth := slices.Concat([]byte{1, byte(len(user))}, []byte(user), []byte{byte(len(password))}, []byte(password))
	if err := expect(auth); err != nil {
		return err
	}
	c.Write([]byte{1, 0})
	head := make([]byte, 5)
	if _, err := io.ReadFull(c, head); err != nil {
		return err
	}
	if _, err := io.CopyN(io.Discard, c, int64(head[4])+2); err != nil {
		return err
	}
	c.Write([]byte{5, 0, 0, 1, 127, 0, 0, 1, 0, 0})
	there, err := net.Dial("tcp", target)
	if err != nil {
		return err
	}
	var group sync.WaitGroup
	group.Go(func() {
		io.Copy(struct{ io.Writer }{there}, struct{ io.Reader }{c})
		there.Close()
	})
	io.Copy(struct{ io.Writer }{c}, struct{ io.Reader }{there})
	c.Close()
	group.Wait()
	return nil
}

func mustRequest(t *testing.T, url string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	require.NoError(t, err)
	return r
}
