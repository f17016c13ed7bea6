package httpx

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync/atomic"
	"time"
)

// Retry is a round tripper that sends a request again when that is safe and may
// help. It is safe for concurrent use.
//
// Safe are the requests whose method is idempotent (GET, HEAD, OPTIONS, TRACE, PUT,
// DELETE) or that have an Idempotency-Key, and whose body can be had again: there is
// none, the request has GetBody, or it is small (RetryConfig.MaxBody). Any other
// request with such a body is sent again only if it cannot have reached a handler: no
// conn came about, or the server refused the HTTP/2 stream.
//
// Another attempt may help after an error other than those that would come again
// (a certificate, a name that does not exist), and after the statuses of the config.
//
// What the caller gets is the last response, or an error with the causes of all
// attempts ([Attempts]); the error of an only attempt is returned as it is.
type Retry struct {
	next   http.RoundTripper
	config RetryConfig
	budget *bucket

	requests, retries, refused atomic.Uint64
}

// RetryStats counts since the start.
type RetryStats struct {
	// Requests came in.
	Requests uint64
	// Retries were sent beyond them.
	Retries uint64
	// OverBudget would have been sent, had the budget allowed it.
	OverBudget uint64
}

// NewRetry returns a Retry that sends with next. A nil config is the zero one.
func NewRetry(next http.RoundTripper, cfg *RetryConfig) (*Retry, error) {
	c := cfg.clone()
	if err := joined(nextOf(next), c.check); err != nil {
		return nil, err
	}
	return &Retry{next: next, config: c, budget: newBucket(c.Budget)}, nil
}

// RoundTrip implements [http.RoundTripper].
func (t *Retry) RoundTrip(req *http.Request) (*http.Response, error) {
	t.requests.Add(1)
	t.budget.deposit()
	source, err := newReplay(req, t.config.MaxBody)
	if err != nil {
		return nil, err
	}
	try, failed := source.req, []error(nil)
	for n := 1; ; n++ {
		resp, err := t.try(try)
		wait, again := t.again(n, source, resp, err)
		if !again {
			return final(req, resp, append(failed, err))
		}
		if err == nil {
			discard(resp)
			err = StatusError(resp.StatusCode)
		}
		failed = append(failed, err)
		if t.config.OnEvent != nil {
			t.config.OnEvent(Event{
				Kind: Retried, Context: req.Context(), Request: req, Attempt: n + 1,
				Status: statusOf(err), Duration: wait, Err: err,
			})
		}
		if err := sleep(req.Context(), wait); err != nil {
			return nil, joinAttempts(append(failed, err))
		}
		if try, err = source.next(); err != nil {
			return nil, joinAttempts(append(failed, err))
		}
		t.retries.Add(1)
	}
}

// final is what the caller gets: the last response, which is that of his
// request, or all errors.
func final(req *http.Request, resp *http.Response, errs []error) (*http.Response, error) {
	if errs[len(errs)-1] != nil {
		return nil, joinAttempts(errs)
	}
	resp.Request = req
	return resp, nil
}

// CloseIdleConnections closes those of the round tripper underneath.
func (t *Retry) CloseIdleConnections() { closeIdle(t.next) }

// Stats returns the counters.
func (t *Retry) Stats() RetryStats {
	return RetryStats{Requests: t.requests.Load(), Retries: t.retries.Load(), OverBudget: t.refused.Load()}
}

// try sends once, within TryTimeout.
func (t *Retry) try(req *http.Request) (*http.Response, error) {
	if t.config.TryTimeout == 0 {
		return t.next.RoundTrip(req)
	}
	ctx, cancel := context.WithCancelCause(req.Context())
	timer := time.AfterFunc(t.config.TryTimeout, func() { cancel(tryTimeoutError{}) })
	resp, err := t.next.RoundTrip(req.WithContext(ctx))
	if timer.Stop() && err == nil {
		return onEnd(resp, cancel), nil
	}
	if err == nil { // time ran out when the header was there already
		discard(resp)
		err = tryTimeoutError{}
	}
	if cause := context.Cause(ctx); errors.Is(cause, tryTimeoutError{}) && errors.Is(err, context.Canceled) {
		err = cause // HTTP/1 returns the cause by itself, HTTP/2 does not
	}
	cancel(nil)
	return nil, err
}

// again decides whether there is another attempt after the nth, and how long to wait.
func (t *Retry) again(n int, source *replay, resp *http.Response, err error) (time.Duration, bool) {
	ctx := source.req.Context()
	if source.again == nil || n >= t.config.Attempts || ctx.Err() != nil {
		return 0, false
	}
	wait := t.backoff(n)
	if err != nil && (lasting(err) || !idempotent(source.req) && !unsent(err)) {
		return 0, false
	}
	if err == nil {
		after, ok := t.helps(resp)
		if !ok || !idempotent(source.req) {
			return 0, false
		}
		wait += min(after, maxDuration-wait)
	}
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) <= wait {
		return 0, false
	}
	if !t.budget.withdraw() {
		t.refused.Add(1)
		return 0, false
	}
	return wait, true
}

// helps reports whether another attempt may get a better response, and when at the earliest.
func (t *Retry) helps(resp *http.Response) (after time.Duration, ok bool) {
	if !slices.Contains(t.config.Statuses, resp.StatusCode) {
		return 0, false
	}
	after, ok = retryAfter(resp.Header.Get("Retry-After"), time.Now())
	if !ok {
		return 0, resp.StatusCode != http.StatusTooManyRequests
	}
	return after, after <= t.config.MaxRetryAfter
}

// backoff is a random time up to the bound for the nth attempt ("full jitter").
func (t *Retry) backoff(n int) time.Duration {
	bound := t.config.Backoff
	for ; n > 1 && bound < t.config.MaxBackoff; n-- {
		bound = min(t.config.MaxBackoff, bound+min(bound, maxDuration-bound))
	}
	return rand.N(max(1, bound)) //nolint:gosec // nothing secret depends on it
}

// sleep waits, unless the context ends.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// tryTimeoutError is why an attempt ended that had lasted for TryTimeout.
type tryTimeoutError struct{}

func (tryTimeoutError) Error() string { return "no response within TryTimeout" }
func (tryTimeoutError) Timeout() bool { return true }
func (tryTimeoutError) Unwrap() error { return context.DeadlineExceeded }
