package main

import "sync"

// uses counts what is in progress over an upstream.
type uses struct {
	mu   sync.Mutex
	n    int
	none []chan struct{} // closed when n is 0
}

// begin counts one more, until end is called.
func (u *uses) begin() (end func()) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.n++
	return u.end
}

func (u *uses) end() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.n--
	if u.n > 0 {
		return
	}
	for _, c := range u.none {
		close(c)
	}
	u.none = nil
}

// over returns what is closed when nothing is in progress.
func (u *uses) over() <-chan struct{} {
	u.mu.Lock()
	defer u.mu.Unlock()
	c := make(chan struct{})
	if u.n == 0 {
		close(c)
	} else {
		u.none = append(u.none, c)
	}
	return c
}
