package build

import (
	"context"
	"io"
	"sync"
	"time"
)

// patience is how long the end of what follows files is awaited. Only a file
// system that does not answer takes that long.
const patience = 5 * time.Second

// followers are what was started with one context of Until.
type followers struct {
	outer *followers // of the context around it, nil if there is none

	mu  sync.Mutex
	all []io.Closer
}

type followersKey struct{}

func followersOf(ctx context.Context) *followers {
	f, _ := ctx.Value(followersKey{}).(*followers) // nil if there are none
	return f
}

// Until returns a context for what follows files, and what ends that context: it
// waits until all that was noted with [Follows] has ended too, for 5 seconds at
// most. The end of ctx ends the context as well, and waits for nothing.
func Until(ctx context.Context) (_ context.Context, stop func()) {
	f := &followers{outer: followersOf(ctx)}
	ctx, cancel := context.WithCancel(context.WithValue(ctx, followersKey{}, f))
	return ctx, sync.OnceFunc(func() {
		cancel()
		f.wait()
	})
}

// Follows notes what ends with ctx; its Close, which may be called twice, waits
// for that end.
func Follows(ctx context.Context, c io.Closer) {
	for f := followersOf(ctx); f != nil; f = f.outer {
		f.mu.Lock()
		f.all = append(f.all, c)
		f.mu.Unlock()
	}
}

func (f *followers) none() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.all) == 0
}

func (f *followers) wait() {
	f.mu.Lock()
	all := f.all
	f.all = nil
	f.mu.Unlock()
	done := make(chan struct{})
	go func() {
		defer close(done)
		for _, c := range all {
			_ = c.Close() // a Source has no error
		}
	}()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-done:
	case <-timer.C:
	}
}
