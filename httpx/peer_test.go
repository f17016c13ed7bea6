package httpx_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/httpx"
	"github.com/strata-net/strata/tlsx/pki"
)

// A peer is a server that writes down what reaches it.
type peer struct {
	*http.Server

	addr  string
	mu    sync.Mutex
	conns []*recorded
	alpn  [][]string // what each ClientHello offers
	names []string   // and which host it asks for
}

// peerOf starts a server of the protocols, with TLS if there is a config, and
// ends it with the test.
func peerOf(t *testing.T, protocols http.Protocols, config *tls.Config, h http.Handler) *peer {
	t.Helper()
	if h == nil {
		h = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprintf(w, "%s tls=%t", r.Proto, r.TLS != nil)
		})
	}
	p := &peer{Server: &http.Server{Handler: h, Protocols: &protocols, ErrorLog: log.New(io.Discard, "", 0)}}
	l := listen(t)
	p.addr = l.Addr().String()
	run := func() error { return p.Serve(recorder{l, p}) }
	if config != nil {
		config = config.Clone()
		config.GetConfigForClient = p.hello
		p.TLSConfig = config
		run = func() error { return p.ServeTLS(recorder{l, p}, "", "") }
	}
	var group sync.WaitGroup
	group.Go(func() { assert.ErrorIs(t, run(), http.ErrServerClosed) })
	t.Cleanup(func() {
		p.Close()
		group.Wait()
	})
	return p
}

func (p *peer) hello(h *tls.ClientHelloInfo) (*tls.Config, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.alpn = append(p.alpn, slices.Clone(h.SupportedProtos))
	p.names = append(p.names, h.ServerName)
	return nil, nil
}

// firsts returns the first byte of each conn that sent one.
func (p *peer) firsts() []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	var b []byte
	for _, c := range p.conns {
		b = append(b, c.first()...)
	}
	return b
}

func (p *peer) offers() [][]string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.alpn)
}

func (p *peer) asked() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.names)
}

// count is how many conns there were.
func (p *peer) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.conns)
}

// open is how many of them are not closed.
func (p *peer) open() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := 0
	for _, c := range p.conns {
		if !c.closed() {
			n++
		}
	}
	return n
}

type recorder struct {
	net.Listener
	peer *peer
}

func (r recorder) Accept() (net.Conn, error) {
	c, err := r.Listener.Accept()
	if err != nil {
		return nil, err
	}
	n := &recorded{Conn: c}
	r.peer.mu.Lock()
	defer r.peer.mu.Unlock()
	r.peer.conns = append(r.peer.conns, n)
	return n, nil
}

type recorded struct {
	net.Conn
	mu   sync.Mutex
	byte []byte
	gone bool
}

func (r *recorded) Read(b []byte) (int, error) {
	n, err := r.Conn.Read(b)
	r.mu.Lock()
	defer r.mu.Unlock()
	if n > 0 && r.byte == nil {
		r.byte = slices.Clone(b[:1])
	}
	return n, err
}

func (r *recorded) Close() error {
	r.mu.Lock()
	r.gone = true
	r.mu.Unlock()
	return r.Conn.Close()
}

func (r *recorded) first() []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.byte
}

func (r *recorded) closed() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.gone
}

// protocols makes a set from "h1", "h2" and "h2c".
func protocols(names ...string) http.Protocols {
	var p http.Protocols
	p.SetHTTP1(slices.Contains(names, "h1"))
	p.SetHTTP2(slices.Contains(names, "h2"))
	p.SetUnencryptedHTTP2(slices.Contains(names, "h2c"))
	return p
}

// authority is one CA for all tests.
var authority = sync.OnceValues(func() (*pki.CA, error) { return pki.New(nil) })

// serverTLS returns a config with a certificate for the names.
func serverTLS(t *testing.T, names ...string) *tls.Config {
	t.Helper()
	ca, err := authority()
	require.NoError(t, err)
	cert, err := ca.Issue(&pki.Leaf{Names: names, Server: true})
	require.NoError(t, err)
	return &tls.Config{Certificates: []tls.Certificate{cert.TLS()}}
}

// clientTLS returns a config that trusts them.
func clientTLS(t *testing.T) *tls.Config {
	t.Helper()
	ca, err := authority()
	require.NoError(t, err)
	return &tls.Config{RootCAs: ca.Pool()}
}

// newTransport makes a transport that has to be possible, and closes its conns with the test.
func newTransport(t *testing.T, c *httpx.TransportConfig) *http.Transport {
	t.Helper()
	rt, err := httpx.NewTransport(c)
	require.NoError(t, err)
	t.Cleanup(rt.CloseIdleConnections)
	return rt
}

// dialFunc is a Dialer.
type dialFunc func(ctx context.Context, network, address string) (net.Conn, error)

func (f dialFunc) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	return f(ctx, network, address)
}

// to dials one address, whatever it is asked for.
func to(address string) dialFunc {
	return func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, address)
	}
}
