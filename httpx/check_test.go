package httpx_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/httpx"
)

// Check says of each config what the constructor says.
func TestCheck(t *testing.T) {
	next := http.DefaultTransport
	for _, tt := range []struct {
		name   string
		config interface{ Check() error }
		make   func() error
		want   string
	}{
		{"server", &httpx.ServerConfig{IdleTimeout: -1}, func() error {
			_, err := httpx.NewServer(&httpx.ServerConfig{IdleTimeout: -1})
			return err
		}, "httpx: config: Handler: is needed\nhttpx: config: IdleTimeout=-1ns: must not be negative"},
		{"pool", &httpx.PoolConfig{MaxHosts: -1}, func() error {
			_, err := httpx.NewPool(&httpx.PoolConfig{MaxHosts: -1})
			return err
		}, "httpx: config: MaxHosts=-1: must not be negative"},
		{"retry", &httpx.RetryConfig{Attempts: -1, Backoff: -1}, func() error {
			_, err := httpx.NewRetry(next, &httpx.RetryConfig{Attempts: -1, Backoff: -1})
			return err
		}, "httpx: config: Attempts=-1: must be from 1 to 100\nhttpx: config: Backoff=-1ns: must not be negative"},
		{"hedge", &httpx.HedgeConfig{Attempts: 11}, func() error {
			_, err := httpx.NewHedge(next, &httpx.HedgeConfig{Attempts: 11})
			return err
		}, "httpx: config: Attempts=11: must be from 1 to 10"},
		{"ejector", &httpx.EjectorConfig{Targets: []*url.URL{{Host: "a", Scheme: "ftp"}}, Ratio: 2}, func() error {
			_, err := httpx.NewEjector(next, &httpx.EjectorConfig{Targets: []*url.URL{{Host: "a", Scheme: "ftp"}}, Ratio: 2})
			return err
		}, "httpx: config: Targets[0]=ftp://a: needs http:// or https:// and a host\nhttpx: config: Ratio=2: must be from -Inf to 1"},
		{"altsvc", &httpx.AltSvcConfig{HTTP3: next, HeadStart: 2 * time.Hour}, func() error {
			_, err := httpx.NewAltSvc(next, &httpx.AltSvcConfig{HTTP3: next, HeadStart: 2 * time.Hour})
			return err
		}, "httpx: config: HeadStart=2h0m0s: must be from 0s to 1h0m0s"},
		{"reverse proxy", &httpx.ReverseProxyConfig{Via: "a b"}, func() error {
			_, err := httpx.NewReverseProxy(&httpx.ReverseProxyConfig{Via: "a b"})
			return err
		}, "httpx: config: Target: is needed, or Route\nhttpx: config: Via=\"a b\": is neither a host nor a token"},
		{"connect", &httpx.ConnectConfig{DialTimeout: -1}, func() error {
			_, err := httpx.NewConnect(&httpx.ConnectConfig{DialTimeout: -1})
			return err
		}, "httpx: config: DialTimeout=-1ns: must not be negative"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			require.EqualError(t, tt.config.Check(), tt.want)
			assert.EqualError(t, tt.make(), tt.want)
		})
	}
}

func TestCheckGood(t *testing.T) {
	assert.NoError(t, (&httpx.ServerConfig{Handler: http.NotFoundHandler()}).Check())
	assert.NoError(t, (*httpx.PoolConfig)(nil).Check())
	assert.NoError(t, (*httpx.RetryConfig)(nil).Check())
	assert.NoError(t, (*httpx.HedgeConfig)(nil).Check())
	assert.NoError(t, (*httpx.EjectorConfig)(nil).Check())
	assert.NoError(t, (&httpx.AltSvcConfig{HTTP3: http.DefaultTransport}).Check())
	assert.NoError(t, (&httpx.ReverseProxyConfig{Target: &url.URL{Scheme: "http", Host: "a"}}).Check())
	assert.NoError(t, (*httpx.ConnectConfig)(nil).Check())
}
