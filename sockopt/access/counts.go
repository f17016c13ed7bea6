package access

import (
	"net/netip"
	"sync"
)

// Counts counts what each source has open, and holds it to a limit. It has no
// more entries than there are things open. A nil *Counts has no limit. It is
// safe for concurrent use.
type Counts struct {
	limit int
	width Width

	mu     sync.Mutex
	counts map[Source]int
	peak   int // most entries that counts had
}

// NewCounts returns nil if limit is 0, which means none.
func NewCounts(limit int, width Width) *Counts {
	if limit == 0 {
		return nil
	}
	return &Counts{limit: limit, width: width, counts: map[Source]int{}}
}

// Take counts one for the source of an address. It returns false at the limit.
// If counted is true, [Counts.Drop] must follow: an address that is not valid is
// admitted and not counted.
func (c *Counts) Take(a netip.Addr) (source Source, counted, ok bool) {
	if c == nil || !a.IsValid() {
		return Source{}, false, true
	}
	source = c.width.Source(a)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.counts[source] >= c.limit {
		return Source{}, false, false
	}
	c.counts[source]++
	c.peak = max(c.peak, len(c.counts))
	return source, true, true
}

// Full reports whether the source of an address is at the limit, so that Take
// would return false.
func (c *Counts) Full(a netip.Addr) bool {
	if c == nil || !a.IsValid() {
		return false
	}
	source := c.width.Source(a)
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.counts[source] >= c.limit
}

// Drop ends what Take has counted.
func (c *Counts) Drop(source Source) {
	const small = 1024
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.counts[source]--; c.counts[source] <= 0 {
		delete(c.counts, source)
	}
	if len(c.counts) == 0 && c.peak > small { // a map never shrinks by itself
		c.counts, c.peak = map[Source]int{}, 0
	}
}

// Len returns how many sources have something open.
func (c *Counts) Len() int {
	if c == nil {
		return 0
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.counts)
}
