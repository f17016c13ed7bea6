package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"time"

	"github.com/strata-net/strata/virtnet/simnet"
)

// view is what is shown of a simulation.
type view struct {
	from                      time.Duration
	arrows                    int
	mermaid, dot, pcapng, log string // files
}

// simulate runs a simulation and shows it. It has to be called in a bubble.
func simulate(ctx context.Context, s Simulation, v view, out io.Writer) error {
	fmt.Fprintf(out, "seed %d: %d nodes for %v\n", s.Seed, s.Nodes, s.For)
	result, err := s.Run(ctx)
	if result == nil {
		return err
	}
	fmt.Fprintf(out, "%d elections, %d commands in %d entries, %d crashes, %d partitions\n",
		result.Elections, result.Commands, result.Entries, result.Crashes, result.Partings)
	if violated(err) {
		v.from = result.before(v.arrows)
	}
	err = errors.Join(err, v.show(result, out))
	if err != nil {
		return fmt.Errorf("%w\nthe same again: -seed %d -for %v -nodes %d", err, s.Seed, s.For, s.Nodes)
	}
	return nil
}

// before returns when the last arrows before the violation begin.
func (r *Result) before(arrows int) time.Duration {
	times := make([]time.Duration, 1, max(arrows, 1))
	events := simnet.Filter(r.Net.Trace(), worthy, simnet.OfKind(simnet.KindDeliver, simnet.KindDrop, simnet.KindFault), simnet.Between(0, r.Violated+1))
	for e := range events {
		if len(times) == cap(times) {
			times = append(times[:0], times[1:]...)
		}
		times = append(times, e.Time)
	}
	return times[0]
}

// show draws the messages from a time on, and writes the files.
func (v *view) show(r *Result, out io.Writer) error {
	window := simnet.Filter(r.Net.Trace(), worthy, simnet.Between(v.from, math.MaxInt64))
	d := simnet.Diagram{MaxEvents: v.arrows, Label: label, Hosts: r.Hosts}
	var errs []error
	if v.arrows > 0 {
		errs = append(errs, d.WriteText(out, window))
	}
	errs = append(errs,
		writeFile(v.mermaid, func(w io.Writer) error { return d.WriteMermaid(w, window) }),
		writeFile(v.dot, newChart(r.Hosts, r.Net.Trace(), v.from, v.arrows).write),
		writeFile(v.pcapng, func(w io.Writer) error { return simnet.Capture{}.WritePcapng(w, r.Net.Trace()) }),
		writeFile(v.log, func(w io.Writer) error { return simnet.WriteText(w, r.Net.Trace()) }),
	)
	return errors.Join(errs...)
}

// writeFile writes a file, if it has a name.
func writeFile(name string, write func(io.Writer) error) error {
	if name == "" {
		return nil
	}
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	return errors.Join(write(f), f.Close())
}
