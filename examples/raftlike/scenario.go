package main

import (
	"context"
	"errors"
	"time"

	"github.com/strata-net/strata/virtnet/simnet"
)

// scenario lets things go wrong until it is time for calm. What goes wrong, and when,
// is a matter of the seed.
func (r *run) scenario(ctx context.Context) error {
	end := r.net.Now() + r.For - calm
	for r.net.Now() < end {
		if err := r.sleep(ctx, r.between(5*time.Second, 30*time.Second)); err != nil {
			return err
		}
		if err := r.trouble(ctx); err != nil {
			return err
		}
	}
	if err := r.repair(); err != nil {
		return err
	}
	return r.sleep(ctx, calm)
}

// trouble is one fault, and maybe its end.
func (r *run) trouble(ctx context.Context) error {
	all := append([]string{clientName}, r.names...)
	r.rand.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	some := 1 + r.rand.IntN(len(all)-1)
	victim := r.names[r.rand.IntN(len(r.names))]
	switch r.rand.IntN(8) {
	case 0:
		r.result.Partings++
		return r.net.Apply(simnet.Partition(all[:some], all[some:]))
	case 1:
		r.result.Partings++
		return r.net.Apply(simnet.Cut(all[:some], all[some:]))
	case 2:
		return r.crash(victim)
	case 3: // all at once
		for _, name := range r.names {
			if err := r.crash(name); err != nil {
				return err
			}
		}
		return r.sleep(ctx, r.between(time.Second, 5*time.Second))
	case 4:
		if err := r.net.Apply(simnet.Pause(victim)); err != nil {
			return err
		}
		if err := r.sleep(ctx, r.between(time.Second, 20*time.Second)); err != nil {
			return err
		}
		return r.net.Apply(simnet.Resume(victim))
	}
	return r.repair()
}

// crash takes the power from a node: what it did not save is gone.
func (r *run) crash(name string) error {
	if r.nodes[name] == nil {
		return nil // it is down
	}
	r.result.Crashes++
	err := r.net.Apply(simnet.Crash(name))
	r.halt(name)
	return err
}

// repair heals the network and starts the nodes that are down.
func (r *run) repair() error {
	err := r.net.Apply(simnet.Heal())
	for _, name := range r.names {
		if r.nodes[name] == nil {
			err = errors.Join(err, r.net.Apply(simnet.Restart(name)), r.start(name))
		}
	}
	return err
}

func (r *run) between(low, high time.Duration) time.Duration {
	return low + time.Duration(r.rand.Int64N(int64(high-low)))
}

// sleep ends early if something failed.
func (r *run) sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case err := <-r.failed:
		return err
	case <-ctx.Done():
		if err := r.checker.Err(); err != nil {
			return err // which has ended the context
		}
		return ctx.Err()
	}
}
