package listener

import (
	"net/netip"
	"sync"
)

const (
	// DefaultSourceBits4 is used when Config.SourceBits4 is zero.
	DefaultSourceBits4 = 32
	// DefaultSourceBits6 is used when Config.SourceBits6 is zero: a customer
	// or a machine has a /64.
	DefaultSourceBits6 = 64
)

// sourceKey is the first address of a source's prefix, IPv4 as IPv4-mapped.
type sourceKey [16]byte

// sources counts the open conns of each source. It holds no more entries than
// there are open conns.
type sources struct {
	limit int32
	width sourceWidth

	mu     sync.Mutex
	counts map[sourceKey]int32
	peak   int // most entries that counts had
}

// newSources returns nil if there is no limit.
func newSources(c *Config) *sources {
	if c.MaxConnsPerSource == 0 {
		return nil
	}
	return &sources{
		limit:  int32(min(c.MaxConnsPerSource, 1<<30)), //nolint:gosec // more conns than descriptors
		width:  c.sourceWidth(),
		counts: map[sourceKey]int32{},
	}
}

// take counts a conn of a peer and notes it on the ticket. It returns false at
// the limit. A peer that is not an IP peer has none.
func (s *sources) take(peer netip.Addr, t *ticket) bool {
	if s == nil || !peer.IsValid() {
		return true
	}
	key := s.width.key(peer)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.counts[key] >= s.limit {
		return false
	}
	s.counts[key]++
	s.peak = max(s.peak, len(s.counts))
	t.source, t.counted = key, true
	return true
}

// drop ends what take began.
func (s *sources) drop(key sourceKey) {
	const small = 1024
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.counts[key]--; s.counts[key] <= 0 {
		delete(s.counts, key)
	}
	if len(s.counts) == 0 && s.peak > small { // a map never shrinks by itself
		s.counts, s.peak = map[sourceKey]int32{}, 0
	}
}

// sourceWidth says how many bits of an address make a source.
type sourceWidth struct{ bits4, bits6 int }

func (c *Config) sourceWidth() sourceWidth {
	w := sourceWidth{c.SourceBits4, c.SourceBits6}
	if w.bits4 == 0 {
		w.bits4 = DefaultSourceBits4
	}
	if w.bits6 == 0 {
		w.bits6 = DefaultSourceBits6
	}
	return w
}

// key returns the source of a valid address.
func (w sourceWidth) key(a netip.Addr) sourceKey {
	bits := w.bits6
	if a.Is4() {
		bits = w.bits4
	}
	p, _ := a.Prefix(bits) // the bits were checked in New
	return p.Addr().As16()
}
