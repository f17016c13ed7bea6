// Tunnel measures what carries IP packets between a client and a server: the kernel, a copy between two TUN devices,
// gVisor as it comes, netstack and its forwarder.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"regexp"
	"time"

	"github.com/strata-net/strata/internal/bench"
)

func main() {
	var err error
	if role := os.Getenv(asAgent); role != "" {
		err = agent(os.Stdin, os.Stdout, role, os.Args[1:])
	} else {
		err = run(os.Stdout, os.Args[1:])
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "tunnel:", err)
		os.Exit(1)
	}
}

// settings are what the command line says.
type settings struct {
	time      time.Duration
	flows     int
	way, load *regexp.Regexp
	profiles  string
	progress  bool
}

func parse(out io.Writer, args []string) (*settings, error) {
	s := &settings{}
	flags := flag.NewFlagSet("tunnel", flag.ContinueOnError)
	flags.SetOutput(out)
	flags.DurationVar(&s.time, "time", 2*time.Second, "`time` of each measurement; iperf3 takes whole seconds")
	flags.IntVar(&s.flows, "flows", 10000, "`number` of idle flows")
	way := flags.String("way", "", "only the ways that match this `pattern`")
	load := flags.String("load", "", "only the loads that match this `pattern`")
	flags.StringVar(&s.profiles, "profile", "", "write a profile of the processor and of the heap for each measurement into this `folder`")
	flags.BoolVar(&s.progress, "v", false, "say on standard error what is measured")
	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	if s.time < 10*time.Millisecond || s.flows < 1 {
		return nil, fmt.Errorf("-time=%v -flows=%d: want 10ms, 1 or more", s.time, s.flows)
	}
	var err error
	if s.way, err = regexp.Compile(*way); err != nil {
		return nil, fmt.Errorf("-way=%s: %w", *way, err)
	}
	if s.load, err = regexp.Compile(*load); err != nil {
		return nil, fmt.Errorf("-load=%s: %w", *load, err)
	}
	return s, nil
}

func run(out io.Writer, args []string) error {
	s, err := parse(out, args)
	if err != nil {
		return err
	}
	net, err := newNetwork()
	if err != nil {
		return err
	}
	defer net.Close()
	fmt.Fprintf(out, "%s. %v a measurement, %d idle flows.\n\n%s", bench.Machine(), s.time, s.flows, tableHead)
	for _, l := range loads(s) {
		if err := l.measure(out, net, s); err != nil {
			return err
		}
	}
	return nil
}
