package httpx_test

import (
	"io"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/httpx"
)

// BenchmarkPool compares a pool over one address with the transport that its
// conns come from.
func BenchmarkPool(b *testing.B) {
	for _, kind := range poolKinds {
		f := newFleet(b, kind, 0, nil, nil)
		if kind.tls {
			f.server, f.tls = poolCertificate(b, "127.0.0.2")
		}
		f.add(b)
		transport := f.transport()
		transport.MaxIdleConnsPerHost = 64
		url := f.scheme + "://" + f.servers[0].addr.String() + "/"
		pool, err := httpx.NewPool(&httpx.PoolConfig{Transport: transport})
		require.NoError(b, err)
		for _, by := range []struct {
			name string
			rt   http.RoundTripper
		}{{"transport", transport}, {"pool", pool}} {
			b.Run(kind.name+"/"+by.name, func(b *testing.B) { benchRequests(b, by.rt, url) })
			b.Run(kind.name+"/"+by.name+"/parallel", func(b *testing.B) {
				b.RunParallel(func(pb *testing.PB) {
					for pb.Next() {
						benchRequest(b, by.rt, url)
					}
				})
			})
		}
		transport.CloseIdleConnections()
		pool.Close()
	}
}

func benchRequests(b *testing.B, rt http.RoundTripper, url string) {
	b.Helper()
	b.ReportAllocs()
	for b.Loop() {
		benchRequest(b, rt, url)
	}
}

func benchRequest(b *testing.B, rt http.RoundTripper, url string) {
	b.Helper()
	req, err := http.NewRequestWithContext(b.Context(), http.MethodGet, url, nil)
	require.NoError(b, err)
	res, err := rt.RoundTrip(req)
	require.NoError(b, err)
	io.Copy(io.Discard, res.Body)
	res.Body.Close()
}
