package connectudp_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/dns/dnsmessage"

	"github.com/strata-net/strata/quicx/http3x/connectudp"
)

// names is a resolver that answers every name, and counts the questions for addresses of IPv4.
func names(t *testing.T, answers func(asked int64) []string) (r *net.Resolver, asked *atomic.Int64) {
	t.Helper()
	udp, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	require.NoError(t, err)
	asked = new(atomic.Int64)
	var ended sync.WaitGroup
	ended.Go(func() {
		b := make([]byte, 1500)
		for {
			n, from, err := udp.ReadFromUDPAddrPort(b)
			if err != nil {
				return
			}
			var m dnsmessage.Message
			if !assert.NoError(t, m.Unpack(b[:n])) {
				return
			}
			m.Response, m.Additionals = true, nil
			m.Answers = addresses(m.Questions[0], asked, answers)
			reply, err := m.Pack()
			assert.NoError(t, err)
			udp.WriteToUDPAddrPort(reply, from)
		}
	})
	t.Cleanup(func() { udp.Close(); ended.Wait() })
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "udp4", udp.LocalAddr().String())
	}}, asked
}

func addresses(q dnsmessage.Question, asked *atomic.Int64, answers func(int64) []string) []dnsmessage.Resource {
	if q.Type == dnsmessage.TypeA {
		asked.Add(1)
	}
	var all []dnsmessage.Resource
	for _, s := range answers(asked.Load()) {
		a := netip.MustParseAddr(s)
		h := dnsmessage.ResourceHeader{Name: q.Name, Class: dnsmessage.ClassINET}
		switch {
		case a.Is4() && q.Type == dnsmessage.TypeA:
			all = append(all, dnsmessage.Resource{Header: h, Body: &dnsmessage.AResource{A: a.As4()}})
		case a.Is6() && q.Type == dnsmessage.TypeAAAA:
			all = append(all, dnsmessage.Resource{Header: h, Body: &dnsmessage.AAAAResource{AAAA: a.As16()}})
		}
	}
	return all
}

// dialled keeps what it was to dial, and fails.
type dialled struct {
	mu  sync.Mutex
	all []string
}

var errDialled = errors.New("no dial today")

func (d *dialled) DialContext(_ context.Context, network, address string) (net.Conn, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.all = append(d.all, network+" "+address)
	return nil, errDialled
}

// The default policy looks at the addresses that a name has, in whatever form, and what is dialled is what was looked
// at: a name that leads elsewhere when it is asked for again changes nothing.
func TestRebinding(t *testing.T) {
	for _, tt := range []struct {
		name    string
		answers []string
		want    []string
		kind    string // "" if it is up to the order of the addresses
	}{
		{"private", []string{"10.0.0.1", "127.0.0.1", "::1", "fe80::1"}, nil, "destination_ip_prohibited"},
		{"mapped", []string{"10.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1"}, nil, "destination_ip_prohibited"},
		{"public", []string{"1.1.1.1"}, []string{"udp 1.1.1.1:53"}, "destination_ip_unroutable"},
		{"mapped public", []string{"10.0.0.1", "::ffff:1.1.1.1"}, []string{"udp 1.1.1.1:53"}, ""},
		{"both", []string{"10.0.0.1", "1.1.1.1"}, []string{"udp 1.1.1.1:53"}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			resolver, asked := names(t, func(n int64) []string {
				if n > 1 {
					return []string{"127.0.0.1"}
				}
				return tt.answers
			})
			d := new(dialled)
			var told error
			h, err := connectudp.NewHandler(&connectudp.HandlerConfig{
				Allow: func(*http.Request, string) error { return nil }, Resolver: resolver, Dialer: d,
				OnError: func(_ *http.Request, err error) { told = err },
			})
			require.NoError(t, err)
			defer h.Close()
			w := httptest.NewRecorder()
			h.ServeHTTP(w, connect(t, "/.well-known/masque/udp/rebinding.test./53/"))
			assert.Equal(t, 502, w.Code)
			assert.Contains(t, w.Header().Get("Proxy-Status"), tt.kind)
			assert.Equal(t, tt.want, d.all)
			assert.Equal(t, int64(1), asked.Load(), "a name is resolved once")
			if tt.want != nil {
				assert.ErrorIs(t, told, errDialled)
			} else {
				assert.ErrorContains(t, told, "is no public address")
				assert.NotContains(t, w.Body.String(), "10.0.0.1", "what is behind the proxy is nobody's business")
			}
			assert.Equal(t, connectudp.HandlerStats{Refused: 1}, h.Stats())
		})
	}
}

// connect is a request as http3 hands it over.
func connect(t *testing.T, path string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodConnect, "https://proxy.test"+path, nil)
	require.NoError(t, err)
	r.Proto, r.ProtoMajor, r.ProtoMinor, r.RemoteAddr = "connect-udp", 3, 0, "192.0.2.1:1234"
	return r
}

// A writer that has no stream gets an answer of HTTP, and the session is none.
func TestHandlerWithoutStream(t *testing.T) {
	noLeak(t)
	var told error
	h, err := connectudp.NewHandler(&connectudp.HandlerConfig{
		Allow:     func(*http.Request, string) error { return nil },
		AllowAddr: func(*http.Request, netip.AddrPort) error { return nil },
		OnError:   func(_ *http.Request, err error) { told = err }, MaxSessions: 1,
	})
	require.NoError(t, err)
	defer h.Close()
	for n := range uint64(3) {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, connect(t, "/.well-known/masque/udp/127.0.0.1/9/"))
		assert.Equal(t, 500, w.Code)
		assert.Equal(t, "connect-udp; error=proxy_internal_error", w.Header().Get("Proxy-Status"))
		assert.Empty(t, w.Header().Get("Capsule-Protocol"))
		assert.ErrorIs(t, told, errors.ErrUnsupported)
		assert.Equal(t, connectudp.HandlerStats{Refused: n + 1}, h.Stats())
	}
}
