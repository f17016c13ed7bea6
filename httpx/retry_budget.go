package httpx

import (
	"cmp"
	"math"
	"sync"
	"time"
)

// Budget bounds how many requests a [Retry] or a [Hedge] adds to those it is
// given, so that an outage is not made worse by what is meant to help: within any
// time at most Burst + Ratio x requests + PerSecond x seconds.
// The zero value is a fifth of the requests, one more each second, and ten at once.
type Budget struct {
	// Ratio is how many requests may be added for each one that comes in. 0
	// means 0.2, negative none. At most 100.
	Ratio float64
	// PerSecond is how many may be added each second whatever comes in, for
	// those who have few requests. 0 means 1, negative none. At most 1e6.
	PerSecond float64
	// Burst is how many may be saved up, and what there is at the start. 0 means
	// 10. At most 1e6.
	Burst int
}

func (b Budget) check(p *problems) {
	checkRange(p, "Budget.Ratio", b.Ratio, math.Inf(-1), 100)
	checkRange(p, "Budget.PerSecond", b.PerSecond, math.Inf(-1), 1e6)
	checkRange(p, "Budget.Burst", b.Burst, 0, 1e6)
}

// bucket is a Budget in use. It is safe for concurrent use.
type bucket struct {
	ratio, rate, burst float64

	mu     sync.Mutex
	tokens float64
	last   time.Time
}

func newBucket(b Budget) *bucket {
	n := &bucket{
		ratio: max(0, cmp.Or(b.Ratio, 0.2)),
		rate:  max(0, cmp.Or(b.PerSecond, 1)),
		burst: float64(cmp.Or(b.Burst, 10)),
		last:  time.Now(),
	}
	n.tokens = n.burst
	return n
}

// deposit counts a request that came in.
func (b *bucket) deposit() { b.add(b.ratio) }

// withdraw reports whether one more may be sent.
func (b *bucket) withdraw() bool { return b.add(-1) }

func (b *bucket) add(n float64) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	b.tokens = min(b.burst, b.tokens+now.Sub(b.last).Seconds()*b.rate)
	b.last = now
	if b.tokens+n < 0 {
		return false
	}
	b.tokens = min(b.burst, b.tokens+n)
	return true
}
