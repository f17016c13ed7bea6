package simnet_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"io"
	"math/big"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/virtnet/simnet"
)

// page is what the server of these tests has: of many segments.
var page = strings.Repeat("0123456789abcdef", 8<<10)

// certificate makes one that is valid in a bubble's time.
func certificate(t *testing.T) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{"server"},
		NotBefore: time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC), NotAfter: time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	leaf, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

// browse lets a client get the page over HTTP, then over TLS, and returns the events.
func browse(t *testing.T, link simnet.Link, addresses ...string) (events []simnet.Event) {
	t.Helper()
	cert := certificate(t)
	synctest.Test(t, func(t *testing.T) {
		n, err := simnet.New(simnet.Config{
			Seed: 3, CaptureBytes: 65535, MaxEvents: 10_000, Link: link, Order: simnet.OrderDirect,
		})
		require.NoError(t, err)
		client := host(t, n, "client", addresses[0])
		server := host(t, n, "server", addresses[1])
		s := &http.Server{
			Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Length", strconv.Itoa(len(page)))
				io.WriteString(w, page)
			}),
			TLSConfig: &tls.Config{Certificates: []tls.Certificate{cert}},
		}
		for _, l := range []net.Listener{listen(t, server, ":80"), tls.NewListener(listen(t, server, ":443"), s.TLSConfig)} {
			go s.Serve(l)
		}
		roots := x509.NewCertPool()
		roots.AddCert(cert.Leaf)
		transport := &http.Transport{DialContext: client.Dialer().DialContext, TLSClientConfig: &tls.Config{RootCAs: roots}}
		for _, url := range []string{"http://server/", "https://server/"} {
			resp, err := (&http.Client{Transport: transport}).Get(url)
			require.NoError(t, err)
			body, err := io.ReadAll(resp.Body)
			require.NoError(t, err)
			assert.Equal(t, page, string(body))
			resp.Body.Close()
		}
		transport.CloseIdleConnections()
		time.Sleep(time.Minute) // until the ends have arrived
		require.NoError(t, s.Shutdown(context.Background()))
		require.NoError(t, n.Close())
		events = slices.Collect(n.Trace())
	})
	return events
}

func listen(t *testing.T, h *simnet.Host, address string) net.Listener {
	t.Helper()
	l, err := h.Listen(address)
	require.NoError(t, err)
	return l
}

// lossy is what tshark has to say about a network that loses packets, and about a
// peer that is reset because it said goodbye to somebody who had left.
var lossy = []string{
	"This frame is a (suspected) out-of-order segment",
	"Previous segment(s) not captured (common at capture start)",
	"Connection reset (RST)",
}

func TestTsharkReadsHTTP(t *testing.T) {
	t.Parallel()
	tshark(t)
	link := simnet.Link{Latency: 5 * time.Millisecond, Jitter: time.Millisecond, MTU: 1500}
	whole := browse(t, link, "2001:db8::1", "2001:db8::2")
	link.Loss = 0.03
	lost := browse(t, link, "192.0.2.1", "192.0.2.2")
	direct := browse(t, simnet.Link{}, "192.0.2.1", "192.0.2.2")
	for _, tc := range []struct {
		host    string
		events  []simnet.Event
		allowed []string
		again   bool
	}{
		{"", whole, lossy[2:], false},
		{"", direct, lossy[2:], false},
		{"", lost, lossy, true},
		{"client", lost, lossy, false},
		{"server", lost, lossy, true},
	} {
		d := dissect(t, simnet.Capture{Host: tc.host}, tc.events, 2)
		assert.Empty(t, d.complaints(tc.allowed...), "%q", tc.host)
		assert.Equal(t, []string{"GET"}, d.values("http.request.method"))
		assert.Equal(t, []string{"200"}, d.values("http.response.code"))
		request, response := d.streams[0][0], d.streams[0][1]
		assert.True(t, strings.HasPrefix(request, "GET / HTTP/1.1\r\nHost: server\r\n"), request)
		_, body, _ := strings.Cut(response, "\r\n\r\n")
		assert.True(t, page == body, "%d bytes of %d", len(body), len(page))
		assert.Contains(t, d.values("tls.handshake.type"), "1", "a hello")
		assert.Greater(t, len(d.streams[1][1]), len(page))
		again := d.values("tcp.analysis.retransmission")
		assert.True(t, len(again) > 0 || !tc.again, "%q", tc.host)
		assert.True(t, len(again) == 0 || len(tc.allowed) > 1, "%q: %v", tc.host, again)
	}
}
