package httpx

import "sync"

// A poolWork is the goroutines of a pool. Its lock is the last to be taken.
type poolWork struct {
	mu    sync.Mutex
	group sync.WaitGroup
	ended bool
}

// start runs f in a goroutine, unless nobody would wait for it any more.
func (w *poolWork) start(f func()) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.ended {
		return false
	}
	w.group.Go(f)
	return true
}

// wait returns when all have ended, and lets no new ones begin.
func (w *poolWork) wait() {
	w.mu.Lock()
	w.ended = true
	w.mu.Unlock()
	w.group.Wait()
}
