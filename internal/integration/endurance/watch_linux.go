package main

import (
	"sync"
	"time"
)

// A watch looks at the gateway's sizes all the time, for their peak.
type watch struct {
	gateway *gateway
	mu      sync.Mutex
	most    sizes
	stop    chan struct{}
	stopped chan struct{}
	once    sync.Once
}

func startWatch(g *gateway) *watch {
	w := &watch{gateway: g, stop: make(chan struct{}), stopped: make(chan struct{})}
	go w.run()
	return w
}

func (w *watch) run() {
	defer close(w.stopped)
	for {
		select {
		case <-w.stop:
			return
		case <-time.After(time.Second):
		}
		// It fails while the gateway has no descriptors.
		if s, err := w.gateway.measure(false); err == nil {
			w.take(s)
		}
	}
}

func (w *watch) take(s sizes) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.most = w.most.max(s)
}

func (w *watch) peak() sizes {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.most
}

func (w *watch) close() {
	w.once.Do(func() { close(w.stop) })
	<-w.stopped
}
