package httpx

import (
	"net/http"
	"strconv"
	"time"
)

// retryAfter reads a Retry-After field (RFC 9110, 10.2.3): seconds, or a date. A
// date in the past is zero, a number beyond time.Duration the longest one.
func retryAfter(value string, now time.Time) (time.Duration, bool) {
	if seconds, ok := deltaSeconds(value); ok {
		return seconds, true
	}
	date, err := http.ParseTime(value)
	if err != nil {
		return 0, false
	}
	return max(0, date.Sub(now)), true
}

// deltaSeconds reads a number of digits only, as Retry-After, Age and ma have it.
func deltaSeconds(value string) (time.Duration, bool) {
	for i := range len(value) {
		if value[i] < '0' || value[i] > '9' {
			return 0, false
		}
	}
	if value == "" {
		return 0, false
	}
	n, err := strconv.ParseInt(value, 10, 64)
	if err != nil || n > int64(maxDuration/time.Second) {
		return maxDuration, true // too many digits
	}
	return time.Duration(n) * time.Second, true
}
