package tlsx_test

import (
	"net"
	"os"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/tlsx"
)

// failure returns the first *Error of err, which must be one.
func failure(t *testing.T, err error) *tlsx.Error {
	t.Helper()
	var e *tlsx.Error
	require.ErrorAs(t, err, &e)
	require.Error(t, e.Err)
	return e
}

// patience is how long what has to happen may take, on a machine that is busy with
// other things.
const patience = time.Minute

// eventually waits until a condition holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !holds(); time.Sleep(time.Millisecond) {
		require.True(t, time.Now().Before(end), "never: %s", what)
	}
}

// write makes a file with a text.
func write(t *testing.T, path, text string, mode os.FileMode) {
	t.Helper()
	require.NoError(t, os.WriteFile(path, []byte(text), mode))
	require.NoError(t, os.Chmod(path, mode))
}

// skipUnlessCI skips for the reason, but CI has to have everything.
func skipUnlessCI(t *testing.T, reason string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatal(reason)
	}
	t.Skip(reason)
}

// poller lets the runtime open what it needs for the first socket and then keeps.
var poller = sync.OnceFunc(func() {
	if l, err := net.Listen("tcp", "127.0.0.1:0"); err == nil {
		l.Close()
	}
})

// noLeak checks at the end of the test that goroutines and descriptors are
// back to what they were at the call.
func noLeak(t *testing.T) {
	t.Helper()
	poller()
	goroutines, fds := runtime.NumGoroutine(), openFDs(t)
	t.Cleanup(func() {
		// By hand: assert.Eventually has goroutines of its own. Each try counts once, because NumGoroutine is off by
		// hundreds at the moment when the runtime moves ended ones from list to list.
		var g, f int
		for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
			if g, f = runtime.NumGoroutine(), openFDs(t); g <= goroutines && f <= fds {
				return
			}
		}
		assert.Failf(t, "leak", "goroutines: %d, before: %d; descriptors: %d, before: %d", g, goroutines, f, fds)
	})
}
