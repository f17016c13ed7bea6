package httpx_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/httpx"
	"github.com/strata-net/strata/tlsx/pki"
)

var discardLog = log.New(io.Discard, "", 0)

// poolName is the name that the servers of these tests share.
const poolName = "pool.test"

// A poolServer is one server on one address of loopback.
type poolServer struct {
	*http.Server
	addr  netip.AddrPort
	hits  atomic.Int64
	conns atomic.Int64 // accepted
	mu    sync.Mutex
	open  map[net.Conn]bool
	done  chan struct{}
}

// A poolFleet is servers on addresses 127.0.0.2 and up with the same port.
type poolFleet struct {
	scheme  string
	port    uint16
	servers []*poolServer
	tls     *tls.Config // client's
	proto   http.Protocols
	handler http.Handler
	server  *tls.Config
	setUp   func(*http.Server)
}

// The kinds of conns that the tests go through.
type poolKind struct {
	name  string
	tls   bool
	proto func(*http.Protocols)
}

var (
	poolH1    = poolKind{"H1", false, func(p *http.Protocols) { p.SetHTTP1(true) }}
	poolH1TLS = poolKind{"H1TLS", true, func(p *http.Protocols) { p.SetHTTP1(true) }}
	poolH2    = poolKind{"H2", true, func(p *http.Protocols) { p.SetHTTP2(true); p.SetHTTP1(true) }}
	poolH2C   = poolKind{"H2C", false, func(p *http.Protocols) { p.SetUnencryptedHTTP2(true) }}
	poolKinds = []poolKind{poolH1, poolH1TLS, poolH2, poolH2C}
)

// newFleet starts n servers; the handler may be nil. A listener that nobody asks
// holds the port on another address, so that the addresses of servers that are
// stopped refuse, and are free again: nobody gets the port for all addresses.
func newFleet(t testing.TB, kind poolKind, n int, handler http.Handler, setUp func(*http.Server)) *poolFleet {
	t.Helper()
	f := &poolFleet{scheme: "http", handler: handler, setUp: setUp}
	kind.proto(&f.proto)
	if kind.tls {
		f.scheme = "https"
		f.server, f.tls = poolCertificate(t, poolName)
	}
	ips := []netip.Addr{netip.MustParseAddr("127.0.0.254")}
	for i := range n {
		ips = append(ips, fleetIP(i))
	}
	listeners := f.listen(t, ips...)
	holder := listeners[0]
	t.Cleanup(func() { holder.Close() })
	f.port = netip.MustParseAddrPort(holder.Addr().String()).Port()
	for _, l := range listeners[1:] {
		f.start(t, l)
	}
	return f
}

// fleetIP is the address of the i-th server.
func fleetIP(i int) netip.Addr { return netip.AddrFrom4([4]byte{127, 0, 0, byte(2 + i)}) }

// listen listens on the addresses with one port: the fleet's, once it has one.
func (f *poolFleet) listen(t testing.TB, ips ...netip.Addr) (ls []net.Listener) {
	t.Helper()
	var err error
	defer func() {
		if t.Failed() {
			t.Log(err)
		}
	}()
	eventually(t, "one port is free on all addresses", func() bool {
		port := f.port
		ls = nil
		for _, ip := range ips {
			var l net.Listener
			if l, err = net.Listen("tcp", netip.AddrPortFrom(ip, port).String()); err != nil {
				// In use, maybe by a process that has it for a moment only.
				for _, l := range ls {
					l.Close()
				}
				return false
			}
			ls = append(ls, l)
			port = netip.MustParseAddrPort(l.Addr().String()).Port()
		}
		return true
	})
	return ls
}

// add starts one server more, on the next address.
func (f *poolFleet) add(t testing.TB) *poolServer {
	t.Helper()
	return f.startAt(t, fleetIP(len(f.servers)))
}

func (f *poolFleet) startAt(t testing.TB, ip netip.Addr) *poolServer {
	t.Helper()
	return f.start(t, f.listen(t, ip)[0])
}

func (f *poolFleet) start(t testing.TB, l net.Listener) *poolServer {
	t.Helper()
	s := &poolServer{addr: netip.MustParseAddrPort(l.Addr().String()), open: map[net.Conn]bool{}, done: make(chan struct{})}
	f.port = s.addr.Port()
	protocols := f.proto
	s.Server = &http.Server{Protocols: &protocols, ErrorLog: discardLog, ReadHeaderTimeout: time.Minute}
	s.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.hits.Add(1)
		w.Header().Set("Server-Address", s.addr.Addr().String())
		if f.handler != nil {
			f.handler.ServeHTTP(w, r)
			return
		}
		fmt.Fprintf(w, "%s %s %s", r.Proto, r.Host, r.Method)
	})
	s.ConnState = s.track
	if f.setUp != nil {
		f.setUp(s.Server)
	}
	f.servers = append(f.servers, s)
	go func() {
		defer close(s.done)
		if f.server == nil {
			s.Serve(l)
			return
		}
		s.TLSConfig = f.server.Clone()
		s.ServeTLS(l, "", "")
	}()
	t.Cleanup(s.stop)
	return s
}

func (s *poolServer) track(c net.Conn, state http.ConnState) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch state {
	case http.StateNew:
		s.conns.Add(1)
		s.open[c] = true
	case http.StateClosed, http.StateHijacked:
		delete(s.open, c)
	}
}

// opened returns the number of conns that are open.
func (s *poolServer) opened() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.open)
}

// cut closes all of the server's conns.
func (s *poolServer) cut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.open {
		c.Close()
	}
}

// stop ends the server and its conns.
func (s *poolServer) stop() {
	s.Close()
	<-s.done
	s.cut() // HTTP/2 conns without TLS are out of Close's sight
}

// url returns the URL of a path on the name.
func (f *poolFleet) url(path string) string {
	return f.scheme + "://" + net.JoinHostPort(poolName, strconv.Itoa(int(f.port))) + path
}

// ips returns the addresses of the servers.
func (f *poolFleet) ips() []netip.Addr {
	var ips []netip.Addr
	for _, s := range f.servers {
		ips = append(ips, s.addr.Addr())
	}
	return ips
}

// transport is what the pool makes conns with.
func (f *poolFleet) transport() *http.Transport {
	return &http.Transport{Protocols: &f.proto, TLSClientConfig: f.tls}
}

// pool makes a pool over the fleet and closes it with the test. Fields of cfg
// that are not set are those for a fleet.
func (f *poolFleet) pool(t *testing.T, cfg httpx.PoolConfig) *httpx.Pool {
	t.Helper()
	if cfg.Transport == nil {
		cfg.Transport = f.transport()
	}
	if cfg.Lookup == nil {
		cfg.Lookup = fixedLookup(f.ips()...)
	}
	p, err := httpx.NewPool(&cfg)
	require.NoError(t, err)
	t.Cleanup(func() { p.Close() })
	return p
}

func fixedLookup(ips ...netip.Addr) func(context.Context, string, string) ([]netip.Addr, error) {
	return func(context.Context, string, string) ([]netip.Addr, error) { return ips, nil }
}

// A names is a Lookup that can be changed.
type names struct {
	mu    sync.Mutex
	ips   []netip.Addr
	err   error
	calls int
}

func (n *names) lookup(context.Context, string, string) ([]netip.Addr, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.calls++
	return n.ips, n.err
}

func (n *names) set(err error, ips ...netip.Addr) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.ips, n.err = ips, err
}

func (n *names) called() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.calls
}

// address returns the stats of the n-th address of the only name.
func address(t *testing.T, p *httpx.Pool, n int) httpx.PoolAddress {
	t.Helper()
	s := p.Stats()
	require.Len(t, s.Hosts, 1)
	require.Greater(t, len(s.Hosts[0].Addresses), n)
	return s.Hosts[0].Addresses[n]
}

// poolCertificate makes the configs of a server with such a certificate and of a client that trusts it.
func poolCertificate(t testing.TB, names ...string) (server, client *tls.Config) {
	t.Helper()
	ca, err := pki.New(nil)
	require.NoError(t, err)
	leaf, err := ca.Issue(&pki.Leaf{Names: names, Server: true})
	require.NoError(t, err)
	return &tls.Config{Certificates: []tls.Certificate{leaf.TLS()}}, &tls.Config{RootCAs: ca.Pool()}
}

// startOn starts a server on an address with a port of its own.
func (f *poolFleet) startOn(t *testing.T, ip netip.Addr) *poolServer {
	t.Helper()
	port := f.port
	f.port = 0
	s := f.startAt(t, ip)
	f.port = port
	return s
}

// stuckLookup waits for the end of its context.
func stuckLookup(reached chan struct{}) func(context.Context, string, string) ([]netip.Addr, error) {
	return func(ctx context.Context, _, _ string) ([]netip.Addr, error) {
		reached <- struct{}{}
		<-ctx.Done()
		return nil, ctx.Err()
	}
}
