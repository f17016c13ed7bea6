package httpx_test

import (
	"net"
	"net/http"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/httpx"
)

func TestPoolTakesTurns(t *testing.T) {
	protos := map[string]string{"H1": "HTTP/1.1", "H1TLS": "HTTP/1.1", "H2": "HTTP/2.0", "H2C": "HTTP/2.0"}
	for _, kind := range poolKinds {
		t.Run(kind.name, func(t *testing.T) {
			noLeak(t)
			f := newFleet(t, kind, 3, nil, nil)
			p := f.pool(t, httpx.PoolConfig{FallbackDelay: 10 * time.Second})
			for range 30 {
				res, body, err := get(t, p, f.url("/"))
				require.NoError(t, err)
				require.Equal(t, http.StatusOK, res.StatusCode)
				assert.Equal(t, protos[kind.name]+" "+res.Request.URL.Host+" GET", body)
				assert.Equal(t, kind.tls, res.TLS != nil)
			}
			for i, s := range f.servers {
				assert.Equal(t, int64(10), s.hits.Load(), "server %d", i)
				assert.Equal(t, int64(1), s.conns.Load(), "conns of server %d", i)
				a := address(t, p, i)
				assert.Equal(t, s.addr, a.Addr)
				assert.Equal(t, httpx.PoolUp, a.State)
				assert.Equal(t, 1, a.Conns)
				assert.Zero(t, a.InFlight)
				assert.NoError(t, a.Err)
			}
		})
	}
}

// Many at once: with HTTP/1 each has a conn, with HTTP/2 they share one an address.
func TestPoolManyAtOnce(t *testing.T) {
	for _, kind := range poolKinds {
		t.Run(kind.name, func(t *testing.T) {
			noLeak(t)
			const clients = 32
			var all sync.WaitGroup
			all.Add(clients)
			f := newFleet(t, kind, 2, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
				all.Done()
				all.Wait() // so that they are in flight at the same time
			}), nil)
			p := f.pool(t, httpx.PoolConfig{FallbackDelay: 10 * time.Second, Policy: httpx.PoolLeastRequests})
			var group sync.WaitGroup
			for range clients {
				group.Go(func() {
					_, _, err := get(t, p, f.url("/"))
					assert.NoError(t, err)
				})
			}
			group.Wait()
			for _, s := range f.servers {
				assert.Equal(t, int64(clients/2), s.hits.Load())
				want := int64(1)
				if kind.name == "H1" || kind.name == "H1TLS" {
					want = clients / 2
				}
				assert.Equal(t, want, s.conns.Load())
			}
		})
	}
}

func TestPoolVerifiesTheName(t *testing.T) {
	for _, kind := range []poolKind{poolH1TLS, poolH2} {
		t.Run(kind.name, func(t *testing.T) {
			noLeak(t)
			f := newFleet(t, kind, 0, nil, nil)
			f.server, f.tls = poolCertificate(t, "127.0.0.2", "other.test")
			f.add(t)
			p := f.pool(t, httpx.PoolConfig{})
			_, _, err := get(t, p, f.url("/"))
			require.ErrorContains(t, err, "not "+poolName)
			assert.Contains(t, failure(t, err).Error(), f.servers[0].addr.String())
			assert.Zero(t, f.servers[0].hits.Load())
			assert.Equal(t, httpx.PoolDown, address(t, p, 0).State)
		})
	}
}

func TestPoolIPLiteral(t *testing.T) {
	noLeak(t)
	f := newFleet(t, poolH1, 1, nil, nil)
	never := &names{}
	p := f.pool(t, httpx.PoolConfig{Lookup: never.lookup})
	_, body, err := get(t, p, "http://"+f.servers[0].addr.String()+"/")
	require.NoError(t, err)
	assert.Equal(t, "HTTP/1.1 "+f.servers[0].addr.String()+" GET", body)
	assert.Zero(t, never.called())

	six, err := net.Listen("tcp", "[::1]:0")
	if err != nil {
		skipUnlessCI(t, "no IPv6: "+err.Error())
	}
	six.Close()
	s := f.startOn(t, netip.IPv6Loopback())
	_, _, err = get(t, p, "http://"+s.addr.String()+"/")
	require.NoError(t, err)
	assert.Equal(t, int64(1), s.hits.Load())
}

// Requests one after another need one conn, also when net/http is late with
// word of the place that the one before has left.
func TestPoolNextRequestSameConn(t *testing.T) {
	for _, kind := range poolKinds {
		t.Run(kind.name, func(t *testing.T) {
			noLeak(t)
			f := newFleet(t, kind, 1, nil, nil)
			p := f.pool(t, httpx.PoolConfig{})
			for range 4 {
				_, _, err := get(t, p, f.url("/"))
				require.NoError(t, err)
				httpx.PoolUnhook(p)
			}
			assert.EqualValues(t, 1, f.servers[0].conns.Load())
		})
	}
}
