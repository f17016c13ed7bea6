// Ratios prints what the SDK costs beside the same work written by hand, as a table in Markdown.
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
	rounds := flag.Int("rounds", 400, "`number` of times that each way has its turn")
	match := flag.String("case", "", "only cases whose name matches this `expression`")
	flag.Parse()
	if err := run(os.Stdout, *rounds, *match); err != nil {
		fmt.Fprintln(os.Stderr, "ratios:", err)
		os.Exit(1)
	}
}

func run(w io.Writer, rounds int, match string) error {
	only, err := regexp.Compile(match)
	if err != nil {
		return err
	}
	if rounds < 1 {
		return fmt.Errorf("-rounds=%d: want 1 or more", rounds)
	}
	fmt.Fprintf(w, "%s. %d rounds.\n", bench.Machine(), rounds)
	for _, c := range bench.Cases() {
		if !only.MatchString(c.Name) {
			continue
		}
		results, err := bench.Compare(c, rounds)
		if err != nil {
			return err
		}
		writeTable(w, c.Name, results)
	}
	return nil
}

func writeTable(w io.Writer, name string, results []bench.Result) {
	fmt.Fprintf(w, "\n| %s | ratio | middle half | time | objects |\n|---|---|---|---|---|\n", name)
	for _, r := range results {
		fmt.Fprintf(w, "| %s | %.2f | %.2f-%.2f | %v | %.0f |\n", r.Way, r.Ratio, r.Low, r.High, r.Time, r.Allocs)
	}
}
