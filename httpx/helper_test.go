package httpx_test

import (
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/httpx"
)

// failure returns the first *Error of err, which must be one.
func failure(t *testing.T, err error) *httpx.Error {
	t.Helper()
	var e *httpx.Error
	require.ErrorAs(t, err, &e)
	require.Error(t, e.Err)
	return e
}

// listen opens a TCP listener on loopback and closes it with the test.
func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { l.Close() })
	return l
}

// patience is how long what has to happen may take, on a machine that is busy with
// other things.
const patience = time.Minute

// eventually waits until a condition holds.
func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !holds(); time.Sleep(time.Millisecond) {
		require.True(t, time.Now().Before(end), "never: %s", what)
	}
}

// get asks rt for the URL and returns the answer, whose body is read and closed.
func get(t *testing.T, rt http.RoundTripper, url string) (*http.Response, string, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	require.NoError(t, err)
	res, err := rt.RoundTrip(req)
	if err != nil {
		require.Nil(t, res)
		return nil, "", err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	return res, string(body), err
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
