// Memory measures what an idle conn costs a server.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"regexp"

	"github.com/strata-net/strata/internal/bench"
)

func main() {
	if err := run(os.Stdin, os.Stdout, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "memory:", err)
		os.Exit(1)
	}
}

func run(in io.Reader, out io.Writer, args []string) error {
	if way := os.Getenv(asAgent); way != "" {
		return agent(in, out, way, args)
	}
	flags := flag.NewFlagSet("memory", flag.ContinueOnError)
	flags.SetOutput(out)
	n := flags.Int("conns", 100_000, "`number` of conns")
	pattern := flags.String("case", "", "only cases whose name matches this `expression`")
	if err := flags.Parse(args); err != nil {
		return err
	}
	match, err := regexp.Compile(*pattern)
	if err != nil {
		return err
	}
	if *n < 1 {
		return fmt.Errorf("-conns=%d: want 1 or more", *n)
	}
	parts, err := split(*n)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%s. %d conns in %d servers.\n", bench.Machine(), *n, len(parts))
	for _, m := range modes() {
		if match.MatchString(m.name) {
			if err := compare(out, m, parts, *n); err != nil {
				return err
			}
		}
	}
	return nil
}

// compare prints what a conn costs with each way.
func compare(out io.Writer, m mode, parts []int, n int) error {
	fmt.Fprintf(out, "\n| %s | bytes | more | heap | stack | objects |\n|---|---|---|---|---|---|\n", m.name)
	base := 0.0
	for i, w := range m.ways {
		r, err := measure(w, m, parts)
		if err != nil {
			return fmt.Errorf("%s: %s: %w", m.name, w.name, err)
		}
		each := func(v int64) float64 { return float64(v) / float64(n) }
		sum := each(r.Heap + r.Stack)
		if i == 0 {
			base = sum
		}
		fmt.Fprintf(out, "| %s | %.0f | %+.0f | %.0f | %.0f | %.1f |\n", w.name, sum, sum-base, each(r.Heap), each(r.Stack), each(r.Objects))
	}
	return nil
}
