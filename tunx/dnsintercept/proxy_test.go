package dnsintercept_test

import (
	"context"
	"errors"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/dns/dnsmessage"

	"github.com/strata-net/strata/tunx"
	"github.com/strata-net/strata/tunx/dnsintercept"
)

func TestConfig(t *testing.T) {
	_, err := dnsintercept.NewPacketProxy(nil, nil)
	assert.EqualError(t, err, "tunx: config: next=nil: must not be nil\ntunx: config: cfg=nil: must not be nil")
	_, err = dnsintercept.NewPacketProxy(newNext(), &dnsintercept.Config{Timeout: -1, MaxInFlight: -2})
	assert.EqualError(t, err, "tunx: config: Resolve=nil: must not be nil\n"+
		"tunx: config: Timeout=-1ns: must not be negative\ntunx: config: MaxInFlight=-2: must not be negative")
	p, err := dnsintercept.NewPacketProxy(newNext(), &dnsintercept.Config{Resolve: dnsintercept.Pass})
	require.NoError(t, err)
	_, err = p.NewSession(nil)
	assert.EqualError(t, err, "tunx: session: receiver=nil: must not be nil")
}

// Queries are answered by the function, the rest goes on, and no session of the next proxy
// begins before it has to.
func TestAnswerAndPass(t *testing.T) {
	noLeak(t)
	n := newNext()
	said := make(chan error, 10)
	s, r := open(t, n, dnsintercept.Config{
		Resolve: func(_ context.Context, q []byte, to netip.AddrPort) ([]byte, error) {
			assert.Equal(t, server, to)
			a, err := answer(q, 2)
			a[0], a[1] = 0, 0 // an upstream's own ID
			return a, err
		},
		OnQuery: func(to netip.AddrPort, n int, err error) {
			assert.Equal(t, server, to)
			assert.Positive(t, n)
			said <- err
		},
	})
	_, err := s.WriteTo(query(t, "a."), server)
	require.NoError(t, err)
	m := r.answer(t)
	assert.EqualValues(t, 4711, m.ID)
	assert.Len(t, m.Answers, 2)
	require.NoError(t, receive(t, said))
	assert.Empty(t, n.sessions)
	_, err = s.WriteTo([]byte{1, 2, 3}, server)
	require.Error(t, err, "no query")
	for range 2 {
		_, err = s.WriteTo([]byte("x"), web)
		require.NoError(t, err)
	}
	below := receive(t, n.sessions)
	assert.Equal(t, web.String()+" x", receive(t, below.got))
	assert.Equal(t, web.String()+" x", receive(t, below.got))
	assert.Empty(t, n.sessions, "one session only")
	require.NoError(t, s.Close())
	require.NoError(t, s.Close())
	receive(t, below.closed)
	receive(t, r.closed)
	for _, to := range []netip.AddrPort{server, web} {
		_, err = s.WriteTo(query(t, "a."), to)
		assert.ErrorIs(t, err, tunx.ErrClosed)
	}
}

func TestResolvers(t *testing.T) {
	noLeak(t)
	fail := func(context.Context, []byte, netip.AddrPort) ([]byte, error) { return nil, errors.New("broken") }
	for _, each := range []struct {
		name      string
		resolve   dnsintercept.Resolver
		code      dnsmessage.RCode
		truncated bool
		answers   int
	}{
		{"truncate", dnsintercept.Truncate, 0, true, 0},
		{"fails", fail, dnsmessage.RCodeServerFailure, false, 0},
		{"nonsense", func(context.Context, []byte, netip.AddrPort) ([]byte, error) { return nil, nil }, dnsmessage.RCodeServerFailure, false, 0},
		{"echoes the query", func(_ context.Context, q []byte, _ netip.AddrPort) ([]byte, error) { return q, nil }, dnsmessage.RCodeServerFailure, false, 0},
		{"longer than UDP", func(_ context.Context, q []byte, _ netip.AddrPort) ([]byte, error) { return answer(q, 50) }, 0, true, 0},
		{"chain", dnsintercept.Chain(dnsintercept.Pass, dnsintercept.Truncate, fail), 0, true, 0},
		{"changes the query", func(_ context.Context, q []byte, _ netip.AddrPort) ([]byte, error) {
			defer clear(q)
			return answer(q, 1)
		}, 0, false, 1},
	} {
		t.Run(each.name, func(t *testing.T) {
			s, r := open(t, newNext(), dnsintercept.Config{Resolve: each.resolve})
			_, err := s.WriteTo(query(t, "example.com."), server)
			require.NoError(t, err)
			m := r.answer(t)
			assert.True(t, m.Response)
			assert.EqualValues(t, 4711, m.ID)
			assert.Equal(t, each.code, m.RCode)
			assert.Equal(t, each.truncated, m.Truncated)
			assert.Len(t, m.Answers, each.answers)
			assert.Equal(t, "example.com.", m.Questions[0].Name.String())
		})
	}
	for name, resolve := range map[string]dnsintercept.Resolver{
		"pass": dnsintercept.Pass, "empty chain": dnsintercept.Chain(),
	} {
		t.Run(name, func(t *testing.T) {
			n := newNext()
			s, r := open(t, n, dnsintercept.Config{Resolve: resolve})
			q := query(t, "a.")
			_, err := s.WriteTo(q, server)
			require.NoError(t, err)
			assert.Equal(t, server.String()+" "+string(q), receive(t, receive(t, n.sessions).got))
			assert.Empty(t, r.got)
		})
	}
}

// A query that takes too long, or finds too many others, is answered all the same, and
// holds up nobody.
func TestBounds(t *testing.T) {
	noLeak(t)
	began := make(chan struct{}, 10)
	said := make(chan error, 10)
	s, r := open(t, newNext(), dnsintercept.Config{
		Resolve: func(ctx context.Context, _ []byte, _ netip.AddrPort) ([]byte, error) {
			began <- struct{}{}
			<-ctx.Done()
			return nil, ctx.Err()
		},
		Match:       func(to netip.AddrPort) bool { return to.Port() == 5353 },
		Timeout:     100 * time.Millisecond,
		MaxInFlight: 1,
		OnQuery:     func(_ netip.AddrPort, _ int, err error) { said <- err },
	})
	mdns := netip.MustParseAddrPort("192.0.2.1:5353")
	_, err := s.WriteTo(query(t, "a."), mdns)
	require.NoError(t, err)
	receive(t, began)
	// Unless this goroutine sleeps for the whole timeout, the first query is there still.
	_, err = s.WriteTo(query(t, "b."), mdns)
	require.NoError(t, err)
	for range 2 {
		assert.Equal(t, dnsmessage.RCodeServerFailure, r.answer(t).RCode)
	}
	first, second := receive(t, said), receive(t, said)
	assert.True(t, errors.Is(first, context.DeadlineExceeded) || errors.Is(second, context.DeadlineExceeded))
}

func TestBusy(t *testing.T) {
	noLeak(t)
	began, leave := make(chan struct{}), make(chan struct{})
	said := make(chan error, 10)
	s, r := open(t, newNext(), dnsintercept.Config{
		Resolve: func(_ context.Context, q []byte, _ netip.AddrPort) ([]byte, error) {
			close(began)
			<-leave
			return answer(q, 1)
		},
		MaxInFlight: 1,
		OnQuery:     func(_ netip.AddrPort, _ int, err error) { said <- err },
	})
	_, err := s.WriteTo(query(t, "a."), server)
	require.NoError(t, err)
	<-began
	_, err = s.WriteTo(query(t, "b."), server)
	require.NoError(t, err)
	assert.Equal(t, "b.", r.answer(t).Questions[0].Name.String())
	require.ErrorIs(t, receive(t, said), dnsintercept.ErrBusy)
	close(leave)
	assert.Equal(t, "a.", r.answer(t).Questions[0].Name.String())
	require.NoError(t, receive(t, said))
}

// Close does not wait for a query; its answer is dropped.
func TestCloseInFlight(t *testing.T) {
	noLeak(t)
	began, said := make(chan struct{}), make(chan error, 1)
	s, r := open(t, newNext(), dnsintercept.Config{
		Resolve: func(ctx context.Context, q []byte, _ netip.AddrPort) ([]byte, error) {
			close(began)
			<-ctx.Done()
			return answer(q, 1)
		},
		Timeout: time.Hour,
		OnQuery: func(_ netip.AddrPort, _ int, err error) { said <- err },
	})
	_, err := s.WriteTo(query(t, "a."), server)
	require.NoError(t, err)
	<-began
	require.NoError(t, s.Close())
	receive(t, r.closed)
	require.ErrorIs(t, receive(t, said), tunx.ErrClosed)
	assert.Empty(t, r.got)
}

// A next proxy that fails is asked again; one that hangs holds up its own datagrams only,
// and no Close.
func TestNextFailsAndHangs(t *testing.T) {
	noLeak(t)
	broken := errors.New("broken")
	n := newNext()
	n.fail = func() error { return broken }
	s, _ := open(t, n, dnsintercept.Config{Resolve: dnsintercept.Truncate})
	_, err := s.WriteTo(nil, web)
	require.ErrorIs(t, err, broken)
	n.fail = nil
	_, err = s.WriteTo(nil, web)
	require.NoError(t, err)

	leave, began := make(chan struct{}), make(chan struct{})
	n = newNext()
	n.fail = func() error {
		close(began)
		<-leave
		return nil
	}
	s, r := open(t, n, dnsintercept.Config{Resolve: dnsintercept.Truncate})
	failed := make(chan error, 2)
	for range 2 {
		go func() {
			_, err := s.WriteTo(nil, web)
			failed <- err
		}()
	}
	<-began
	_, err = s.WriteTo(query(t, "a."), server)
	require.NoError(t, err)
	assert.True(t, r.answer(t).Truncated)
	require.NoError(t, s.Close())
	receive(t, r.closed)
	close(leave)
	for range 2 {
		require.ErrorIs(t, receive(t, failed), tunx.ErrClosed)
	}
	receive(t, receive(t, n.sessions).closed)
}

// waiting is a proxy whose NewSession waits for its context.
type waiting struct {
	tunx.PacketProxy

	began chan struct{}
}

func (w waiting) NewSessionContext(ctx context.Context, _ tunx.PacketResponseReceiver) (tunx.PacketRequestSender, error) {
	close(w.began)
	<-ctx.Done()
	return nil, ctx.Err()
}

func TestNextTakesContext(t *testing.T) {
	noLeak(t)
	w := waiting{newNext(), make(chan struct{})}
	s, _ := open(t, w, dnsintercept.Config{Resolve: dnsintercept.Truncate})
	failed := make(chan error)
	go func() {
		_, err := s.WriteTo(nil, web)
		failed <- err
	}()
	<-w.began
	require.NoError(t, s.Close())
	require.ErrorIs(t, receive(t, failed), tunx.ErrClosed)
}
