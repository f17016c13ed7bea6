//lint:file-ignore SA1019 what is deprecated is what a pool has to refuse, or to honour

package httpx_test

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/dns/dnsmessage"
	"golang.org/x/net/http2"

	"github.com/strata-net/strata/httpx"
)

// Close wakes all, wherever they are, and leaves nothing.
func TestPoolClose(t *testing.T) {
	for _, kind := range poolKinds {
		t.Run(kind.name, func(t *testing.T) {
			noLeak(t)
			goOn := make(chan struct{})
			defer close(goOn)
			f := newFleet(t, kind, 2, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/slow" {
					select {
					case <-goOn:
					case <-r.Context().Done():
					}
					panic(http.ErrAbortHandler) // no answer, which TLS, whose end comes first, would still let through
				}
			}), nil)
			p := f.pool(t, httpx.PoolConfig{MaxConnsPerAddress: 1})
			var group sync.WaitGroup
			for range 8 {
				group.Go(func() {
					_, _, err := get(t, p, f.url("/slow"))
					assert.Error(t, err)
				})
			}
			for range 2 {
				group.Go(func() {
					for {
						req := request(t, http.MethodGet, f.url("/"), nil)
						res, err := p.RoundTrip(req)
						if err != nil {
							return
						}
						res.Body.Close()
					}
				})
			}
			time.Sleep(10 * time.Millisecond) // wherever they may be
			require.NoError(t, p.Close())
			group.Wait()
			_, _, err := get(t, p, f.url("/"))
			assert.ErrorIs(t, err, net.ErrClosed)
			require.NoError(t, p.Close())
		})
	}
}

// Close ends lookups and dials.
func TestPoolCloseWhileStarting(t *testing.T) {
	for _, phase := range []string{"lookup", "dial"} {
		t.Run(phase, func(t *testing.T) {
			noLeak(t)
			f := newFleet(t, poolH1TLS, 1, nil, nil)
			reached := make(chan struct{}, 1)
			cfg := httpx.PoolConfig{Transport: f.transport()}
			if phase == "lookup" {
				cfg.Lookup = stuckLookup(reached)
			} else {
				cfg.Transport.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
					select {
					case reached <- struct{}{}:
					case <-ctx.Done(): // a second dial, which a slow first one brings about
					}
					<-ctx.Done()
					return nil, ctx.Err()
				}
			}
			p := f.pool(t, cfg)
			var group sync.WaitGroup
			group.Go(func() {
				_, _, err := get(t, p, f.url("/"))
				assert.Error(t, err)
			})
			<-reached
			require.NoError(t, p.Close())
			group.Wait()
		})
	}
}

func TestPoolConfigErrors(t *testing.T) {
	dial := func(context.Context, string, string) (net.Conn, error) { return nil, io.EOF }
	_, err := httpx.NewPool(&httpx.PoolConfig{
		Network: "tcp", Policy: 7, RefreshInterval: -1, MinRefresh: -1, LookupTimeout: -1, DialTimeout: -1, FallbackDelay: -1,
		MinBackoff: time.Minute, MaxBackoff: time.Second, MaxIdle: -1, MaxHosts: -1, MaxAddresses: -1, MaxConnsPerAddress: -1, MaxAttempts: -1,
		Transport: &http.Transport{DialTLSContext: dial, DialTLS: func(string, string) (net.Conn, error) { return nil, io.EOF }, //nolint:staticcheck // it is refused
			Dial: func(string, string) (net.Conn, error) { return nil, io.EOF }}, //nolint:staticcheck // the same
	})
	require.Error(t, err)
	for _, field := range []string{"Network=tcp", "Policy=PoolPolicy(7)", "RefreshInterval=-1ns", "MinRefresh=-1ns", "LookupTimeout=-1ns",
		"DialTimeout=-1ns", "FallbackDelay=-1ns", "MinBackoff=1m0s: must not be above MaxBackoff=1s", "MaxIdle=-1ns", "MaxHosts=-1",
		"MaxAddresses=-1", "MaxConnsPerAddress=-1", "MaxAttempts=-1", "Transport.DialTLSContext", "Transport.DialTLS:", "Transport.Dial:"} {
		assert.ErrorContains(t, err, "httpx: config: "+field)
	}
	assert.Equal(t, "LeastRequests", httpx.PoolLeastRequests.String())
	var states string
	for s := range httpx.PoolState(5) {
		states += s.String() + " "
	}
	assert.Equal(t, "untried up down draining PoolState(4) ", states)
}

func TestPoolBadRequests(t *testing.T) {
	noLeak(t)
	p, err := httpx.NewPool(nil)
	require.NoError(t, err)
	defer p.Close()
	for name, u := range map[string]*url.URL{
		"its URL is nil": nil, "neither http nor https": {Scheme: "unix", Host: "x"}, "no host": {Scheme: "http"},
		"not ASCII": {Scheme: "https", Host: "b\u00fccher.test"}, "must be a number": {Scheme: "http", Host: "x:70000"},
	} {
		_, err := p.RoundTrip(&http.Request{URL: u, Header: http.Header{}})
		assert.ErrorContains(t, err, name)
		assert.Equal(t, "request", failure(t, err).Field)
	}
	f := newFleet(t, poolH1, 1, nil, nil)
	p = f.pool(t, httpx.PoolConfig{MaxConnsPerAddress: 1})
	for range 2 {
		req := request(t, http.MethodGet, f.url("/"), nil)
		req.Header["Bad\n"] = []string{"x"}
		_, err = p.RoundTrip(req)
		require.ErrorContains(t, err, "invalid header")
	}
	_, _, err = get(t, p, f.url("/"))
	require.NoError(t, err, "the conn is free again")
	assert.Equal(t, int64(1), f.servers[0].conns.Load())
}

func TestPoolRequestCancel(t *testing.T) {
	noLeak(t)
	f := newFleet(t, poolH1, 1, nil, nil)
	reached := make(chan struct{}, 1)
	p := f.pool(t, httpx.PoolConfig{Lookup: stuckLookup(reached)})
	req := request(t, http.MethodGet, f.url("/"), nil).WithContext(context.Background())
	cancel := make(chan struct{})
	req.Cancel = cancel //nolint:staticcheck // callers of old use it
	go func() { <-reached; close(cancel) }()
	_, err := p.RoundTrip(req)
	assert.ErrorContains(t, err, "Cancel")
}

// What a transport says about conns that it keeps does not disturb, and a proxy is refused.
func TestPoolTransportSettings(t *testing.T) {
	noLeak(t)
	f := newFleet(t, poolH1, 1, nil, nil)
	transport := f.transport()
	transport.MaxConnsPerHost, transport.MaxIdleConnsPerHost, transport.IdleConnTimeout = 1, -1, time.Nanosecond
	p := f.pool(t, httpx.PoolConfig{Transport: transport})
	for range 3 {
		_, _, err := get(t, p, f.url("/"))
		require.NoError(t, err)
	}
	assert.Equal(t, int64(1), f.servers[0].conns.Load())
	require.NoError(t, p.Close())

	transport = f.transport()
	transport.Proxy = http.ProxyURL(&url.URL{Scheme: "http", Host: "proxy.test", User: url.UserPassword("a", "secret")})
	p = f.pool(t, httpx.PoolConfig{Transport: transport})
	_, _, err := get(t, p, f.url("/"))
	assert.ErrorContains(t, err, "Transport.Proxy=http://a:xxxxx@proxy.test")
}

// The default transport speaks HTTP/2 where there is one.
func TestPoolDefaults(t *testing.T) {
	noLeak(t)
	f := newFleet(t, poolH2, 1, nil, nil)
	for name, transport := range map[string]*http.Transport{
		"net/http's": {}, "with a TLS config": {TLSClientConfig: f.tls, ForceAttemptHTTP2: true}, "ours": nil,
	} {
		t.Run(name, func(t *testing.T) {
			if transport == nil {
				var err error
				transport, err = httpx.NewTransport(&httpx.TransportConfig{TLS: f.tls})
				require.NoError(t, err)
			}
			p := f.pool(t, httpx.PoolConfig{Transport: transport})
			res, _, err := get(t, p, f.url("/"))
			if name == "net/http's" {
				var unknown *tls.CertificateVerificationError
				assert.ErrorAs(t, err, &unknown)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, 2, res.ProtoMajor)
		})
	}
}

// A conn that the server is shutting down, with a request on it, does not take the place of its successor.
func TestPoolGoAwayWithRequestInFlight(t *testing.T) {
	noLeak(t)
	f := newFleet(t, poolH2C, 0, nil, nil)
	ip := runScript(t, f, h2Script(func(n int, stream uint32, fr *http2.Framer) bool {
		switch {
		case n > 0 || stream == 1:
			answerH2(fr, stream)
		default:
			fr.WriteGoAway(stream, http2.ErrCodeNo, nil) // and no answer
		}
		return true
	}))
	p := f.pool(t, httpx.PoolConfig{Lookup: fixedLookup(ip), MaxConnsPerAddress: 1})
	_, _, err := get(t, p, f.url("/"))
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	var group sync.WaitGroup
	group.Go(func() {
		_, err := p.RoundTrip(request(t, http.MethodGet, f.url("/"), nil).WithContext(ctx))
		assert.ErrorIs(t, err, context.Canceled)
	})
	eventually(t, "it is in flight", func() bool { return address(t, p, 0).InFlight == 1 })
	_, _, err = get(t, p, f.url("/"))
	require.NoError(t, err)
	cancel()
	group.Wait()
}

// nameServer answers questions for A with the addresses of the fleet.
func nameServer(t *testing.T, ips []netip.Addr) *net.Resolver {
	t.Helper()
	pc, err := net.ListenPacket("udp4", "127.0.0.1:0")
	require.NoError(t, err)
	var group sync.WaitGroup
	group.Go(func() {
		buf := make([]byte, 1500)
		for {
			n, from, err := pc.ReadFrom(buf)
			if err != nil {
				return
			}
			var m dnsmessage.Message
			if err := m.Unpack(buf[:n]); err != nil || len(m.Questions) != 1 {
				continue
			}
			m.Response, m.Additionals = true, nil
			for _, ip := range ips {
				if q := m.Questions[0]; q.Type == dnsmessage.TypeA {
					m.Answers = append(m.Answers, dnsmessage.Resource{
						Header: dnsmessage.ResourceHeader{Name: q.Name, Class: q.Class, TTL: 1},
						Body:   &dnsmessage.AResource{A: ip.As4()},
					})
				}
			}
			if answer, err := m.Pack(); assert.NoError(t, err) {
				pc.WriteTo(answer, from)
			}
		}
	})
	t.Cleanup(func() { pc.Close(); group.Wait() })
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp4", pc.LocalAddr().String())
	}}
}

// With a name server, as a headless service has it.
func TestPoolRealDNS(t *testing.T) {
	noLeak(t)
	f := newFleet(t, poolH2, 3, nil, nil)
	p := f.pool(t, httpx.PoolConfig{Lookup: nameServer(t, f.ips()).LookupNetIP, FallbackDelay: time.Minute})
	for range 9 {
		_, _, err := get(t, p, "https://POOL.test:"+strconv.Itoa(int(f.port))+"/")
		require.NoError(t, err)
	}
	for _, s := range f.servers {
		assert.Positive(t, s.hits.Load())
	}
	assert.Equal(t, poolName, p.Stats().Hosts[0].Name)
	_, _, err := get(t, p, "https://nobody.test:"+strconv.Itoa(int(f.port))+"/")
	require.Error(t, err, "the certificate is not for this name")
}

// A name that does not exist, with the system's resolver.
func TestPoolDefaultResolver(t *testing.T) {
	noLeak(t)
	f := newFleet(t, poolH1, 0, nil, nil)
	s := f.startOn(t, netip.MustParseAddr("127.0.0.1"))
	p, err := httpx.NewPool(&httpx.PoolConfig{Network: "ip4"})
	require.NoError(t, err)
	defer p.Close()
	_, _, err = get(t, p, "http://localhost:"+strconv.Itoa(int(s.addr.Port()))+"/")
	require.NoError(t, err)
	_, _, err = get(t, p, "http://nobody.invalid/")
	require.ErrorContains(t, err, "httpx: lookup nobody.invalid: ")
}
