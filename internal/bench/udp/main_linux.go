// Udp compares ways to send and receive datagrams, and prints tables in Markdown.
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
	if err := run(os.Stdin, os.Stdout, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "udp:", err)
		os.Exit(1)
	}
}

func run(in io.Reader, out io.Writer, args []string) error {
	if way := os.Getenv(asAgent); way != "" {
		return agent(in, out, way, args)
	}
	flags := flag.NewFlagSet("udp", flag.ContinueOnError)
	flags.SetOutput(out)
	seconds := flags.Float64("seconds", 0.3, "how long each way sends in a round, in `seconds`")
	rounds := flags.Int("rounds", 11, "`number` of times that each way has its turn")
	batch := flags.Int("batch", 128, "`datagrams` a call, where the way has batches")
	pin := flags.Bool("pin", false, "keep the sender on CPU 0 and the receiver on CPU 1")
	pattern := flags.String("case", "", "only cases whose name matches this `expression`")
	if err := flags.Parse(args); err != nil {
		return err
	}
	match, err := regexp.Compile(*pattern)
	if err != nil {
		return err
	}
	if *rounds < 1 || *batch < 1 || *seconds <= 0 {
		return fmt.Errorf("-rounds=%d -batch=%d -seconds=%g: want more than 0", *rounds, *batch, *seconds)
	}
	return compare(out, programs{pinned: *pin}, match, *rounds, *batch, time.Duration(*seconds*float64(time.Second)))
}

func compare(out io.Writer, p programs, match *regexp.Regexp, rounds, batch int, d time.Duration) error {
	folder, err := os.MkdirTemp("", "strata-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	if p.native, err = buildNative(folder); err != nil {
		return err
	}
	if p.self, err = os.Executable(); err != nil {
		return err
	}
	fmt.Fprintf(out, "%s. %d rounds of %v, %d datagrams a call.\n", bench.Machine(), rounds, d, batch)
	for _, b := range bouts() {
		if !match.MatchString(b.name()) {
			continue
		}
		results, err := b.run(p, rounds, batch, d)
		if err != nil {
			return err
		}
		writeTable(out, b.name(), results)
	}
	return nil
}

func writeTable(w io.Writer, name string, results []result) {
	fmt.Fprintf(w, "\n| %s | datagrams/s | to C | middle half | to net | lost: buffer | backlog | elsewhere | CPU ns | objects |\n", name)
	fmt.Fprintln(w, "|---|---|---|---|---|---|---|---|---|---|")
	for _, r := range results {
		fmt.Fprintf(w, "| %s | %.0f k | %.2f | %.2f-%.2f | %.1f | %.1f %% | %.1f %% | %.1f %% | %.0f + %.0f | %.2f + %.2f |\n",
			r.way, r.rate/1000, r.ratio, r.low, r.high, r.plainRatio, 100*r.buffer, 100*r.backlog, 100*r.elsewhere,
			r.sendCPU, r.receiveCPU, r.sendAllocs, r.recvAllocs)
		if r.cut > 0 {
			fmt.Fprintf(w, "| %s: %d datagrams came with another length |\n", r.way, r.cut)
		}
	}
}
