package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"
)

// releaseTime is how long the system may take to give the address of a listener
// that has ended to its successor. cutTime is how long that listener may take
// to end beyond the drain time: a busy machine is slow to close what was cut.
const (
	releaseTime = 2 * time.Second
	cutTime     = time.Minute
)

// Reload makes the gateway run cfg.
//
// A listener whose entry is what it was, routes aside, keeps its sockets and its
// conns; what begins on it from now on goes where its routes lead now. One that
// has changed, or is gone, takes no more conns, and those it has may go on for
// the drain time. A changed one of streams opens again in between; one of
// datagrams, whose conns share its socket, when they are over.
//
// When something cannot be opened the error says what, and nothing has changed,
// with one exception: an address that a changed listener gave up for its
// successor, which then cannot have it. The old listener is opened again there.
// After a Shutdown it changes nothing and fails.
func (g *Gateway) Reload(ctx context.Context, cfg *Config) error {
	g.reloading.Lock()
	defer g.reloading.Unlock()
	if g.down {
		return errShutdown
	}
	c := &change{Gateway: g, cfg: cfg, backends: map[*Upstream]*backend{}}
	err := c.openBackends(ctx)
	if err == nil {
		err = c.openDoors(ctx)
	}
	if err == nil && !c.cfg.Admin.same(c.admin.config()) {
		c.page, err = c.openAdmin(ctx, c.cfg.Admin)
	}
	if err != nil {
		c.undo()
		return err
	}
	return c.commit(ctx)
}

// A change is a Reload in progress.
type change struct {
	*Gateway

	cfg      *Config
	backends map[*Upstream]*backend  // of cfg
	fresh    []*backend              // those that are not the gateway's already
	opened   []*door                 // listeners that are new or have changed
	waiting  []*Listener             // the same, but an old listener has the address
	kept     map[*door]*Listener     // what they are in cfg
	gone     map[*door]chan struct{} // closed when an old listener has ended
	page     *adminPage              // if it is not where it was
}

// openBackends starts the built-in echo servers and prepares the dialers of
// what is new.
func (c *change) openBackends(ctx context.Context) error {
	var errs []error
	for _, u := range c.cfg.Upstreams {
		if b := c.same(u); b != nil {
			c.backends[u] = b
			continue
		}
		b, err := c.openUpstream(ctx, u)
		if err != nil {
			errs = append(errs, fmt.Errorf("upstream %s: %w", u.Name, err))
			continue
		}
		c.backends[u] = b
		c.fresh = append(c.fresh, b)
	}
	return errors.Join(errs...)
}

// same returns the backend of an upstream that is what it was; nil if there is
// none.
func (c *change) same(u *Upstream) *backend {
	for old, b := range c.Gateway.backends {
		if old.same(u) {
			return b
		}
	}
	return nil
}

// openDoors opens what is new or has changed, all of it, so that one error tells
// about all that cannot be.
func (c *change) openDoors(ctx context.Context) error {
	c.kept = map[*door]*Listener{}
	for _, n := range c.cfg.Listeners {
		if d := c.door(n.Name); d != nil && d.cfg.same(n) {
			c.kept[d] = n
		}
	}
	var errs []error
	for _, n := range c.cfg.Listeners {
		if d := c.door(n.Name); d != nil && c.kept[d] != nil {
			continue
		}
		d, err := c.open(ctx, n, c.backends)
		switch {
		case err == nil:
			c.opened = append(c.opened, d)
		case inUse(err) && len(c.given(n)) > 0:
			c.waiting = append(c.waiting, n)
		default:
			errs = append(errs, fmt.Errorf("listener %s: %w", n.Name, err))
		}
	}
	return errors.Join(errs...)
}

// given returns the old listeners that end and may have an address of n.
func (c *change) given(n *Listener) []*door {
	var list []*door
	for _, d := range c.listeners() {
		if c.kept[d] == nil && d.cfg.overlaps(n) {
			list = append(list, d)
		}
	}
	return list
}

// left returns what is closed when those that are given have ended.
func (c *change) left(n *Listener) <-chan struct{} {
	all, doors := make(chan struct{}), c.given(n)
	c.serving.Go(func() {
		defer close(all)
		for _, d := range doors {
			<-c.gone[d]
		}
	})
	return all
}

// undo closes what was opened.
func (c *change) undo() {
	for _, d := range c.opened {
		d.close()
	}
	for _, b := range c.fresh {
		b.close()
	}
}

// commit lets the new listeners serve and the old ones end.
func (c *change) commit(ctx context.Context) error {
	var doors []*door
	var errs []error
	for _, d := range c.listeners() {
		n := c.kept[d]
		if n == nil {
			continue
		}
		if err := d.service.route(n, c.backends); err != nil {
			errs = append(errs, fmt.Errorf("listener %s: %w", n.Name, err))
		}
		d.cfg = n
		doors = append(doors, d)
	}
	c.gone = map[*door]chan struct{}{}
	for _, d := range c.listeners() {
		if c.kept[d] == nil {
			c.gone[d] = make(chan struct{})
			c.end(d, c.gone[d])
		}
	}
	for _, d := range c.opened {
		c.start(d)
	}
	errs = append(errs, c.succeedAll(ctx))
	c.mu.Lock()
	c.doors = slices.Concat(doors, c.opened)
	c.mu.Unlock()
	c.move()
	c.retire()
	return errors.Join(errs...)
}

// end lets a listener drain in the background, and closes gone afterwards.
func (c *change) end(d *door, gone chan<- struct{}) {
	ctx, cancel := context.WithTimeout(c.hurry, c.cfg.Drain)
	c.ending.Go(func() {
		defer cancel()
		clean := d.service.shutdown(ctx)
		if !clean {
			c.wereCut.Store(true)
		}
		d.close()
		close(gone)
		d.log.Info("ended", "cut", !clean)
	})
}

// succeedAll lets those serve whose address an old listener has, each one as soon as it is free.
func (c *change) succeedAll(ctx context.Context) error {
	var mu sync.Mutex // guards what follows, and the maps of c
	var errs []error
	var wg sync.WaitGroup
	for _, n := range c.waiting {
		wg.Go(func() {
			doors, err := c.succeed(ctx, n, &mu)
			for _, d := range doors {
				c.start(d)
			}
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				errs = append(errs, fmt.Errorf("listener %s: %w", n.Name, err))
			}
			c.opened = append(c.opened, doors...)
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

// succeed opens a listener as soon as its address is free. If it cannot have it
// then, it opens the old ones again, and returns both them and the error.
func (c *change) succeed(ctx context.Context, n *Listener, mu *sync.Mutex) ([]*door, error) {
	mu.Lock()
	backends := maps.Clone(c.backends)
	mu.Unlock()
	d, err := c.openWhenFree(ctx, n, backends)
	if err == nil {
		return []*door{d}, nil
	}
	var doors []*door
	var errs []error
	for _, old := range c.given(n) {
		d, again := c.openWhenFree(ctx, old.cfg, c.Gateway.backends)
		if again != nil {
			errs = append(errs, fmt.Errorf("and the old one cannot be opened again: %w", again))
			continue
		}
		doors = append(doors, d)
		mu.Lock()
		for _, r := range old.cfg.Routes { // stay in use
			c.backends[r.Upstream] = c.Gateway.backends[r.Upstream]
		}
		mu.Unlock()
	}
	if len(errs) > 0 {
		return doors, errors.Join(append([]error{err}, errs...)...)
	}
	return doors, fmt.Errorf("%w; it goes on as it was", err)
}

// openWhenFree opens a listener, and tries again while its address is in use, for
// a moment longer than an old listener has it.
func (c *change) openWhenFree(ctx context.Context, n *Listener, backends map[*Upstream]*backend) (*door, error) {
	ctx, cancel := context.WithTimeout(ctx, c.cfg.Drain+cutTime)
	defer cancel()
	gone := c.left(n)
	var late <-chan time.Time
	for wait := time.Millisecond; ; wait = min(2*wait, 50*time.Millisecond) {
		d, err := c.open(ctx, n, backends)
		if err == nil || !inUse(err) {
			return d, err
		}
		select {
		case <-ctx.Done():
			return nil, err
		case <-late:
			return nil, err
		case <-gone:
			gone, late = nil, time.After(releaseTime)
		case <-time.After(wait):
		}
	}
}

// retire takes the new backends into use. The idle conns of those that are left
// close after the drain time, and all of them when nothing is in progress.
func (c *change) retire() {
	old := c.Gateway.backends
	c.Gateway.backends = c.backends
	for u, b := range old {
		if slices.Contains(slices.Collect(maps.Values(c.backends)), b) {
			continue
		}
		log := c.log.With("upstream", u.Name)
		c.serving.Go(func() {
			timer := time.NewTimer(c.cfg.Drain)
			defer timer.Stop()
			select {
			case <-timer.C:
				b.closeIdle()
			case <-c.hurry.Done():
			}
			select {
			case <-b.uses.over():
			case <-c.hurry.Done():
			}
			b.close()
			log.Info("ended")
		})
	}
}

// inUse says whether an address is somebody else's.
func inUse(err error) bool {
	return slices.ContainsFunc(inUseErrors, func(e error) bool { return errors.Is(err, e) })
}

// overlaps says whether two listeners may have an address in common.
func (n *Listener) overlaps(other *Listener) bool {
	return slices.ContainsFunc(n.sockets(), func(a Address) bool {
		return slices.ContainsFunc(other.sockets(), a.clashes)
	})
}

// sockets returns the addresses of all sockets.
func (n *Listener) sockets() []Address {
	list := slices.Clone(n.Addresses)
	if n.Protocol == HTTP3 {
		for _, a := range n.Addresses {
			list = append(list, Address{Network: "udp", Host: a.Host})
		}
	}
	return list
}
