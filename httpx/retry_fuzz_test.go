package httpx_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/strata-net/strata/httpx"
)

func TestRetryAfterField(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for value, want := range map[string]time.Duration{
		"0": 0, "7": 7 * time.Second, "007": 7 * time.Second,
		"Fri, 02 Jan 2026 03:04:15 GMT": 10 * time.Second, "Fri, 02 Jan 2026 03:04:00 GMT": 0,
		"Friday, 02-Jan-26 03:04:15 GMT": 10 * time.Second, "Fri Jan  2 03:04:15 2026": 10 * time.Second,
		"99999999999999999999999": 1<<63 - 1, "9223372037": 1<<63 - 1, "9223372036": 9223372036 * time.Second,
	} {
		got, ok := httpx.RetryAfter(value, now)
		assert.True(t, ok, value)
		assert.Equal(t, want, got, value)
	}
	for _, value := range []string{"", "-1", "+1", "1.5", "1s", " 1", "1, 2", "tomorrow", "Fri, 02 Jan 2026 03:04:15 CET"} {
		_, ok := httpx.RetryAfter(value, now)
		assert.False(t, ok, value)
	}
}

func FuzzRetryAfter(f *testing.F) {
	for _, s := range []string{"", "0", "120", "Fri, 02 Jan 2026 03:04:15 GMT", "99999999999999999999", "-5"} {
		f.Add(s)
	}
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	f.Fuzz(func(t *testing.T, value string) {
		d, ok := httpx.RetryAfter(value, now)
		if d < 0 || !ok && d != 0 {
			t.Errorf("%q: %v %v", value, d, ok)
		}
		if date, err := http.ParseTime(value); err == nil && (!ok || d != max(0, date.Sub(now))) {
			t.Errorf("%q: %v %v", value, d, ok)
		}
	})
}
