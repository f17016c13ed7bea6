package main

import (
	"sync/atomic"
	"time"
)

// seldom lets something happen at most once a second.
type seldom struct{ last atomic.Int64 }

// now says whether it may happen now.
func (s *seldom) now() bool {
	now, last := time.Now().UnixNano(), s.last.Load()
	return now-last >= int64(time.Second) && s.last.CompareAndSwap(last, now)
}
