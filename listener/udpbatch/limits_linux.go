package udpbatch

import (
	"math"
	"net/netip"
	"time"
)

// limits remembers for which destinations GSO failed, with which size. The
// table is bounded: a destination may push out another one, for which GSO is
// tried once more.
type limits struct {
	table []limit // empty until there is one
}

type limit struct {
	to       netip.Addr
	size     int // datagrams of more bytes are sent one by one
	failures int
	until    time.Time
}

const (
	limitsLen = 1024
	// limitAfter is when a limit is forgotten, since routes change. Trying GSO
	// in vain costs a system call.
	limitAfter = 10 * time.Minute
	// limitFailures is the number of sizes that may fail before all do.
	limitFailures = 4
)

// of returns the size in bytes up to which datagrams can be sent together.
func (l *limits) of(to netip.Addr) int {
	if len(l.table) == 0 {
		return math.MaxInt
	}
	e := l.entry(to)
	if e.to != to || time.Now().After(e.until) {
		return math.MaxInt
	}
	return e.size
}

// lower sets a limit.
func (l *limits) lower(to netip.Addr, size int) {
	if len(l.table) == 0 {
		l.table = make([]limit, limitsLen)
	}
	e := l.entry(to)
	if e.to != to || time.Now().After(e.until) {
		*e = limit{to: to}
	}
	e.failures++
	e.size = size
	if e.failures >= limitFailures {
		e.size = 0
	}
	e.until = time.Now().Add(limitAfter)
}

func (l *limits) entry(to netip.Addr) *limit {
	h := uint32(2166136261) // FNV-1a
	for _, b := range to.As16() {
		h = (h ^ uint32(b)) * 16777619
	}
	return &l.table[h%limitsLen]
}
