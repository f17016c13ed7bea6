// Command measure runs a program of internal/bench and writes what it printed as a file for machines, for plots to be drawn
// from, with the command, the date, the machine and the versions of what was measured:
//
//	go run -C internal/tools ./measure -o docs/plots/data/quic.json go run ./internal/bench/quic -rounds 4
//
// Without -o it takes the runs that are written down in internal/bench, in results.md and tunnel/results.md, with the date
// and the versions of the commit that wrote them down: they took a machine with nothing else to do for hours.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// root is the repository, seen from the module's directory.
const root = "../.."

func main() {
	if err := run(root, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "measure:", err)
		os.Exit(1)
	}
}

func run(root string, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("measure", flag.ContinueOnError)
	flags.SetOutput(out)
	name := flags.String("o", "", "`file` for what a command measures, seen from the repository's root; without it all that is written down is taken")
	conditions := flags.String("conditions", "the machine was otherwise idle", "what else the machine `did`")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if (*name == "") != (flags.NArg() == 0) {
		return errors.New("-o and a command go together")
	}
	if *name != "" {
		return record(root, filepath.Join(root, *name), *conditions, flags.Args(), out)
	}
	var errs []error
	for _, w := range written {
		set, err := w.take(root)
		if err == nil {
			err = set.Write(filepath.Join(root, "docs", "plots", "data", w.name))
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}
