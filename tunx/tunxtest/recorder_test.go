package tunxtest_test

import (
	"fmt"
	"runtime"
	"slices"
	"sync"
	"testing"
)

// A recorder is a test whose failures are only written down.
type recorder struct {
	testing.TB

	mu       sync.Mutex
	failures []string
	cleanups []func()
}

// record runs f as a test, and returns what it had to say.
func record(t *testing.T, f func(testing.TB)) []string {
	r := &recorder{TB: t}
	apart(func() { f(r) })
	for _, f := range slices.Backward(r.cleanups) {
		apart(f)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.failures
}

// apart runs f in a goroutine, which Fatalf ends.
func apart(f func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	<-done
}

func (r *recorder) Helper() {}

func (r *recorder) Cleanup(f func()) { r.cleanups = append(r.cleanups, f) }

func (r *recorder) Error(args ...any) { r.Errorf("%s", fmt.Sprint(args...)) }

func (r *recorder) Errorf(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failures = append(r.failures, fmt.Sprintf(format, args...))
}

func (r *recorder) Fatal(args ...any) {
	r.Error(args...)
	runtime.Goexit()
}

func (r *recorder) Fatalf(format string, args ...any) {
	r.Errorf(format, args...)
	runtime.Goexit()
}

func (r *recorder) Skip(...any) { runtime.Goexit() }
