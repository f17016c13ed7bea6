package tunxtest

import (
	"runtime"
	"testing"
	"time"
)

// patience is how long a test waits for what has to happen at once.
var patience = 30 * time.Second

// test is one of a table.
type test[B any] struct {
	name string
	run  func(B)
}

// start runs what may block.
func start[T any](f func() T) <-chan T {
	done := make(chan T, 1)
	go func() { done <- f() }()
	return done
}

// await waits for what has to happen.
func await[T any](t testing.TB, what string, c <-chan T) T {
	t.Helper()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case got := <-c:
		return got
	case <-timer.C:
		t.Fatalf("%s: nothing happens", what)
		panic("unreachable")
	}
}

// within calls f, which has to return.
func within[T any](t testing.TB, what string, f func() T) T {
	t.Helper()
	return await(t, what, start(f))
}

// eventually waits for a condition.
func eventually(t testing.TB, what string, f func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !f(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s: it does not happen", what)
		}
	}
}

// noLeak checks at the end of the test that it has left no goroutine.
func noLeak(t testing.TB) {
	t.Helper()
	before := runtime.NumGoroutine()
	t.Cleanup(func() {
		// One count a try: the runtime's number is off for moments.
		var now int
		for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
			if now = runtime.NumGoroutine(); now <= before {
				return
			}
		}
		t.Errorf("goroutines: %d, before: %d", now, before)
	})
}
