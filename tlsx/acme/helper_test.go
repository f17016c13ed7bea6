package acme_test

import (
	"context"
	"runtime"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/tlsx/acme"
)

// events collects what Run tells.
type events struct {
	mu   sync.Mutex
	list []acme.Event
}

func (e *events) add(event acme.Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.list = append(e.list, event)
}

func (e *events) all() []acme.Event {
	e.mu.Lock()
	defer e.mu.Unlock()
	return append([]acme.Event(nil), e.list...)
}

// patience is how long what has to happen may take, on a machine that is busy with
// other things.
const patience = 2 * time.Minute

// eventually waits until a condition holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !holds(); time.Sleep(5 * time.Millisecond) {
		require.True(t, time.Now().Before(end), "never: %s", what)
	}
}

// noLeak checks at the end of the test that goroutines are back to what they
// were at the call.
func noLeak(t *testing.T) {
	t.Helper()
	before := runtime.NumGoroutine()
	t.Cleanup(func() {
		n := 0
		for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
			if n = runtime.NumGoroutine(); n <= before {
				return
			}
		}
		assert.Failf(t, "leak", "goroutines: %s, before: %d", strconv.Itoa(n), before)
	})
}

// run runs m until stop is called, or the test ends.
func run(t *testing.T, m *acme.Manager) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- m.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		assert.ErrorIs(t, <-done, context.Canceled)
	})
	t.Cleanup(stop)
	return stop
}
