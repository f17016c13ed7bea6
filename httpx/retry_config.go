package httpx

import (
	"cmp"
	"errors"
	"net/http"
	"slices"
	"time"
)

// What is used where a field of RetryConfig is zero.
const (
	DefaultRetryAttempts = 3
	DefaultRetryBackoff  = 100 * time.Millisecond
	DefaultRetryMax      = 2 * time.Second
	DefaultRetryAfter    = 5 * time.Second
	DefaultRetryBody     = 64 << 10
)

// RetryConfig says what a [Retry] does. The zero value tries three times.
type RetryConfig struct {
	// Attempts is how often a request is sent at most, the first time included.
	// 0 means DefaultRetryAttempts. At most 100.
	Attempts int
	// Statuses are those that another attempt may better. nil means 429, 502, 503
	// and 504, an empty list none. 429 is tried again only if the response has a
	// Retry-After.
	Statuses []int
	// Backoff is the bound of the first wait; it doubles from attempt to attempt
	// up to MaxBackoff. The wait is random between zero and the bound, so that
	// clients that failed together do not come back together. 0 means
	// DefaultRetryBackoff and DefaultRetryMax. A MaxBackoff that is given must
	// not be less than Backoff.
	Backoff, MaxBackoff time.Duration
	// MaxRetryAfter is the longest Retry-After of a server that is waited for. A
	// response that asks for more is handed to the caller. 0 means
	// DefaultRetryAfter; negative: no response with a Retry-After is tried again.
	MaxRetryAfter time.Duration
	// TryTimeout limits each attempt until the header of the response is there.
	// 0 means no limit but the request's context.
	TryTimeout time.Duration
	// MaxBody is how many bytes of a body without GetBody are read into memory
	// before the first attempt, so that they can be sent again: only of requests
	// that are safe to repeat, have a Content-Length of that size at most,
	// and no Expect. 0 means DefaultRetryBody, negative none.
	MaxBody int64
	// Budget bounds the attempts beyond the first ones.
	Budget Budget
	// OnEvent, when set, is called with Retried before the wait for each attempt
	// beyond the first one; see [Event].
	OnEvent func(Event)
}

func (c *RetryConfig) clone() RetryConfig {
	if c == nil {
		c = &RetryConfig{}
	}
	n := *c
	n.Attempts = cmp.Or(n.Attempts, DefaultRetryAttempts)
	n.Backoff = cmp.Or(n.Backoff, DefaultRetryBackoff)
	n.MaxBackoff = cmp.Or(n.MaxBackoff, max(DefaultRetryMax, n.Backoff))
	n.MaxRetryAfter = cmp.Or(n.MaxRetryAfter, DefaultRetryAfter)
	n.MaxBody = cmp.Or(n.MaxBody, DefaultRetryBody)
	n.Statuses = slices.Clone(c.Statuses)
	if n.Statuses == nil {
		n.Statuses = []int{
			http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout,
		}
	}
	return n
}

// Check says what [NewRetry] would say of the config, without making anything.
func (c *RetryConfig) Check() error {
	n := c.clone()
	return joined(n.check)
}

func (c *RetryConfig) check(p *problems) {
	checkRange(p, "Attempts", c.Attempts, 1, 100)
	for _, s := range c.Statuses {
		checkRange(p, "Statuses", s, 400, 599)
	}
	checkNotNegative(p, "Backoff", c.Backoff)
	checkRange(p, "MaxBackoff", c.MaxBackoff, c.Backoff, maxDuration)
	checkNotNegative(p, "TryTimeout", c.TryTimeout)
	c.Budget.check(p)
}

// nextOf is the check of what a round tripper sends with.
func nextOf(next http.RoundTripper) func(*problems) {
	return func(p *problems) {
		if next == nil {
			p.add("next", "nil", errors.New("there is nothing to send requests with"))
		}
	}
}

// closeIdle passes CloseIdleConnections on, as http.Client does it.
func closeIdle(next http.RoundTripper) {
	if c, ok := next.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}
