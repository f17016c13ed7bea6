package httpx

import (
	"cmp"
	"context"
	"net/http"
	"sync/atomic"
	"time"
)

// What is used where a field of HedgeConfig is zero.
const (
	DefaultHedgeDelay    = 100 * time.Millisecond
	DefaultHedgeAttempts = 2
)

// HedgeConfig says when a [Hedge] sends again. The zero value sends a second time after 100 ms.
type HedgeConfig struct {
	// Delay is how long each attempt is waited for before the next one joins it:
	// best what 95 of 100 answers take. 0 means DefaultHedgeDelay.
	Delay time.Duration
	// Attempts is how many there are at most, the first one included. 0 means
	// DefaultHedgeAttempts. From 1 to 10.
	Attempts int
	// Good reports whether a response ends the wait for others. nil: its status is below 500. It
	// must not read the body.
	Good func(*http.Response) bool
	// Budget bounds the attempts beyond the first ones.
	Budget Budget
	// OnEvent, when set, is called with Hedged before each attempt beyond the first
	// one; see [Event].
	OnEvent func(Event)
}

func (c *HedgeConfig) clone() HedgeConfig {
	if c == nil {
		c = &HedgeConfig{}
	}
	n := *c
	n.Delay = cmp.Or(n.Delay, DefaultHedgeDelay)
	n.Attempts = cmp.Or(n.Attempts, DefaultHedgeAttempts)
	if n.Good == nil {
		n.Good = func(resp *http.Response) bool { return resp.StatusCode < http.StatusInternalServerError }
	}
	return n
}

// Check says what [NewHedge] would say of the config, without making anything.
func (c *HedgeConfig) Check() error {
	n := c.clone()
	return joined(n.check)
}

func (c *HedgeConfig) check(p *problems) {
	checkNotNegative(p, "Delay", c.Delay)
	checkRange(p, "Attempts", c.Attempts, 1, 10)
	c.Budget.check(p)
}

// Hedge is a round tripper that sends a slow request once more, and takes the answer
// that comes first. It is safe for concurrent use.
//
// Only what is safe to repeat is sent again: see [Retry]; bodies need GetBody.
// A bad answer or an error is returned when nothing better comes of the other
// attempts; it is not a reason to begin another one. Attempts that are not needed are
// cancelled and their responses closed. Traces of the context see all attempts.
type Hedge struct {
	next   http.RoundTripper
	config HedgeConfig
	budget *bucket

	requests, hedges atomic.Uint64
}

// HedgeStats counts since the start.
type HedgeStats struct {
	// Requests came in.
	Requests uint64
	// Hedges were sent beyond them.
	Hedges uint64
}

// NewHedge returns a Hedge that sends with next. A nil config is the zero one.
func NewHedge(next http.RoundTripper, cfg *HedgeConfig) (*Hedge, error) {
	c := cfg.clone()
	if err := joined(nextOf(next), c.check); err != nil {
		return nil, err
	}
	return &Hedge{next: next, config: c, budget: newBucket(c.Budget)}, nil
}

// CloseIdleConnections closes those of the round tripper underneath.
func (h *Hedge) CloseIdleConnections() { closeIdle(h.next) }

// Stats returns the counters.
func (h *Hedge) Stats() HedgeStats {
	return HedgeStats{Requests: h.requests.Load(), Hedges: h.hedges.Load()}
}

// RoundTrip implements [http.RoundTripper].
func (h *Hedge) RoundTrip(req *http.Request) (*http.Response, error) {
	h.requests.Add(1)
	h.budget.deposit()
	if !repeatable(req) || h.config.Attempts == 1 {
		return h.next.RoundTrip(req)
	}
	a := &hedged{Hedge: h, req: req, race: newRace(h.config.Attempts)}
	a.source, _ = newReplay(req, 0) // reads no body, so that nothing can fail
	return a.run()
}

// repeatable reports whether a request may be sent while it is under way.
func repeatable(req *http.Request) bool {
	return idempotent(req) && (req.Body == nil || req.Body == http.NoBody || req.GetBody != nil)
}

// hedged is one request of a Hedge.
type hedged struct {
	*Hedge

	req     *http.Request
	source  *replay
	race    *race
	started int
	ended   int
	errs    []error
	spare   *result // a bad answer, for want of a better one
}

func (a *hedged) run() (*http.Response, error) {
	timer := time.NewTimer(a.config.Delay)
	defer timer.Stop()
	a.start(a.source.req)
	for {
		select {
		case r := <-a.race.results:
			if resp, done := a.take(r); done {
				return resp, nil
			}
			if a.ended == a.started {
				return a.rest()
			}
		case <-timer.C:
			if a.hedge() {
				timer.Reset(a.config.Delay)
			}
		case <-a.req.Context().Done():
			a.race.stop(-1)
			a.discardSpare()
			return nil, joinAttempts(append(a.errs, context.Cause(a.req.Context())))
		}
	}
}

func (a *hedged) start(req *http.Request) {
	a.race.start(a.started, a.next, req)
	a.started++
}

// hedge adds an attempt, and reports whether a further one may follow.
func (a *hedged) hedge() bool {
	if a.started == a.config.Attempts || !a.budget.withdraw() {
		return false
	}
	req, err := a.source.next()
	if err != nil {
		a.errs = append(a.errs, err)
		return false
	}
	a.hedges.Add(1)
	if a.config.OnEvent != nil {
		a.config.OnEvent(Event{Kind: Hedged, Context: a.req.Context(), Request: a.req, Attempt: a.started + 1})
	}
	a.start(req)
	return true
}

// take looks at what an attempt has brought.
func (a *hedged) take(r result) (*http.Response, bool) {
	a.ended++
	switch {
	case r.err != nil:
		a.errs = append(a.errs, r.err)
		return nil, false
	case a.config.Good(r.resp):
		a.discardSpare()
		return a.race.win(r, a.req), true
	}
	a.discardSpare()
	a.spare = &r
	return nil, false
}

// rest is what there is when all attempts have ended without a good answer.
func (a *hedged) rest() (*http.Response, error) {
	if a.spare != nil {
		return a.race.win(*a.spare, a.req), nil
	}
	a.race.stop(-1)
	return nil, joinAttempts(a.errs)
}

func (a *hedged) discardSpare() {
	if a.spare != nil {
		drop(a.spare.resp)
		a.race.cancels[a.spare.lane]()
	}
}
