package tlsx

import (
	"errors"
	"fmt"
	"time"
)

const (
	// defaultInterval is what Reload.Interval of zero stands for, minInterval
	// what it must not be below.
	defaultInterval = time.Minute
	minInterval     = 10 * time.Millisecond
	// settle is how long files must be left alone before they are read: a pair
	// that is written one after the other is then seen once. patience is how
	// long a file that is written all the time can put that off.
	settle   = 50 * time.Millisecond
	patience = 250 * time.Millisecond
)

var errNotSource = errors.New("needs NewSource: New follows nothing")

// run follows the files until the context ends.
func (s *Source) run() {
	defer close(s.done)
	defer s.stop()
	tick := s.ticker()
	defer tick.Stop()
	if s.unwatchable != nil {
		s.tell(Event{Time: time.Now(), Err: s.unwatchable})
	}
	var wait calm
	for {
		select {
		case <-s.ctx.Done():
			return
		case e := <-s.watch.events():
			if s.watch.concerns(e) {
				wait.disturb()
			}
		case <-s.watch.overflows(): //nolint:errcheck // whatever it was, anything may have changed
			wait.disturb()
		case <-wait.passed:
			wait = calm{}
			_ = s.check(false) // Err and OnReload have told
		case <-tick.C:
			_ = s.check(false)
		case answer := <-s.demands:
			answer <- s.check(true)
		case err := <-s.failures:
			s.tell(Event{Time: time.Now(), Err: err})
		}
	}
}

// stop ends all that was started.
func (s *Source) stop() {
	s.cancel()
	s.staplers.close()
	s.watch.close()
}

// fail passes on what a stapler has to tell, so that there is one call of
// OnReload at a time.
func (s *Source) fail(err error) {
	select {
	case s.failures <- err:
	case <-s.ctx.Done():
	}
}

// ticker ticks at Reload.Interval.
func (s *Source) ticker() *time.Ticker {
	d := s.cfg.Reload.Interval
	if d == 0 {
		d = defaultInterval
	}
	if d < 0 {
		t := time.NewTicker(time.Hour)
		t.Stop()
		return t
	}
	return time.NewTicker(d)
}

// calm waits until nothing has changed for a while.
type calm struct {
	passed <-chan time.Time // nil if nothing is awaited
	latest time.Time
}

// disturb starts the wait again, within its bound.
func (c *calm) disturb() {
	now := time.Now()
	if c.passed == nil {
		c.latest = now.Add(patience)
	}
	c.passed = time.After(min(settle, c.latest.Sub(now)))
}

// checkReload looks at what only a Source can do.
func (c *Config) checkReload(p *problems, source bool) {
	r := c.Reload
	if !source {
		if r.Interval != 0 {
			p.add("config", "Reload.Interval", r.Interval.String(), errNotSource)
		}
		if r.OnReload != nil {
			p.add("config", "Reload.OnReload", "", errNotSource)
		}
		return
	}
	if r.Interval > 0 && r.Interval < minInterval {
		p.add("config", "Reload.Interval", r.Interval.String(), fmt.Errorf("is too short: want at least %s", minInterval))
	}
}
