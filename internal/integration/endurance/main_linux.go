// Endurance runs the gateway of examples/gateway under mixed load, injects faults one after the other, and fails for every
// error that no fault explains, every request that was acknowledged and is lost, and everything that grows. See
// docs/endurance.md. It needs Linux, root, and the programs ip and go.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/strata-net/strata/internal/integration/ownspace"
)

func main() {
	if config := os.Getenv(asUpstream); config != "" {
		fmt.Fprintln(os.Stderr, "upstream:", serveUpstream(config))
		os.Exit(1)
	}
	o, err := parse(os.Args[1:], os.Stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return
	case err != nil:
		os.Exit(2)
	}
	os.Exit(ownspace.Main(program(o), nil))
}

// program is the test with its options, as something that returns an exit status.
type program options

// Run runs it.
func (p program) Run() int {
	if err := endure(options(p), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "endurance:", err)
		return 1
	}
	return 0
}

// parse reads the command line and says what is wrong with it.
func parse(args []string, diag io.Writer) (options, error) {
	var o options
	fs := flag.NewFlagSet("endurance", flag.ContinueOnError)
	fs.SetOutput(diag)
	fs.DurationVar(&o.length, "for", 5*time.Minute, "`time` of load; each fault is injected at least once, whatever it is")
	fs.DurationVar(&o.pace, "pace", 300*time.Millisecond, "`time` between two requests of a client")
	fs.Uint64Var(&o.seed, "seed", 1, "`number` that the order of faults depends on, after the first round")
	fs.BoolVar(&o.race, "race", false, "build the gateway with the race detector")
	fs.StringVar(&o.only, "fault", "", "only faults whose name has this `text` in it")
	if err := fs.Parse(args); err != nil {
		return o, err
	}
	var err error
	switch {
	case fs.NArg() > 0:
		err = fmt.Errorf("unexpected argument %q", fs.Arg(0))
	case o.length <= 0:
		err = fmt.Errorf("-for=%v: want more than 0", o.length)
	case o.pace < time.Millisecond || o.pace > 5*time.Second:
		err = fmt.Errorf("-pace=%v: want 1ms to 5s", o.pace)
	}
	if err != nil {
		fmt.Fprintln(diag, "endurance:", err)
		fs.Usage()
	}
	return o, err
}
