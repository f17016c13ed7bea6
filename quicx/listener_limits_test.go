package quicx_test

import (
	"context"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/quicx"
)

// events collects what a listener tells.
type events struct {
	mu   sync.Mutex
	list []quicx.Event
}

func (e *events) add(event quicx.Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.list = append(e.list, event)
}

// kinds counts the events of each kind.
func (e *events) kinds() map[quicx.EventKind]int {
	e.mu.Lock()
	defer e.mu.Unlock()
	m := map[quicx.EventKind]int{}
	for _, event := range e.list {
		m[event.Kind]++
	}
	return m
}

func (e *events) first(t *testing.T) quicx.Event {
	t.Helper()
	e.mu.Lock()
	defer e.mu.Unlock()
	require.NotEmpty(t, e.list)
	return e.list[0]
}

func TestListener_Rules(t *testing.T) {
	noLeak(t)
	for _, test := range []struct {
		name, address, client string
		to                    string // where the client dials, if that is not Addr
		allow, deny           []string
		admitted              bool
	}{
		{name: "deny all", address: "127.0.0.1:0", client: "127.0.0.1:0", deny: []string{"0.0.0.0/0"}},
		{name: "deny another", address: "127.0.0.1:0", client: "127.0.0.1:0", deny: []string{"127.0.0.2/32"}, admitted: true},
		{name: "allow another", address: "127.0.0.1:0", client: "127.0.0.1:0", allow: []string{"127.0.0.2/32"}},
		{name: "deny wins", address: "127.0.0.1:0", client: "127.0.0.1:0", allow: []string{"127.0.0.1/32"}, deny: []string{"127.0.0.1/32"}},
		{name: "longest", address: "127.0.0.1:0", client: "127.0.0.1:0", allow: []string{"127.0.0.1/32"}, deny: []string{"0.0.0.0/0"}, admitted: true},
		{name: "IPv6", address: "[::1]:0", client: "[::1]:0", deny: []string{"::/0"}},
		{name: "IPv4 is none of IPv6", address: "127.0.0.1:0", client: "127.0.0.1:0", deny: []string{"::/0"}, admitted: true},
		{name: "mapped peer", address: "[::]:0", client: "127.0.0.1:0", deny: []string{"127.0.0.0/8"}},
		{name: "mapped rule", address: "127.0.0.1:0", client: "127.0.0.1:0", deny: []string{"::ffff:127.0.0.1/128"}},
	} {
		for _, retry := range []quicx.RetryPolicy{quicx.RetryUnderLoad, quicx.RetryAlways} {
			t.Run(test.name+" "+retry.String(), func(t *testing.T) {
				var happened events
				l := listen(t, &quicx.ListenConfig{
					Address: test.address, Allow: prefixes(test.allow), Deny: prefixes(test.deny), Retry: retry, OnEvent: happened.add,
				})
				c := newClient(t, test.client)
				conn, err := c.dial(t, reachable(l.Addr(), test.client))
				s := l.Stats()
				if test.admitted {
					require.NoError(t, err)
					accept(t, l).CloseWithError(0, "")
					assert.Zero(t, s.RefusedByRule)
					<-conn.Context().Done()
					return
				}
				refused(t, err)
				assert.GreaterOrEqual(t, s.RefusedByRule, int64(1))
				assert.Zero(t, s.Active)
				assert.Zero(t, s.Retries, "costs no Retry")
				event := happened.first(t)
				assert.Equal(t, quicx.RefusedByRule, event.Kind)
				assert.Equal(t, "refused by rule", event.Kind.String())
				assert.NotNil(t, event.Local)
				assert.NotNil(t, event.Remote)
				require.NoError(t, event.Err)
			})
		}
	}
}

func prefixes(list []string) (p []netip.Prefix) {
	for _, s := range list {
		p = append(p, netip.MustParsePrefix(s))
	}
	return p
}

func TestListener_MaxConns(t *testing.T) {
	noLeak(t)
	var happened events
	l := listen(t, &quicx.ListenConfig{MaxConns: 2, OnEvent: happened.add})
	c := newClient(t, "127.0.0.1:0")
	first, _ := pair(t, l, c)
	_, second := pair(t, l, c)
	_, err := c.dial(t, l.Addr())
	refused(t, err)
	assert.GreaterOrEqual(t, l.Stats().RefusedByLimit, int64(1))
	assert.NotZero(t, happened.kinds()[quicx.RefusedByLimit])

	// Either side can give a place back, once.
	require.NoError(t, first.CloseWithError(0, ""))
	require.NoError(t, first.CloseWithError(0, ""))
	require.NoError(t, second.CloseWithError(0, ""))
	eventually(t, "both places are free", func() bool { return l.Stats().Active == 0 })
	pair(t, l, c)
	pair(t, l, c)
	_, err = c.dial(t, l.Addr())
	refused(t, err)
	assert.EqualValues(t, 2, l.Stats().Active)
}

func TestListener_MaxConnsPerSource(t *testing.T) {
	sources(t)
	for _, retry := range []quicx.RetryPolicy{quicx.RetryUnderLoad, quicx.RetryAlways} {
		t.Run(retry.String(), func(t *testing.T) {
			noLeak(t)
			l := listen(t, &quicx.ListenConfig{MaxConnsPerSource: 2, Retry: retry})
			one, other := newClient(t, "127.0.0.1:0"), newClient(t, "127.0.0.2:0")
			pair(t, l, one)
			held, _ := pair(t, l, newClient(t, "127.0.0.1:0"))
			before := l.Stats().Retries
			_, err := one.dial(t, l.Addr())
			refused(t, err)
			assert.Greater(t, l.Stats().Retries, before, "the address was validated first")
			assert.NotZero(t, l.Stats().RefusedBySource)
			pair(t, l, other)
			require.NoError(t, held.CloseWithError(0, ""))
			eventually(t, "its place is free", func() bool { return l.Stats().Active == 2 })
			pair(t, l, one)
		})
	}
}

// Without Retry a source is known when the handshake is done.
func TestListener_MaxConnsPerSourceAfterHandshake(t *testing.T) {
	noLeak(t)
	var happened events
	l := listen(t, &quicx.ListenConfig{
		MaxConnsPerSource: 1, Retry: quicx.RetryNever, CloseCode: 77, OnEvent: happened.add, SourceBits4: 8,
	})
	c := newClient(t, "127.0.0.1:0")
	pair(t, l, c)
	conn, err := newClient(t, "127.0.0.2:0").dial(t, l.Addr())
	if err == nil {
		<-conn.Context().Done()
		err = context.Cause(conn.Context())
	}
	var e *quic.ApplicationError // it can come before the dial has returned
	require.ErrorAs(t, err, &e)
	assert.EqualValues(t, 77, e.ErrorCode)
	assert.Equal(t, "too many conns of this source", e.ErrorMessage)
	eventually(t, "it is gone", func() bool { return l.Stats().Active == 1 })
	assert.Equal(t, 1, happened.kinds()[quicx.RefusedBySource])
	s := l.Stats()
	assert.EqualValues(t, 1, s.Accepted)
	assert.EqualValues(t, 1, s.RefusedBySource)
	assert.Zero(t, s.Retries)
	assert.Zero(t, s.Pending)
}

func TestListener_MaxHandshakes(t *testing.T) {
	noLeak(t)
	l := listen(t, &quicx.ListenConfig{MaxHandshakes: 3, Retry: quicx.RetryNever})
	c := newClient(t, "127.0.0.1:0")
	var waiting []*quic.Conn
	for range 3 { // nobody accepts them
		waiting = append(waiting, c.connect(t, l.Addr()))
	}
	_, err := c.dial(t, l.Addr())
	refused(t, err)
	assert.GreaterOrEqual(t, l.Stats().RefusedByHandshakes, int64(1))
	assert.EqualValues(t, 3, l.Stats().Pending)
	accept(t, l)
	// The place is free. The second packet of the hello that was refused may have taken it, until that times out.
	for end := time.Now().Add(time.Minute); ; {
		conn, err := c.dial(t, l.Addr())
		if err == nil {
			t.Cleanup(func() { conn.CloseWithError(0, "") })
			break
		}
		refused(t, err)
		require.True(t, time.Now().Before(end), "the place was never free")
		time.Sleep(10 * time.Millisecond)
	}
	accept(t, l) // the oldest one
	// A client that leaves frees its place too.
	waiting[2].CloseWithError(0, "")
	eventually(t, "it is gone", func() bool { return l.Stats().Pending == 1 })
}

// A source with a validated address cannot take all places.
func TestListener_PlacesOfASource(t *testing.T) {
	sources(t)
	noLeak(t)
	l := listen(t, &quicx.ListenConfig{MaxHandshakes: 8, Retry: quicx.RetryAlways})
	c := newClient(t, "127.0.0.1:0")
	for range 4 { // half of the places
		c.connect(t, l.Addr())
	}
	_, err := c.dial(t, l.Addr())
	refused(t, err)
	assert.NotZero(t, l.Stats().RefusedByHandshakes)
	newClient(t, "127.0.0.2:0").connect(t, l.Addr())
	for range 5 {
		accept(t, l)
	}
	c.connect(t, l.Addr())
}

// More conns are done at once than quic-go's own queue has places.
func TestListener_Burst(t *testing.T) {
	noLeak(t)
	const n = 100
	l := listen(t, &quicx.ListenConfig{HandshakeTimeout: 2 * time.Minute})
	c := newClient(t, "127.0.0.1:0")
	c.quic.HandshakeIdleTimeout = time.Minute // a hundred handshakes keep a busy machine busy
	var group sync.WaitGroup
	for range n {
		group.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
			defer cancel()
			_, err := c.transport.Dial(ctx, l.Addr(), c.tls, c.quic)
			assert.NoError(t, err)
		})
	}
	group.Wait()
	for range n {
		accept(t, l)
	}
	assert.EqualValues(t, n, l.Stats().Active)
}

func TestListener_HandshakeTimeout(t *testing.T) {
	noLeak(t)
	var happened events
	l := listen(t, &quicx.ListenConfig{HandshakeTimeout: 200 * time.Millisecond, OnEvent: happened.add})
	flood(t, l.Addr(), 1)
	eventually(t, "it began", func() bool { return l.Stats().Pending == 1 || l.Stats().HandshakesFailed == 1 })
	eventually(t, "it ended, and was told", func() bool { return happened.kinds()[quicx.HandshakeFailed] == 1 })
	assert.EqualValues(t, 1, l.Stats().HandshakesFailed)
	event := happened.first(t)
	assert.Equal(t, quicx.HandshakeFailed, event.Kind)
	var e *quicx.Error
	require.ErrorAs(t, event.Err, &e)
	assert.True(t, e.Timeout())
	assert.Equal(t, "handshake", e.Op)
	assert.Equal(t, event.Remote.String(), e.Address)
	eventually(t, "it is forgotten", func() bool { return l.Stats().Active == 0 })
	assert.Zero(t, l.Stats().Unvalidated)
}

func TestListener_HandshakeFails(t *testing.T) {
	noLeak(t)
	var happened events
	l := listen(t, &quicx.ListenConfig{OnEvent: happened.add})
	c := newClient(t, "127.0.0.1:0")
	c.tls.NextProtos = []string{"other"}
	_, err := c.dial(t, l.Addr())
	require.Error(t, err)
	eventually(t, "it is counted", func() bool { return l.Stats().HandshakesFailed == 1 })
	var e *quic.TransportError
	eventually(t, "it is told", func() bool { return happened.kinds()[quicx.HandshakeFailed] == 1 })
	require.ErrorAs(t, happened.first(t).Err, &e)
	assert.True(t, e.ErrorCode.IsCryptoError())
	assert.NotErrorIs(t, happened.first(t).Err, context.Canceled)
}

func TestEventKind_String(t *testing.T) {
	seen := map[string]bool{}
	for k := quicx.RefusedByRule; k <= quicx.HandshakeFailed; k++ {
		assert.NotEmpty(t, k.String())
		assert.False(t, seen[k.String()], k.String())
		seen[k.String()] = true
	}
	assert.Equal(t, "unknown", quicx.EventKind(0).String())
	assert.Equal(t, "unknown", (quicx.HandshakeFailed + 1).String())
}
