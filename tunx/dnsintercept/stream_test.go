package dnsintercept_test

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/tunx/dnsintercept"
	"github.com/strata-net/strata/tunx/dnsintercept/doh"
)

// dnsServer answers over streams, after a message with another ID.
func dnsServer(t *testing.T, l net.Listener) {
	t.Helper()
	var group sync.WaitGroup
	group.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			group.Go(func() {
				defer c.Close()
				var length [2]byte
				if _, err := io.ReadFull(c, length[:]); err != nil {
					return
				}
				q := make([]byte, binary.BigEndian.Uint16(length[:]))
				if _, err := io.ReadFull(c, q); err != nil {
					return
				}
				a, err := answer(q, 10)
				if !assert.NoError(t, err) {
					return
				}
				other := append([]byte{0, 0}, a[2:]...)
				for _, m := range [][]byte{other, {1}, a} {
					c.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(m))), m...))
				}
			})
		}
	})
	t.Cleanup(func() {
		l.Close()
		group.Wait()
	})
}

func TestOverStream(t *testing.T) {
	noLeak(t)
	plain, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	dnsServer(t, plain)
	web := httptest.NewTLSServer(nil) // for its certificate
	web.Close()
	secure, err := tls.Listen("tcp", "127.0.0.1:0", web.TLS)
	require.NoError(t, err)
	dnsServer(t, secure)
	trusted := &tls.Config{RootCAs: web.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs, ServerName: "example.com"}
	for name, dial := range map[string]func(context.Context, netip.AddrPort) (net.Conn, error){
		"TCP": func(ctx context.Context, to netip.AddrPort) (net.Conn, error) {
			assert.Equal(t, server, to)
			var d net.Dialer
			return d.DialContext(ctx, "tcp", plain.Addr().String())
		},
		"TLS": func(ctx context.Context, _ netip.AddrPort) (net.Conn, error) {
			d := tls.Dialer{Config: trusted}
			return d.DialContext(ctx, "tcp", secure.Addr().String())
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, r := open(t, newNext(), dnsintercept.Config{Resolve: dnsintercept.OverStream(dial)})
			_, err := s.WriteTo(query(t, "a."), server)
			require.NoError(t, err)
			assert.Len(t, r.answer(t).Answers, 10)
		})
	}
}

func TestOverStreamFails(t *testing.T) {
	noLeak(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	resolve := dnsintercept.OverStream(func(ctx context.Context, _ netip.AddrPort) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "tcp", l.Addr().String())
	})
	// Nobody answers: the deadline of the context is the conn's.
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err = resolve(ctx, query(t, "a."), server)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.ErrorContains(t, err, server.String())

	for _, q := range [][]byte{nil, {1}} { // without an ID
		_, err = resolve(t.Context(), q, server)
		require.EqualError(t, err, "is shorter than a DNS header")
	}

	for _, sent := range [][]byte{{}, {0, 5, 1}} { // the conn ends early
		done := make(chan error, 1)
		go func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				c.Write(sent)
				c.(*net.TCPConn).CloseWrite()
				io.Copy(io.Discard, c)
				c.Close()
			}
		}()
		q := query(t, "a.")
		go func() {
			_, err := resolve(t.Context(), q, server)
			done <- err
		}()
		assert.Error(t, receive(t, done))
	}
	_, err = resolve(t.Context(), make([]byte, 65536), server)
	require.Error(t, err)
	over := func(c net.Conn, cause error) error {
		dial := func(context.Context, netip.AddrPort) (net.Conn, error) { return c, cause }
		_, err := dnsintercept.OverStream(dial)(t.Context(), query(t, "a."), server)
		return err
	}
	err = over(nil, io.ErrNoProgress)
	require.ErrorIs(t, err, io.ErrNoProgress)
	assert.ErrorContains(t, err, "dial "+server.String())
	assert.ErrorIs(t, over(brokenConn{}, nil), io.ErrClosedPipe)
}

// brokenConn takes nothing.
type brokenConn struct{ net.Conn }

func (brokenConn) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }
func (brokenConn) Close() error              { return nil }

func TestOverHTTPS(t *testing.T) {
	noLeak(t)
	kind := "application/dns-message"
	status := http.StatusOK
	length := 0
	web := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		assert.Equal(t, http.MethodPost, r.Method)
		assert.Equal(t, "application/dns-message", r.Header.Get("Content-Type"))
		q, err := io.ReadAll(r.Body)
		assert.NoError(t, err)
		assert.Equal(t, []byte{0, 0}, q[:2], "the same for all clients")
		a, err := answer(q, 3)
		assert.NoError(t, err)
		w.Header().Set("Content-Type", kind)
		w.WriteHeader(status)
		w.Write(append(a, make([]byte, length)...))
	}))
	defer web.Close()
	transport := web.Client().Transport
	resolve, err := doh.Resolver(transport, web.URL+"/dns-query")
	require.NoError(t, err)
	s, r := open(t, newNext(), dnsintercept.Config{Resolve: resolve})
	_, err = s.WriteTo(query(t, "a."), server)
	require.NoError(t, err)
	m := r.answer(t)
	assert.Len(t, m.Answers, 3)
	assert.EqualValues(t, 4711, m.ID)

	length = 65536
	_, err = resolve(t.Context(), query(t, "a."), server)
	require.ErrorContains(t, err, "longer than 65535")
	length, kind = 0, "text/html"
	_, err = resolve(t.Context(), query(t, "a."), server)
	require.ErrorContains(t, err, "text/html")
	kind, status = "application/dns-message", http.StatusBadGateway
	_, err = resolve(t.Context(), query(t, "a."), server)
	require.ErrorContains(t, err, "502")
	_, err = resolve(noContext, query(t, "a."), server)
	require.Error(t, err)
	web.Close()
	_, err = resolve(t.Context(), query(t, "a."), server)
	require.ErrorContains(t, err, web.URL)
	transport.(*http.Transport).CloseIdleConnections()

	_, err = doh.Resolver(nil, "ftp://x")
	require.EqualError(t, err, "tunx: config: transport=nil: must not be nil\ntunx: config: target=ftp://x: must be an http or https URL with a host")
	_, err = doh.Resolver(transport, "://")
	assert.ErrorContains(t, err, "target=://")
}

// noContext is what a caller may give by mistake.
var noContext context.Context
