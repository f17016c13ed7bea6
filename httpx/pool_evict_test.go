package httpx_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/httpx"
)

// More names than fit are forgotten in turn, without losing a request.
func TestPoolMoreNamesThanFit(t *testing.T) {
	noLeak(t)
	f := newFleet(t, poolH1, 2, nil, nil)
	p := f.pool(t, httpx.PoolConfig{MaxHosts: 2})
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			for n := range 6 {
				_, _, err := get(t, p, strings.Replace(f.url("/"), poolName, fmt.Sprintf("n%d.test", (i+n)%6), 1))
				assert.NoError(t, err)
			}
		})
	}
	group.Wait()
	eventually(t, "no more names than allowed", func() bool { return len(p.Stats().Hosts) <= 2 })
}

// A body that cannot be read is not the address's fault.
func TestPoolBodyFails(t *testing.T) {
	for _, kind := range poolKinds {
		t.Run(kind.name, func(t *testing.T) {
			noLeak(t)
			f := newFleet(t, kind, 1, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { io.Copy(io.Discard, r.Body) }), nil)
			p := f.pool(t, httpx.PoolConfig{})
			broken := errors.New("broken")
			body := track("")
			body.Reader = iotest.ErrReader(broken)
			_, err := p.RoundTrip(request(t, http.MethodPost, f.url("/"), body))
			require.ErrorIs(t, err, broken)
			assert.Equal(t, int64(1), body.closed.Load())
			assert.Zero(t, address(t, p, 0).Failures)
			_, _, err = get(t, p, f.url("/"))
			require.NoError(t, err)
		})
	}
}

// The ports are those of the scheme, and what asks for an upgrade to something else is as any request.
func TestPoolSchemesAndUpgrades(t *testing.T) {
	noLeak(t)
	p, err := httpx.NewPool(&httpx.PoolConfig{Lookup: (&names{err: io.EOF}).lookup})
	require.NoError(t, err)
	defer p.Close()
	for _, upgrade := range []string{"", "websocket", "h2c"} {
		for _, url := range []string{"http://a.test/", "https://a.test/"} {
			req := request(t, http.MethodGet, url, nil)
			if upgrade != "" {
				req.Header.Set("Upgrade", upgrade)
			}
			_, err := p.RoundTrip(req)
			require.ErrorIs(t, err, io.EOF)
		}
	}
	hosts := p.Stats().Hosts
	require.Len(t, hosts, 2)
	assert.Equal(t, "80 443", hosts[0].Port+" "+hosts[1].Port)
}
