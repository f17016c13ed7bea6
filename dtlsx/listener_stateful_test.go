package dtlsx_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/dtlsx"
)

// TestWithTheLibrarysCookie is what happens if a release of the library keeps
// its cookie elsewhere.
func TestWithTheLibrarysCookie(t *testing.T) {
	noLeak(t)
	const places = 8
	l := listen(t, dtlsx.ListenConfig{MaxHandshakes: places, Config: dtlsx.Config{HandshakeTimeout: time.Minute}})
	dtlsx.Stateful(l)
	assert.False(t, l.Stats().Stateless)
	c, s := connect(t, l)
	talk(t, c, s, "hello")
	for i := range 3 * places {
		challenge(t, raw(t, "127.0.0.1", l), byte(i))
		if i == places-1 {
			break
		}
	}
	first := hello(0, 0, 99, nil)
	for range 3 * places { // forged
		_, err := raw(t, "127.0.0.2", l).Write(first)
		require.NoError(t, err)
	}
	eventually(t, "all places taken", func() bool { return l.Stats().Pending == places })
	eventually(t, "those that lost their place are gone", func() bool { return l.Stats().Active == places+1 })
	talk(t, c, s, "undisturbed")
	assert.Zero(t, l.Stats().Challenged)
}

// TestAnotherCookie: if the library has its cookie elsewhere and it was not noticed,
// the handshake fails and says why.
func TestAnotherCookie(t *testing.T) {
	noLeak(t)
	dtlsx.MoveCookie(t)
	e := failedHandshake(t, func(*dtlsx.Listener) {})
	assert.ErrorContains(t, e.Err, "keeps its cookie elsewhere")
}

// TestRefusedByTheLibrary: what it refuses fails each handshake, and nothing else.
func TestRefusedByTheLibrary(t *testing.T) {
	noLeak(t)
	e := failedHandshake(t, dtlsx.BreakListener)
	assert.ErrorContains(t, e.Err, "CipherSuite")
}

// failedHandshake is what a listener tells when a client cannot succeed.
func failedHandshake(t *testing.T, spoil func(*dtlsx.Listener)) dtlsx.Event {
	t.Helper()
	events := make(chan dtlsx.Event, 100)
	l := listen(t, dtlsx.ListenConfig{OnEvent: func(e dtlsx.Event) {
		select {
		case events <- e:
		default:
		}
	}})
	spoil(l)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	failed := make(chan error, 1)
	c := peerOf(t, l)
	go func() { failed <- c.HandshakeContext(ctx) }()
	e := <-events
	cancel()
	require.Error(t, <-failed)
	assert.Equal(t, dtlsx.HandshakeFailed, e.Kind)
	assert.Equal(t, c.LocalAddr(), e.Remote)
	require.NoError(t, l.Close())
	assert.Zero(t, l.Stats().Active)
	return e
}
