package dialer_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/dns/dnsmessage"

	"github.com/strata-net/strata/dialer"
	"github.com/strata-net/strata/tlsx/pki"
)

// eventually is how long a test waits for what takes moments.
const eventually = time.Minute

// withMoreTime calls f with longer and longer limits, at most the last one, until f is done: on a busy machine a short
// limit may be over before that has begun which it is to end. Otherwise got says why.
func withMoreTime(t *testing.T, first, last time.Duration, f func(limit time.Duration) (done bool, got any)) {
	t.Helper()
	const tries = 10
	limit := first
	for range tries {
		done, got := f(limit)
		if done {
			return
		}
		t.Logf("limit %v: %v", limit, got)
		limit = min(3*limit, last)
	}
	t.Error("it did not come to that")
}

// refusing returns an address that refuses conns as long as the test runs: one end of a conn has it, so nobody else can
// listen there.
func refusing(t *testing.T) string {
	t.Helper()
	c, err := net.Dial("tcp", listen(t, "tcp", "127.0.0.1:0").Addr().String())
	require.NoError(t, err)
	t.Cleanup(func() { c.Close() })
	return c.LocalAddr().String()
}

// listen opens a listener of package net and closes it with the test.
func listen(t *testing.T, network, address string) net.Listener {
	t.Helper()
	l, err := net.Listen(network, address)
	require.NoError(t, err)
	t.Cleanup(func() { l.Close() })
	return l
}

// echo sends back what each client of l sends, and ends with the test.
func echo(t *testing.T, l net.Listener) {
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
				// Not splice: package net keeps its pipes open for the next one.
				io.Copy(struct{ io.Writer }{c}, struct{ io.Reader }{c})
			})
		}
	})
	t.Cleanup(func() {
		l.Close()
		group.Wait()
	})
}

// roundTrip proves that the conn works.
func roundTrip(t *testing.T, c net.Conn) {
	t.Helper()
	require.NoError(t, c.SetDeadline(time.Now().Add(eventually)))
	_, err := c.Write([]byte("hello"))
	require.NoError(t, err)
	got := make([]byte, 5)
	_, err = io.ReadFull(c, got)
	require.NoError(t, err)
	assert.Equal(t, "hello", string(got))
	require.NoError(t, c.SetDeadline(time.Time{}))
}

// newDialer makes a dialer that has to be possible.
func newDialer(t *testing.T, c *dialer.Config) dialer.Dialer {
	t.Helper()
	d, err := dialer.New(c)
	require.NoError(t, err)
	return d
}

// failure returns the first *Error of err, which must be one.
func failure(t *testing.T, err error) *dialer.Error {
	t.Helper()
	var e *dialer.Error
	require.ErrorAs(t, err, &e)
	require.Error(t, e.Err)
	return e
}

// authority makes certificates that its pool trusts.
type authority struct{ *pki.CA }

func newAuthority(t *testing.T) *authority {
	t.Helper()
	ca, err := pki.New(nil)
	require.NoError(t, err)
	return &authority{ca}
}

// server returns a config with a certificate for the names and addresses.
func (a *authority) server(t *testing.T, names ...string) *tls.Config {
	t.Helper()
	c, err := a.Issue(&pki.Leaf{Names: names, Server: true})
	require.NoError(t, err)
	return &tls.Config{Certificates: []tls.Certificate{c.TLS()}}
}

func (a *authority) client() *tls.Config { return &tls.Config{RootCAs: a.Pool()} }

// resolver asks a name server of the test's own, on loopback, that knows
// the addresses of every name.
func resolver(t *testing.T, addresses ...string) *net.Resolver {
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
			if answer, err := answer(buf[:n], addresses); assert.NoError(t, err) {
				pc.WriteTo(answer, from)
			}
		}
	})
	t.Cleanup(func() {
		pc.Close()
		group.Wait()
	})
	server := newDialer(t, nil)
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return server.DialContext(ctx, "udp4", pc.LocalAddr().String())
	}}
}

func answer(query []byte, addresses []string) ([]byte, error) {
	var m dnsmessage.Message
	if err := m.Unpack(query); err != nil {
		return nil, err
	}
	if len(m.Questions) != 1 {
		return nil, errors.New("not one question")
	}
	q := m.Questions[0]
	m.Response, m.Additionals = true, nil
	for _, address := range addresses {
		ip := net.ParseIP(address)
		h := dnsmessage.ResourceHeader{Name: q.Name, Class: q.Class, TTL: 60}
		switch isIPv4 := !strings.Contains(address, ":"); {
		case isIPv4 && q.Type == dnsmessage.TypeA:
			m.Answers = append(m.Answers, dnsmessage.Resource{Header: h,
				Body: &dnsmessage.AResource{A: [4]byte(ip.To4())}})
		case !isIPv4 && q.Type == dnsmessage.TypeAAAA:
			m.Answers = append(m.Answers, dnsmessage.Resource{Header: h,
				Body: &dnsmessage.AAAAResource{AAAA: [16]byte(ip.To16())}})
		}
	}
	return m.Pack()
}

// noLeak checks at the end of the test that goroutines and descriptors are
// back to what they were at the call.
func noLeak(t *testing.T) {
	t.Helper()
	// The first socket of a process opens the poller, which stays.
	first, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, first.Close())
	goroutines, fds := runtime.NumGoroutine(), openFDs(t)
	t.Cleanup(func() {
		// By hand: assert.Eventually has goroutines of its own. Each try counts once, because NumGoroutine is off by
		// hundreds at the moment when the runtime moves ended ones from list to list.
		var g, f int
		for end := time.Now().Add(eventually); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
			if g, f = runtime.NumGoroutine(), openFDs(t); g <= goroutines && f <= fds {
				return
			}
		}
		assert.Failf(t, "leak", "goroutines: %d, before: %d; descriptors: %d, before: %d", g, goroutines, f, fds)
	})
}

// noContext is what a caller may give by mistake.
var noContext context.Context
