package listener

import "net"

// MaxCuts is how many conns are cut at the same time.
const MaxCuts = maxCuts

// Wheel gives the tests a wheel of guards that have numbers.
type Wheel struct {
	wheel
	guards []guard
}

// NewWheel returns a wheel for n guards.
func NewWheel(n int) *Wheel { return &Wheel{guards: make([]guard, n)} }

// Put adds a guard, Remove removes it.
func (h *Wheel) Put(i int, now, due int64) { h.put(&h.guards[i], now, due) }

func (h *Wheel) Remove(i int) { h.remove(&h.guards[i]) }

// Take returns a guard that is due, -1 if there is none.
func (h *Wheel) Take(now int64) int {
	w := h.take(now)
	for i := range h.guards {
		if w == &h.guards[i] {
			return i
		}
	}
	return -1
}

// Next returns the first tick at which a guard is due.
func (h *Wheel) Next() (int64, bool) { return h.next() }

// Swept is what a listener's sweeper has to do.
type Swept struct {
	Guards int  // it looks after
	Armed  bool // its timer is set
	Runs   int  // goroutines
}

// Sweeper returns what the sweeper has to do now.
func Sweeper(l net.Listener) Swept {
	s := l.(*gate).sweeper
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.cuts
	if s.running {
		n++
	}
	return Swept{s.count, s.armed != 0, n}
}
