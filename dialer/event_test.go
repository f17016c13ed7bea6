package dialer_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/dialer"
)

// told keeps what a hook hears.
type told struct {
	mu     sync.Mutex
	events []dialer.Event
}

func (l *told) hear(e dialer.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.events = append(l.events, e)
}

// one returns the end of the only dial, whose two events must fit together.
func (l *told) one(t *testing.T) dialer.Event {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	require.Len(t, l.events, 2)
	begun, done := l.events[0], l.events[1]
	require.Equal(t, dialer.DialBegun, begun.Kind)
	require.Equal(t, dialer.DialDone, done.Kind)
	assert.Equal(t, begun.Context, done.Context)
	assert.Equal(t, begun.Network, done.Network)
	assert.Equal(t, begun.Address, done.Address)
	assert.Equal(t, begun.Start, done.Start)
	assert.Equal(t, dialer.Event{
		Kind: dialer.DialBegun, Context: begun.Context, Network: begun.Network, Address: begun.Address, Start: begun.Start,
	}, begun, "the rest is of the end alone")
	for _, s := range done.Steps {
		assert.False(t, s.Start.Before(done.Start), "%v begins before the dial", s.Kind)
		assert.LessOrEqual(t, s.Start.Add(s.Duration).Sub(done.Start), done.Duration, "%v ends after the dial", s.Kind)
	}
	return done
}

// kinds are those of the steps, in their order.
func kinds(steps []dialer.Step) (list []dialer.StepKind) {
	for _, s := range steps {
		list = append(list, s.Kind)
	}
	return list
}

type callerKey struct{}

func TestEventsOfADial(t *testing.T) {
	noLeak(t)
	ca := newAuthority(t)
	addr, _ := tlsEcho(t, "tcp", "127.0.0.1:0", ca.server(t, "service.test"))
	_, port, err := net.SplitHostPort(addr.String())
	require.NoError(t, err)
	var heard told
	d := newDialer(t, &dialer.Config{TLS: ca.client(), Lookup: lookup("127.0.0.1"), OnEvent: heard.hear})
	ctx := context.WithValue(t.Context(), callerKey{}, "the caller")
	c, err := d.DialContext(ctx, "tcp", "service.test:"+port)
	require.NoError(t, err)
	defer c.Close()
	e := heard.one(t)
	assert.Equal(t, "the caller", e.Context.Value(callerKey{}))
	assert.Equal(t, "tcp", e.Network)
	assert.Equal(t, "service.test:"+port, e.Address)
	assert.Equal(t, c.LocalAddr(), e.Local)
	assert.Equal(t, c.RemoteAddr(), e.Remote)
	require.NoError(t, e.Err)
	require.Equal(t, []dialer.StepKind{dialer.StepResolve, dialer.StepConnect, dialer.StepHandshake}, kinds(e.Steps))
	for i, want := range []string{"service.test", addr.String(), "service.test:" + port} {
		assert.Equal(t, want, e.Steps[i].Address)
		assert.NoError(t, e.Steps[i].Err)
		assert.Equal(t, e.Steps[i].Kind == dialer.StepConnect, e.Steps[i].Won)
	}
	roundTrip(t, c)
}

// lookup is a Config.Lookup that knows one address of every name.
func lookup(addr string) func(context.Context, string, string) ([]netip.Addr, error) {
	return func(context.Context, string, string) ([]netip.Addr, error) {
		return []netip.Addr{netip.MustParseAddr(addr)}, nil
	}
}

func TestEventsOfFailures(t *testing.T) {
	noLeak(t)
	ca := newAuthority(t)
	secure, _ := tlsEcho(t, "tcp", "127.0.0.1:0", ca.server(t, "service.test"))
	mute := listen(t, "tcp", "127.0.0.1:0") // accepts, by its backlog, and says nothing
	for _, test := range []struct {
		name, address string
		config        dialer.Config
		steps         []dialer.StepKind
		check         func(t *testing.T, err error)
	}{
		{"no such name", "service.test:80", dialer.Config{Lookup: func(context.Context, string, string) ([]netip.Addr, error) {
			return nil, &net.DNSError{Err: "no such host", Name: "service.test", IsNotFound: true}
		}}, []dialer.StepKind{dialer.StepResolve}, func(t *testing.T, err error) {
			var e *net.DNSError
			require.ErrorAs(t, err, &e)
			assert.True(t, e.IsNotFound)
		}},
		{"a lookup that takes too long", "service.test:80", dialer.Config{
			Timeout: 50 * time.Millisecond, Lookup: func(ctx context.Context, _, _ string) ([]netip.Addr, error) {
				<-ctx.Done()
				return nil, ctx.Err()
			},
		}, []dialer.StepKind{dialer.StepResolve}, isTimeout},
		{"refused", refusing(t), dialer.Config{}, []dialer.StepKind{dialer.StepConnect}, func(t *testing.T, err error) {
			var e *net.OpError
			require.ErrorAs(t, err, &e)
			assert.Equal(t, "dial", e.Op)
		}},
		{"a certificate of somebody else", secure.String(), dialer.Config{TLS: ca.client()},
			[]dialer.StepKind{dialer.StepConnect, dialer.StepHandshake}, func(t *testing.T, err error) {
				var e *tls.CertificateVerificationError
				require.ErrorAs(t, err, &e)
				require.ErrorAs(t, err, new(x509.HostnameError))
			}},
		{"a handshake without an answer", mute.Addr().String(), dialer.Config{TLS: ca.client(), HandshakeTimeout: 50 * time.Millisecond},
			[]dialer.StepKind{dialer.StepConnect, dialer.StepHandshake}, isTimeout},
	} {
		t.Run(test.name, func(t *testing.T) {
			var heard told
			test.config.OnEvent = heard.hear
			c, err := newDialer(t, &test.config).DialContext(t.Context(), "tcp", test.address)
			require.Error(t, err)
			require.Nil(t, c)
			e := heard.one(t)
			assert.Equal(t, err, e.Err, "the hook hears what the caller gets")
			assert.Nil(t, e.Local)
			assert.Nil(t, e.Remote)
			require.Equal(t, test.steps, kinds(e.Steps))
			last := e.Steps[len(e.Steps)-1]
			require.Error(t, last.Err)
			test.check(t, last.Err)
			for _, s := range e.Steps[:len(e.Steps)-1] {
				assert.NoError(t, s.Err)
			}
		})
	}
}

func isTimeout(t *testing.T, err error) {
	t.Helper()
	assert.ErrorIs(t, err, context.DeadlineExceeded)
}

func TestEventsOfADialThroughProxies(t *testing.T) {
	noLeak(t)
	l := listen(t, "tcp", "127.0.0.1:0")
	echo(t, l)
	first, second := newProxyServer(), newProxyServer()
	socks, http := first.socks(t), second.http(t)
	var heard told
	d := newDialer(t, &dialer.Config{
		Proxies: []dialer.Proxy{proxyOf(t, "socks5://"+socks), proxyOf(t, "http://"+http)}, OnEvent: heard.hear,
	})
	c, err := d.DialContext(t.Context(), "tcp", l.Addr().String())
	require.NoError(t, err)
	roundTrip(t, c)
	require.NoError(t, c.Close())
	e := heard.one(t)
	require.Equal(t, []dialer.StepKind{dialer.StepConnect, dialer.StepProxy, dialer.StepProxy}, kinds(e.Steps))
	assert.True(t, e.Steps[0].Won)
	for i, want := range []string{socks, socks, http} {
		assert.Equal(t, want, e.Steps[i].Address)
		assert.NoError(t, e.Steps[i].Err)
	}
}

func proxyOf(t *testing.T, s string) dialer.Proxy {
	t.Helper()
	p, err := dialer.ParseProxy(s)
	require.NoError(t, err)
	return p
}

// A hook is called with no lock held and may dial; what it dials in the context of
// an event is a dial of its own.
func TestHookMayDial(t *testing.T) {
	noLeak(t)
	l := listen(t, "tcp", "127.0.0.1:0")
	echo(t, l)
	var heard told
	var d dialer.Dialer
	d = newDialer(t, &dialer.Config{OnEvent: func(e dialer.Event) {
		heard.hear(e)
		if e.Kind == dialer.DialBegun && e.Context.Value(callerKey{}) == nil {
			c, err := d.DialContext(context.WithValue(e.Context, callerKey{}, "hook"), "tcp", l.Addr().String())
			if assert.NoError(t, err) {
				c.Close()
			}
		}
	}})
	c, err := d.DialContext(t.Context(), "tcp", l.Addr().String())
	require.NoError(t, err)
	defer c.Close()
	require.Len(t, heard.events, 4)
	for _, e := range heard.events[2:] {
		if e.Kind == dialer.DialDone {
			assert.Len(t, e.Steps, 1, "the steps of one dial only")
		}
	}
	heard.events = nil
	_, err = d.DialContext(noContext, "tcp", l.Addr().String())
	require.Error(t, err)
	assert.Empty(t, heard.events, "a dial without a context does not begin")
}

// Every dial of many at a time has its own two events and steps.
func TestEventsOfManyDials(t *testing.T) {
	noLeak(t)
	l := listen(t, "tcp", "127.0.0.1:0")
	echo(t, l)
	var heard told
	d := newDialer(t, &dialer.Config{OnEvent: heard.hear})
	var group sync.WaitGroup
	const dials = 50
	for i := range dials {
		group.Go(func() {
			c, err := d.DialContext(context.WithValue(t.Context(), callerKey{}, i), "tcp", l.Addr().String())
			if assert.NoError(t, err) {
				c.Close()
			}
		})
	}
	group.Wait()
	require.Len(t, heard.events, 2*dials)
	begun := map[any]bool{}
	for _, e := range heard.events {
		id := e.Context.Value(callerKey{})
		if e.Kind == dialer.DialBegun {
			begun[id] = true
			continue
		}
		assert.True(t, begun[id], "dial %v ends before it begins", id)
		require.Len(t, e.Steps, 1)
		assert.True(t, e.Steps[0].Won)
	}
	assert.Len(t, begun, dials)
}

func TestEventsHaveNames(t *testing.T) {
	assert.Equal(t, "dial begun", dialer.DialBegun.String())
	assert.Equal(t, "dial done", dialer.DialDone.String())
	assert.Equal(t, "unknown", dialer.EventKind(0).String())
	assert.Equal(t, "unknown", dialer.EventKind(99).String())
	assert.Equal(t, "resolve", dialer.StepResolve.String())
	assert.Equal(t, "connect", dialer.StepConnect.String())
	assert.Equal(t, "proxy", dialer.StepProxy.String())
	assert.Equal(t, "handshake", dialer.StepHandshake.String())
	assert.Equal(t, "unknown", dialer.StepKind(0).String())
}
