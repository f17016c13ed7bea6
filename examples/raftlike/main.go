// Raftlike is a replicated log: five nodes elect a leader, which orders commands and
// commits what a majority has, as Raft does it. The nodes know a virtual network
// only, and do not see which one it is.
//
//	go run ./examples/raftlike                # an hour on a simulated network, with partitions and crashes
//	go run ./examples/raftlike -seed 7        # the same hour each time
//	go run ./examples/raftlike -processes 5   # each node a process, one of which is killed
//
// See README.md.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"strings"
	"time"
)

func main() {
	err := start(context.Background(), os.Args, os.Stdin, os.Stdout, inBubble)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// options are the command line.
type options struct {
	simulation Simulation
	view       view
	processes  int
	commands   int
	limit      time.Duration
	member     member
}

// parse reads the command line. Of the three things that the program can do it asks
// for one.
func parse(args []string, out io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet(args[0], flag.ContinueOnError)
	flags.SetOutput(out)
	flags.Uint64Var(&o.simulation.Seed, "seed", 0, "`seed` of a simulation: all chance in it; 0 is a random one")
	flags.DurationVar(&o.simulation.For, "for", time.Hour, "virtual time of a simulation, more than "+calm.String())
	flags.IntVar(&o.simulation.Nodes, "nodes", 5, "`number` of simulated nodes")
	flags.IntVar(&o.view.arrows, "arrows", 40, "`number` of arrows of the diagram that is printed; 0 is no diagram")
	flags.DurationVar(&o.view.from, "from", 0, "`time` at which the diagram begins; with a violation that is just before it")
	flags.StringVar(&o.view.mermaid, "mermaid", "", "`file` for the diagram in the language of Mermaid")
	flags.StringVar(&o.view.dot, "dot", "", "`file` for the messages of the diagram with time to scale, for Graphviz: neato -n")
	flags.StringVar(&o.view.pcapng, "pcapng", "", "`file` for all packets, for Wireshark")
	flags.StringVar(&o.view.log, "log", "", "`file` for all events, one a line")
	flags.IntVar(&o.processes, "processes", 0, "`number` of processes, each a node, instead of a simulation")
	flags.IntVar(&o.commands, "commands", 50, "`number` of commands in each part of a run with processes")
	flags.DurationVar(&o.limit, "limit", time.Minute, "how long a run with processes may take")
	flags.StringVar(&o.member.data, "data", "", "`folder` for what the processes must not forget; empty is a temporary one")
	flags.StringVar(&o.member.network, "network", "", "`name` of a network that this process joins as one node")
	flags.StringVar(&o.member.node, "node", "", "`name` of this node")
	flags.Func("peers", "`names` of the other nodes, with commas", func(s string) error {
		o.member.peers = strings.Split(s, ",")
		return nil
	})
	if err := flags.Parse(args[1:]); err != nil {
		return o, err
	}
	if flags.NArg() > 0 {
		return o, fmt.Errorf("unexpected: %s", strings.Join(flags.Args(), " "))
	}
	return o, o.check()
}

func (o *options) check() error {
	for _, bad := range []struct {
		is   bool
		what string
	}{
		{o.simulation.For <= calm, fmt.Sprintf("-for %v: must be more than %v", o.simulation.For, calm)},
		{o.simulation.Nodes < 1 || o.simulation.Nodes > 99, fmt.Sprintf("-nodes %d: must be from 1 to 99", o.simulation.Nodes)},
		{o.view.arrows < 0, fmt.Sprintf("-arrows %d: must not be negative", o.view.arrows)},
		{o.processes < 0 || o.processes > 99, fmt.Sprintf("-processes %d: must be from 0 to 99", o.processes)},
		{o.commands < 1, fmt.Sprintf("-commands %d: must be positive", o.commands)},
		{(o.member.network == "") != (o.member.node == ""), "-network and -node go together"},
		{o.member.network != "" && o.member.data == "", "-network needs -data"},
		{o.member.network != "" && o.processes > 0, "-network and -processes exclude each other"},
	} {
		if bad.is {
			return fmt.Errorf("%s", bad.what)
		}
	}
	return nil
}

// start does what the command line says. A node ends with its standard input.
func start(ctx context.Context, args []string, in io.Reader, out io.Writer, bubble func(f func() error, after func())) error {
	o, err := parse(args, out)
	if err != nil {
		return err
	}
	switch {
	case o.member.network != "":
		ctx, cancel := untilEOF(ctx, in)
		defer cancel()
		return o.member.run(ctx, out)
	case o.processes > 0:
		return o.cluster(ctx, out)
	}
	for o.simulation.Seed == 0 {
		o.simulation.Seed = rand.Uint64() //nolint:gosec // any will do
	}
	begun := time.Now()
	bubble(func() error { return simulate(ctx, o.simulation, o.view, out) },
		func() { fmt.Fprintf(out, "in %v\n", time.Since(begun).Round(time.Millisecond)) })
	return nil
}

// cluster runs processes, with a folder that is theirs.
func (o *options) cluster(ctx context.Context, out io.Writer) (err error) {
	ctx, cancel := context.WithTimeout(ctx, o.limit)
	defer cancel()
	c := cluster{nodes: o.processes, commands: o.commands, data: o.member.data, program: program(), out: &shared{out: out}}
	if c.data == "" {
		if c.data, err = os.MkdirTemp("", "raftlike"); err != nil {
			return err
		}
		defer os.RemoveAll(c.data)
	}
	return c.run(ctx)
}
