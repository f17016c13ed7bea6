package httpx

import "time"

// clean starts the janitor, which lives while there are hosts. The lock is held.
func (p *Pool) clean() {
	if p.cleaned {
		return
	}
	p.cleaned = true
	p.work.start(func() {
		t := time.NewTicker(p.tick())
		defer t.Stop()
		for {
			select {
			case <-p.ctx.Done():
				return
			case now := <-t.C:
				if p.sweep(now) {
					return
				}
			}
		}
	})
}

// tick is how late a refresh and the end of an idle conn may be.
func (p *Pool) tick() time.Duration {
	return max(time.Millisecond, min(time.Second, p.cfg.RefreshInterval/4, p.cfg.MaxIdle/4))
}

// sweep looks after each host once and reports whether none is left.
func (p *Pool) sweep(now time.Time) bool {
	old := now.Add(-p.cfg.MaxIdle)
	for _, h := range p.all() {
		h.closeIdle(old)
		h.refresh(now)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for h := range p.leaving {
		if h.empty() {
			delete(p.leaving, h)
		}
	}
	for _, h := range p.hosts {
		if used, _ := h.lastUsed(); (p.strict || used.Before(old)) && h.empty() {
			p.forget(h)
		}
	}
	p.cleaned = len(p.hosts)+len(p.leaving) > 0
	return !p.cleaned
}
