package main

import (
	"fmt"
	"sync"
)

// A tally is a watcher that counts.
type tally struct {
	mu     sync.Mutex
	counts map[string]int
}

func newTally() *tally { return &tally{counts: map[string]int{}} }

func (*tally) attach(lister) {}

func (t *tally) see(e event) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.counts[e.Network+" "+e.Event]++
}

// take returns what was counted since the last time.
func (t *tally) take() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := fmt.Sprintf("%d TCP, %d refused, %d UDP", t.counts["tcp open"], t.counts["tcp refuse"], t.counts["udp open"])
	clear(t.counts)
	return s
}
