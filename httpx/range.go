package httpx

import (
	"cmp"
	"errors"
	"fmt"
	"time"
)

var errNegative = errors.New("must not be negative")

// maxDuration stands for "no bound but the type's" in checks of durations.
const maxDuration time.Duration = 1<<63 - 1

// checkRange reports a value outside of its bounds, both ends included.
func checkRange[T cmp.Ordered](p *problems, field string, value, low, high T) {
	switch {
	case value >= low && value <= high:
	case high == any(maxDuration):
		p.add(field, fmt.Sprint(value), fmt.Errorf("must be at least %v", low))
	default:
		p.add(field, fmt.Sprint(value), fmt.Errorf("must be from %v to %v", low, high))
	}
}

// checkRangeOrZero is checkRange for fields whose zero means a default.
func checkRangeOrZero(p *problems, field string, value, low, high int) {
	if value != 0 {
		checkRange(p, field, value, low, high)
	}
}

func checkNotNegative[T int | time.Duration](p *problems, field string, value T) {
	if value < 0 {
		p.add(field, fmt.Sprint(value), errNegative)
	}
}
