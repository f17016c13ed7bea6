package listener

import (
	"context"
	"sync"
)

// tracker knows the open conns of a listener: a list through the conns
// themselves, because a map would cost more than the rest of a wrapper.
type tracker struct {
	mu     sync.Mutex
	first  *link
	count  int
	closed bool          // no more conns
	empty  chan struct{} // made by wait, closed when the last conn is gone
}

// add returns false after refuse.
func (t *tracker) add(l *link) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return false
	}
	if l.next = t.first; l.next != nil {
		l.next.prev = l
	}
	t.first = l
	t.count++
	return true
}

func (t *tracker) remove(l *link) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if l.prev != nil {
		l.prev.next = l.next
	} else {
		t.first = l.next
	}
	if l.next != nil {
		l.next.prev = l.prev
	}
	l.prev, l.next = nil, nil
	if t.count--; t.count == 0 && t.empty != nil {
		close(t.empty)
		t.empty = nil
	}
}

// refuse makes add return false from now on.
func (t *tracker) refuse() {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.closed = true
}

func (t *tracker) active() int {
	if t == nil {
		return 0
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.count
}

// wait waits until no conn is open. If ctx is done first it returns those that are.
func (t *tracker) wait(ctx context.Context) []*link {
	t.mu.Lock()
	if t.count == 0 {
		t.mu.Unlock()
		return nil
	}
	if t.empty == nil {
		t.empty = make(chan struct{})
	}
	empty := t.empty
	t.mu.Unlock()
	select {
	case <-empty:
		return nil
	case <-ctx.Done():
		return t.open()
	}
}

// open returns the open conns.
func (t *tracker) open() []*link {
	t.mu.Lock()
	defer t.mu.Unlock()
	var list []*link
	for l := t.first; l != nil; l = l.next {
		list = append(list, l)
	}
	return list
}
