package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/strata-net/strata/sockopt"
)

// demoTime bounds a whole demo, whatever goes wrong.
const demoTime = time.Minute

// demoOptions are what the clients of the demo ask for on their own sockets.
func demoOptions(network string) sockopt.Options {
	if network != "tcp" {
		return sockopt.Options{sockopt.RcvBuf.Value(200_000)}
	}
	return sockopt.Options{
		sockopt.TCPNoDelay.Value(true),
		sockopt.TCPKeepIdle.Value(25 * time.Second),
		sockopt.Prefer(sockopt.TCPUserTimeout.Value(10 * time.Second)),
	}
}

// A trial is one row of the demo: one protocol on one listener.
type trial struct {
	listener *Listener
	protocol string // such as https
	version  string // the HTTP version that the client offers; empty for TCP

	address net.Addr
	measure measurement
	err     error
}

// name says which trial it is, for an error.
func (t *trial) name() string {
	if t.version == "" {
		return t.protocol
	}
	return t.protocol + " " + t.version
}

// demo runs the built-in example on free ports, drives traffic through each of
// its listeners and prints a table. Its error names what did not work.
func demo(ctx context.Context, out io.Writer, log *slog.Logger) error {
	cfg, err := Load("default.yaml", defaultConfig)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "gateway")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	cfg.relocate(dir)
	return demoOf(ctx, cfg, out, log)
}

// relocate makes all listeners take free ports, and paths in a folder. What is
// dialled by a rewrite moves along.
func (c *Config) relocate(dir string) {
	moved := map[string]string{}
	for _, n := range c.Listeners {
		a := Address{Network: n.Protocol.network(), Host: "127.0.0.1:0"}
		if old := n.Addresses[0]; old.Network == "unix" {
			a = Address{Network: "unix", Host: filepath.Join(dir, n.Name+".sock")}
			moved[old.Host] = a.Host
		}
		n.Addresses = []Address{a}
	}
	for _, u := range c.Upstreams {
		for i, r := range u.Dial.Rewrites {
			if to, ok := moved[r.ToAddress]; ok {
				u.Dial.Rewrites[i].ToAddress = to
			}
		}
	}
}

// demoOf is demo for any configuration whose upstreams are echo servers.
func demoOf(ctx context.Context, cfg *Config, out io.Writer, log *slog.Logger) error {
	ctx, cancel := context.WithTimeout(ctx, demoTime)
	defer cancel()
	seen := &gallery{}
	g, err := Start(ctx, cfg, log, seen.add)
	if err != nil {
		return err
	}
	trials := newTrials(cfg)
	for _, t := range trials {
		t.address = g.Addr(t.listener.Name)
		t.run(ctx, g.CA(), seen)
		if t.err == nil {
			t.err = t.probe(ctx)
		}
	}
	down, cancel := context.WithTimeout(ctx, cfg.Drain)
	defer cancel()
	if !g.Shutdown(down) {
		err = errors.New("shutdown: something did not end by itself")
	}
	if werr := errors.Join(writeTable(out, trials, seen), writeCounters(out, g)); werr != nil {
		return werr
	}
	return errors.Join(err, failures(trials), seen.failures(), ctx.Err())
}

// newTrials returns one trial for each protocol that a listener speaks.
func newTrials(cfg *Config) []*trial {
	var trials []*trial
	for _, n := range cfg.Listeners {
		secure := n.TLS != nil
		switch {
		case n.Protocol == UDP:
			trials = append(trials, &trial{listener: n, protocol: "udp"})
		case n.Protocol == TCP && secure:
			trials = append(trials, &trial{listener: n, protocol: "tcp+tls"})
		case n.Protocol == TCP:
			trials = append(trials, &trial{listener: n, protocol: "tcp"})
		case secure:
			trials = append(trials,
				&trial{listener: n, protocol: "https", version: "HTTP/1.1"},
				&trial{listener: n, protocol: "https", version: "HTTP/2.0"})
		default:
			trials = append(trials, &trial{listener: n, protocol: "http", version: "HTTP/1.1"})
		}
	}
	return trials
}

// run measures and notes what went wrong.
func (t *trial) run(ctx context.Context, ca *CA, seen *gallery) {
	open := func() (caller, error) { return t.dial(ctx, ca, seen.add) }
	t.measure, t.err = measure(ctx, open)
	if t.err == nil && t.version != "" && t.measure.http != t.version {
		t.err = fmt.Errorf("want %s, got %s", t.version, t.measure.http)
	}
}

// failures joins the errors of trials, each with the name of its trial.
func failures(trials []*trial) error {
	var errs []error
	for _, t := range trials {
		if t.err != nil {
			errs = append(errs, fmt.Errorf("demo: %s on %v: %w", t.name(), t.address, t.err))
		}
	}
	return errors.Join(errs...)
}
