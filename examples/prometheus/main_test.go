package main

import (
	"crypto/tls"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/dtlsx"
	"github.com/strata-net/strata/quicx"
)

// scrape gets the metrics as Prometheus does, on a conn of its own.
func scrape(t *testing.T, a *app) map[string]float64 {
	t.Helper()
	transport := &http.Transport{DisableKeepAlives: true}
	defer transport.CloseIdleConnections()
	body := get(t, transport, "http://"+a.web.Addr().String()+"/metrics", http.StatusOK)
	values := map[string]float64{}
	for line := range strings.Lines(body) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		line = strings.TrimSpace(line)
		i := strings.LastIndexByte(line, ' ') // the values of labels may have some too
		v, err := strconv.ParseFloat(line[i+1:], 64)
		require.NoError(t, err, line)
		values[line[:i]] = v
	}
	return values
}

func get(t *testing.T, rt http.RoundTripper, url string, status int) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	require.NoError(t, err)
	resp, err := rt.RoundTrip(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.Equal(t, status, resp.StatusCode)
	return string(body)
}

// echoes sends a text and waits for it to come back.
func echoes(t *testing.T, c net.Conn) {
	t.Helper()
	require.NoError(t, c.SetDeadline(time.Now().Add(20*time.Second)))
	_, err := c.Write([]byte("hello"))
	require.NoError(t, err)
	b := make([]byte, 5)
	_, err = io.ReadFull(c, b)
	require.NoError(t, err)
	require.Equal(t, "hello", string(b))
}

// settled scrapes until metrics have values: what begins and ends a conn is not
// awaited by the other side.
func settled(t *testing.T, a *app, want map[string]float64) map[string]float64 {
	t.Helper()
	there := map[string]float64{}
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		got := scrape(t, a)
		for name := range want {
			if v, ok := got[name]; ok {
				there[name] = v
			}
		}
		if maps.Equal(want, there) {
			return got
		}
	}
	require.Equal(t, want, there)
	return nil
}

func TestMetricsOfRealTraffic(t *testing.T) {
	a, err := start(t.Context(), "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { require.NoError(t, a.close()) }()
	before := scrape(t, a)
	assert.InDelta(t, 1, before["strata_listener_accepted_total"], 0, "the scrape itself")
	assert.InDelta(t, 1, before["strata_listener_active"], 0)

	web := "http://" + a.web.Addr().String()
	const items = 20
	for i := range items { // as many paths, and one label
		get(t, a.pool, fmt.Sprintf("%s/items/%d", web, i), http.StatusOK)
	}
	for i := range 3 {
		get(t, a.pool, fmt.Sprintf("%s/nowhere/%d", web, i), http.StatusNotFound)
	}
	d, err := dtlsx.NewDialer(&dtlsx.DialConfig{Config: dtlsx.Config{TLS: &tls.Config{RootCAs: a.roots}}})
	require.NoError(t, err)
	secure, err := d.Dial("udp", a.dtls.Addr().String())
	require.NoError(t, err)
	echoes(t, secure)
	q, err := quicx.NewDialer(&quicx.DialConfig{TLS: &tls.Config{RootCAs: a.roots, NextProtos: []string{"demo"}}})
	require.NoError(t, err)
	defer func() { require.NoError(t, q.Close()) }()
	conn, err := q.DialContext(t.Context(), "udp", a.quic.Addr().String())
	require.NoError(t, err)
	inner, err := a.stacks[1].Dial("tcp", "10.0.0.1:7")
	require.NoError(t, err)
	echoes(t, inner)

	m := settled(t, a, map[string]float64{
		`strata_http_server_request_seconds_count{code="2xx",route="GET /items/{id}"}`: items,
		`strata_http_server_request_seconds_count{code="4xx",route="none"}`:            3,
		`strata_http_pool_addresses{state="up"}`:                                       1,
		`strata_http_pool_conns{state="up"}`:                                           1,
		`strata_http_pool_waiting`:                                                     0,
		`strata_http_pool_dial_seconds_count{result="ok"}`:                             1,
		`strata_dtls_accepted_total`:                                                   1,
		`strata_dtls_active`:                                                           1,
		`strata_dtls_handshakes_failed_total`:                                          0,
		`strata_quic_accepted_total`:                                                   1,
		`strata_quic_active`:                                                           1,
		`strata_netstack_tcp_opens_total{side="passive"}`:                              1,
		`strata_netstack_tcp_opens_total{side="active"}`:                               0,
		`strata_netstack_tcp_established`:                                              1,
	})
	assert.Greater(t, m["strata_http_server_response_bytes_sum"], float64(items*len("an item\n")))
	assert.Greater(t, m[`strata_netstack_tcp_segments_total{direction="in"}`], 2.0)

	require.NoError(t, secure.Close())
	require.NoError(t, inner.Close())
	require.NoError(t, conn.CloseWithError(0, ""))
	settled(t, a, map[string]float64{"strata_dtls_active": 0, "strata_quic_active": 0, "strata_netstack_tcp_established": 0})
}

// What goes wrong is counted where it went wrong, and who sends many different
// things makes no metric more.
func TestMetricsOfFailures(t *testing.T) {
	a, err := start(t.Context(), "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { require.NoError(t, a.close()) }()
	series := len(scrape(t, a))

	d, err := dtlsx.NewDialer(&dtlsx.DialConfig{Config: dtlsx.Config{TLS: &tls.Config{}, HandshakeTimeout: 20 * time.Second}})
	require.NoError(t, err)
	_, err = d.Dial("udp", a.dtls.Addr().String())
	require.Error(t, err, "nobody knows the authority")
	q, err := quicx.NewDialer(&quicx.DialConfig{TLS: &tls.Config{RootCAs: a.roots, NextProtos: []string{"other"}}})
	require.NoError(t, err)
	defer func() { require.NoError(t, q.Close()) }()
	_, err = q.DialContext(t.Context(), "udp", a.quic.Addr().String())
	require.Error(t, err, "nobody speaks the protocol")
	settled(t, a, map[string]float64{"strata_dtls_handshakes_failed_total": 1, "strata_quic_handshakes_failed_total": 1})

	for i := range 50 {
		get(t, a.pool, fmt.Sprintf("http://%s/%d", a.web.Addr(), i), http.StatusNotFound)
	}
	const buckets = 40 // of the routes "none" and "GET /metrics", and of dials
	assert.Less(t, len(scrape(t, a)), series+buckets+10)
}
