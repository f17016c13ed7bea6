package dtlsx_test

import (
	"net/netip"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/pion/dtls/v3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/dtlsx"
)

// events collects what a listener tells.
type events struct {
	mu   sync.Mutex
	list []dtlsx.Event
}

func (e *events) add(event dtlsx.Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.list = append(e.list, event)
}

func (e *events) kinds() (kinds []dtlsx.EventKind) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, event := range e.list {
		kinds = append(kinds, event.Kind)
	}
	return kinds
}

func TestRules(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("wine sends from 127.0.0.1 only")
	}
	noLeak(t)
	l := listen(t, dtlsx.ListenConfig{Allow: []netip.Prefix{netip.MustParsePrefix("::ffff:127.0.0.1/128")}})
	server(t, l)
	good(t, l)
	challenged := l.Stats().Challenged // more than once if the machine is busy
	refused := raw(t, "127.0.0.2", l)
	_, err := refused.Write(hello(0, 0, 1, nil))
	require.NoError(t, err)
	eventually(t, "refused", func() bool { return l.Stats().RefusedByRule == 1 })
	assert.Equal(t, challenged, l.Stats().Challenged)
	require.NoError(t, refused.SetReadDeadline(time.Now().Add(20*time.Millisecond)))
	_, err = refused.Read(make([]byte, 100))
	assert.Error(t, err, "no answer")
}

func TestLimits(t *testing.T) {
	noLeak(t)
	for name, c := range map[string]struct {
		config dtlsx.ListenConfig
		kind   dtlsx.EventKind
		count  func(dtlsx.ListenerStats) int64
	}{
		"MaxConns": {
			dtlsx.ListenConfig{MaxConns: 1}, dtlsx.RefusedByLimit,
			func(s dtlsx.ListenerStats) int64 { return s.RefusedByLimit },
		},
		"MaxConnsPerSource": {
			dtlsx.ListenConfig{MaxConnsPerSource: 1, SourceBits4: 8}, dtlsx.RefusedBySource,
			func(s dtlsx.ListenerStats) int64 { return s.RefusedBySource },
		},
	} {
		t.Run(name, func(t *testing.T) {
			var told events
			c.config.OnEvent = told.add
			l := listen(t, c.config)
			first, s := connect(t, l)
			err := peerOf(t, l, once()).HandshakeContext(t.Context())
			assert.ErrorContains(t, err, "InternalError", "it is told at once")
			eventually(t, "told", func() bool { return len(told.kinds()) == 1 })
			assert.Equal(t, []dtlsx.EventKind{c.kind}, told.kinds())
			assert.EqualValues(t, 1, c.count(l.Stats()))
			talk(t, first, s, "undisturbed")
			require.NoError(t, s.Close())
			_, s = connect(t, l)
			require.NoError(t, s.Close())
			assert.Zero(t, l.Stats().Active)
		})
	}
}

func TestHandshakeTimeout(t *testing.T) {
	noLeak(t)
	var told events
	l := listen(t, dtlsx.ListenConfig{OnEvent: told.add, Config: dtlsx.Config{HandshakeTimeout: 100 * time.Millisecond}})
	stall(t, raw(t, "127.0.0.1", l), 1)
	eventually(t, "told", func() bool { return len(told.kinds()) == 1 })
	assert.Equal(t, dtlsx.HandshakeFailed, told.list[0].Kind)
	var e *dtlsx.Error
	require.ErrorAs(t, told.list[0].Err, &e)
	assert.Equal(t, "HandshakeTimeout", e.Field)
	assert.True(t, e.Timeout())
	assert.Zero(t, l.Stats().Pending)
	assert.Zero(t, l.Stats().Active)
}

func TestAHandshakeThatFails(t *testing.T) {
	noLeak(t)
	var told events
	l := listen(t, dtlsx.ListenConfig{OnEvent: told.add})
	err := peerOf(t, l, dtls.WithServerName("elsewhere")).HandshakeContext(t.Context())
	assert.Error(t, err)
	eventually(t, "told", func() bool { return len(told.kinds()) == 1 })
	assert.Equal(t, dtlsx.HandshakeFailed, told.list[0].Kind)
	assert.ErrorContains(t, told.list[0].Err, "bad_certificate")
	assert.Equal(t, "handshake failed", told.list[0].Kind.String())
	assert.Zero(t, l.Stats().Active)
	server(t, l)
	good(t, l)
}

func TestIdleTimeout(t *testing.T) {
	noLeak(t)
	var told events
	l := listen(t, dtlsx.ListenConfig{OnEvent: told.add, IdleTimeout: 3 * time.Second})
	c, s := connect(t, l)
	unread := peerOf(t, l) // Accept never returns this one
	shaken := make(chan error, 1)
	go func() { shaken <- unread.HandshakeContext(t.Context()) }() // beside the others, who must not wait for it
	for start := time.Now(); time.Since(start) < 4500*time.Millisecond; time.Sleep(20 * time.Millisecond) {
		talk(t, c, s, "not idle")
	}
	require.NoError(t, <-shaken)
	require.NoError(t, s.SetReadDeadline(time.Time{}))
	_, err := s.Read(make([]byte, 10))
	var e *dtlsx.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, "IdleTimeout", e.Field)
	assert.True(t, e.Timeout())
	_, err = s.Write([]byte("late"))
	require.ErrorAs(t, err, &e)
	assert.Equal(t, "IdleTimeout", e.Field)
	eventually(t, "free", func() bool { return l.Stats().Active == 0 && l.Stats().Pending == 0 })
	assert.NoError(t, s.Close())
	assert.EqualValues(t, 2, l.Stats().CutIdle)
	eventually(t, "told", func() bool { return len(told.kinds()) >= 2 })
	assert.Equal(t, []dtlsx.EventKind{dtlsx.CutIdle, dtlsx.CutIdle}, told.kinds())
	require.NoError(t, c.SetReadDeadline(time.Now().Add(time.Minute)))
	_, err = c.Read(make([]byte, 10))
	assert.ErrorContains(t, err, "EOF", "the peer is told")
}

func TestTheQueueIsBounded(t *testing.T) {
	noLeak(t)
	l := listen(t, dtlsx.ListenConfig{Config: dtlsx.Config{ReceiveQueue: 8}})
	c, s := connect(t, l)
	const n = 100
	for range n {
		was := l.Stats().Received
		say(t, c, "nobody reads")
		eventually(t, "received", func() bool { return l.Stats().Received > was })
	}
	handled(t, l, l.Stats().Received)
	dropped := l.Stats().Dropped
	assert.GreaterOrEqual(t, dropped, int64(n-8-3))
	assert.EqualValues(t, dropped, s.Stats().Dropped)
	for range n - int(dropped) {
		assert.Equal(t, "nobody reads", hear(t, s))
	}
	talk(t, c, s, "it goes on")
}

func TestMaxHandshakesCountsWhatIsNotAccepted(t *testing.T) {
	noLeak(t)
	l := listen(t, dtlsx.ListenConfig{MaxHandshakes: 2, Config: dtlsx.Config{HandshakeTimeout: time.Minute}})
	for range 2 {
		require.NoError(t, peerOf(t, l).HandshakeContext(t.Context()))
	}
	assert.EqualValues(t, 2, l.Stats().Pending)
	third := peerOf(t, l, dtls.WithFlightInterval(50*time.Millisecond), dtls.WithDisableRetransmitBackoff(true))
	done := make(chan error, 1)
	go func() { done <- third.HandshakeContext(t.Context()) }()
	eventually(t, "deferred", func() bool { return l.Stats().Deferred > 0 })
	assert.EqualValues(t, 2, l.Stats().Pending)
	accept(t, l)
	require.NoError(t, <-done)
}
