package listener

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strconv"

	"github.com/strata-net/strata/sockopt"
)

// balanced returns the option with which the system spreads conns among the
// sockets of a port; ok is false if there is none. SO_REUSEPORT alone does not
// mean that: on macOS one of the sockets gets them all.
func balanced() (o sockopt.Option, ok bool) {
	switch runtime.GOOS {
	case "linux", "android":
		return sockopt.ReusePort.Value(true), true
	case "freebsd":
		return sockopt.ReusePortLB.Value(true), true
	}
	return sockopt.Option{}, false
}

// shards returns how many sockets each address gets.
func (c *Config) shards() int {
	if _, ok := balanced(); !ok || c.Shards < 1 {
		return 1
	}
	return c.Shards
}

// checkShards says what is wrong with Shards and SteerByCPU, and adds the option
// that they need.
func (c *Config) checkShards(p *problems, places []place) {
	if c.Shards < 0 {
		p.add("Shards", strconv.Itoa(c.Shards), errNegative)
	}
	if c.SteerByCPU {
		p.add("SteerByCPU", "true", c.checkSteering())
	}
	if c.Shards < 2 {
		return
	}
	tcp := true
	for _, a := range places {
		if a.protocol() != "tcp" {
			p.add("Shards", strconv.Itoa(c.Shards), fmt.Errorf("only TCP ports can be shared by sockets, %s cannot", a.value))
			tcp = false
		}
	}
	if c.shards() > 1 && tcp {
		p.add("Shards", strconv.Itoa(c.Shards), c.balance())
	}
}

// balance adds the option that lets several sockets have one port.
func (c *Config) balance() error {
	want, _ := balanced()
	for _, o := range c.Options {
		if o.Name() == want.Name() && o.ValueText() != want.ValueText() {
			return fmt.Errorf("need %s, and Options has %s", want, o)
		}
	}
	c.Options = append(c.Options, want)
	return nil
}

func (c *Config) checkSteering() error {
	switch {
	case runtime.GOOS != "linux" && runtime.GOOS != "android":
		return fmt.Errorf("steering on %s: %w", runtime.GOOS, errors.ErrUnsupported)
	case c.Shards < 2:
		return errors.New("needs Shards above 1")
	case c.Shards > runtime.NumCPU():
		return fmt.Errorf("%d shards on %d CPUs: the others would never get a conn", c.Shards, runtime.NumCPU())
	}
	return nil
}

// openShards opens all sockets of an address. The first one decides the port if
// that is 0, and which address a name stands for.
func openShards(ctx context.Context, c *Config, a address) (group []*stream, err error) {
	for range c.shards() {
		s, err := open(ctx, c, a)
		if err != nil {
			return group, err
		}
		group = append(group, s)
		if a.protocol() == "tcp" {
			a.text = s.Addr().String()
		}
	}
	if c.SteerByCPU {
		if err := steer(group[0], len(group)); err != nil {
			return group, group[0].failed("steer", err)
		}
	}
	return group, nil
}
