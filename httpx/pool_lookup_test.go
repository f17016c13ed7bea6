package httpx_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/httpx"
)

// An address that is gone gets no new requests; those in flight end normally.
func TestPoolDrains(t *testing.T) {
	for _, kind := range poolKinds {
		t.Run(kind.name, func(t *testing.T) {
			noLeak(t)
			goOn := make(chan struct{})
			f := newFleet(t, kind, 2, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/slow" {
					w.Write([]byte("begin"))
					http.NewResponseController(w).Flush()
					<-goOn
				}
				w.Write([]byte("end"))
			}), nil)
			old, next := f.servers[0], f.servers[1]
			n := &names{}
			n.set(nil, old.addr.Addr())
			p := f.pool(t, httpx.PoolConfig{Lookup: n.lookup, RefreshInterval: 4 * time.Millisecond})
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, f.url("/slow"), nil)
			require.NoError(t, err)
			slow, err := p.RoundTrip(req)
			require.NoError(t, err)

			n.set(nil, next.addr.Addr())
			eventually(t, "the new address is known", func() bool {
				get(t, p, f.url("/")) // refreshes are for names in use
				return address(t, p, 0).Addr == next.addr
			})
			hits := old.hits.Load()
			for range 10 {
				_, _, err := get(t, p, f.url("/"))
				require.NoError(t, err)
			}
			assert.Equal(t, hits, old.hits.Load())
			assert.Positive(t, next.hits.Load())
			draining := address(t, p, 1)
			assert.Equal(t, old.addr, draining.Addr)
			assert.Equal(t, httpx.PoolDraining, draining.State)
			assert.Equal(t, 1, draining.InFlight)

			close(goOn)
			assert.Equal(t, "beginend", finish(t, slow))
			eventually(t, "the old conns are closed", func() bool { return old.opened() == 0 })
			eventually(t, "the old address is forgotten", func() bool { return len(p.Stats().Hosts[0].Addresses) == 1 })
			assert.Positive(t, next.opened())
		})
	}
}

// A failed lookup keeps the old list, and is told.
func TestPoolLookupFails(t *testing.T) {
	noLeak(t)
	f := newFleet(t, poolH1, 1, nil, nil)
	n := &names{}
	broken := errors.New("no name server")
	n.set(broken)
	p := f.pool(t, httpx.PoolConfig{Lookup: n.lookup, RefreshInterval: 4 * time.Millisecond})
	_, _, err := get(t, p, f.url("/"))
	require.ErrorIs(t, err, broken)
	assert.EqualError(t, err, "httpx: lookup pool.test: no name server")
	n.set(nil)
	_, _, err = get(t, p, f.url("/"))
	assert.EqualError(t, err, "httpx: lookup pool.test: no address for network ip among 0")

	n.set(nil, f.servers[0].addr.Addr())
	_, _, err = get(t, p, f.url("/"))
	require.NoError(t, err)
	n.set(broken)
	eventually(t, "the error is told", func() bool {
		_, _, err = get(t, p, f.url("/"))
		require.NoError(t, err)
		return errors.Is(p.Stats().Hosts[0].LookupErr, broken)
	})
	assert.Len(t, p.Stats().Hosts[0].Addresses, 1)
}

// Names that nobody asks for are not looked up, and are forgotten with their conns.
func TestPoolForgetsIdleNames(t *testing.T) {
	noLeak(t)
	f := newFleet(t, poolH1, 1, nil, nil)
	n := &names{}
	n.set(nil, f.servers[0].addr.Addr())
	p := f.pool(t, httpx.PoolConfig{Lookup: n.lookup, RefreshInterval: time.Millisecond, MaxIdle: 50 * time.Millisecond})
	_, _, err := get(t, p, f.url("/"))
	require.NoError(t, err)
	calls := n.called()
	eventually(t, "the name is forgotten", func() bool { return len(p.Stats().Hosts) == 0 })
	eventually(t, "the conn is closed", func() bool { return f.servers[0].opened() == 0 })
	assert.LessOrEqual(t, n.called(), calls+2, "one may be about to begin, and one is due for the request")
	_, _, err = get(t, p, f.url("/"))
	require.NoError(t, err, "and known again when it is asked for")
}

func TestPoolMaxHosts(t *testing.T) {
	noLeak(t)
	goOn := make(chan struct{})
	f := newFleet(t, poolH1, 1, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			http.NewResponseController(w).Flush()
			<-goOn
		}
		w.Write([]byte(r.Host))
	}), nil)
	p := f.pool(t, httpx.PoolConfig{MaxHosts: 2})
	_, port, err := net.SplitHostPort(f.servers[0].addr.String())
	require.NoError(t, err)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://a.test:"+port+"/slow", nil)
	require.NoError(t, err)
	slow, err := p.RoundTrip(req)
	require.NoError(t, err)
	for _, name := range []string{"b.test", "c.test", "d.test"} {
		_, body, err := get(t, p, "http://"+name+":"+port+"/")
		require.NoError(t, err)
		assert.Equal(t, name+":"+port, body)
	}
	eventually(t, "only the first, which still has a request, is beyond the limit", func() bool {
		known := ""
		for _, h := range p.Stats().Hosts {
			known += h.Name + " "
		}
		return known == "a.test c.test d.test "
	})
	close(goOn)
	assert.Equal(t, "a.test:"+port, finish(t, slow))
	eventually(t, "its conn is closed", func() bool { return f.servers[0].opened() == 2 })
	eventually(t, "it is forgotten", func() bool { return len(p.Stats().Hosts) == 2 })
}

func TestPoolFamiliesAndDoubles(t *testing.T) {
	four, six := netip.MustParseAddr("127.0.0.2"), netip.MustParseAddr("::1")
	mapped := netip.MustParseAddr("::ffff:127.0.0.2")
	for network, want := range map[string][]netip.Addr{"": {four, six}, "ip": {four, six}, "ip4": {four}, "ip6": {six}} {
		t.Run(network, func(t *testing.T) {
			noLeak(t)
			asked := ""
			cfg := httpx.PoolConfig{Network: network, MinRefresh: time.Hour, Lookup: func(_ context.Context, network, host string) ([]netip.Addr, error) {
				asked = network + " " + host
				return []netip.Addr{{}, four, mapped, six, four}, nil
			}}
			p, err := httpx.NewPool(&cfg)
			require.NoError(t, err)
			defer p.Close()
			get(t, p, "http://pool.test:1/") // nobody listens there
			var got []netip.Addr
			for _, a := range p.Stats().Hosts[0].Addresses {
				got = append(got, a.Addr.Addr())
			}
			assert.Equal(t, want, got)
			if network == "" {
				network = "ip"
			}
			assert.Equal(t, network+" pool.test", asked)
		})
	}
}

// Known addresses stay when there are more than are wanted.
func TestPoolMaxAddresses(t *testing.T) {
	noLeak(t)
	f := newFleet(t, poolH1, 3, nil, nil)
	ips := f.ips()
	n := &names{}
	n.set(nil, ips[1], ips[0])
	p := f.pool(t, httpx.PoolConfig{Lookup: n.lookup, MaxAddresses: 2, RefreshInterval: 4 * time.Millisecond})
	for range 4 {
		_, _, err := get(t, p, f.url("/"))
		require.NoError(t, err)
	}
	calls := n.called()
	n.set(nil, ips[2], ips[0], ips[1])
	eventually(t, "a further lookup", func() bool {
		_, _, err := get(t, p, f.url("/"))
		require.NoError(t, err)
		return n.called() > calls+2
	})
	assert.Zero(t, f.servers[2].hits.Load())
	assert.Len(t, p.Stats().Hosts[0].Addresses, 2)
}
