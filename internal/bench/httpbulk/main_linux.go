// Httpbulk prints how fast large bodies go over HTTP with different settings, as tables in Markdown.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"time"

	"github.com/strata-net/strata/internal/bench"
)

func main() {
	rounds := flag.Int("rounds", 9, "`number` of times that each way has its turn")
	size := flag.Int64("size", 512, "`MiB` of a body")
	match := flag.String("way", "", "only ways whose name matches this `expression`, and the first one")
	first := flag.String("first", ways()[0].name, "the `way` that the others are compared with")
	flag.Parse()
	if err := run(os.Stdout, *rounds, *size<<20, *match, *first); err != nil {
		fmt.Fprintln(os.Stderr, "httpbulk:", err)
		os.Exit(1)
	}
}

func run(w io.Writer, rounds int, size int64, match, first string) error {
	only, err := regexp.Compile(match)
	switch {
	case err != nil:
		return err
	case rounds < 1 || size < 1:
		return fmt.Errorf("-rounds=%d -size=%d: want 1 or more", rounds, size>>20)
	}
	all := ways()
	base := slices.IndexFunc(all, func(y way) bool { return y.name == first })
	if base < 0 {
		return fmt.Errorf("-first=%q: no such way", first)
	}
	chosen := []way{all[base]}
	for _, y := range all {
		if y.name != first && only.MatchString(y.name) {
			chosen = append(chosen, y)
		}
	}
	fmt.Fprintf(w, "%s. %d rounds of %d MiB over TLS.\n", bench.Machine(), rounds, size>>20)
	down, up, err := compare(chosen, rounds, size)
	if err != nil {
		return err
	}
	writeTable(w, "download", chosen, down, nil)
	writeTable(w, "upload", chosen, up, down)
	return nil
}

// A sample is what one transfer took.
type sample struct{ time, cpu time.Duration }

// compare gives each way its turn in each round, beginning with another one each time: a download and an upload.
func compare(ways []way, rounds int, size int64) (down, up [][]sample, err error) {
	down, up = make([][]sample, len(ways)), make([][]sample, len(ways))
	for round := range rounds {
		for i := range ways {
			i = (i + round) % len(ways)
			for _, upload := range []bool{false, true} {
				table := down
				if upload {
					table = up
				}
				s, err := ways[i].transfer(size, upload)
				if err != nil {
					return nil, nil, fmt.Errorf("%s: %w", ways[i].name, err)
				}
				table[i] = append(table[i], s)
			}
		}
	}
	return down, up, nil
}

// writeTable compares with the first way, and uploads with the same way's downloads.
func writeTable(w io.Writer, name string, ways []way, table, down [][]sample) {
	head, line := "", ""
	if down != nil {
		head, line = " speed to download |", "---|"
	}
	fmt.Fprintf(w, "\n| %s | speed | middle half | CPU | time |%s\n|---|---|---|---|---|%s\n", name, head, line)
	for i, samples := range table {
		speed, cpu, times := make([]float64, len(samples)), make([]float64, len(samples)), make([]float64, len(samples))
		for round, s := range samples {
			speed[round] = table[0][round].time.Seconds() / s.time.Seconds()
			cpu[round] = s.cpu.Seconds() / table[0][round].cpu.Seconds()
			times[round] = s.time.Seconds()
		}
		low, middle, high := quartiles(speed)
		_, used, _ := quartiles(cpu)
		_, took, _ := quartiles(times)
		fmt.Fprintf(w, "| %s | %.2f | %.2f-%.2f | %.2f | %v |", ways[i].name, middle, low, high, used,
			time.Duration(took*float64(time.Second)).Round(time.Millisecond))
		if down != nil {
			part := make([]float64, len(samples))
			for round, s := range samples {
				part[round] = down[i][round].time.Seconds() / s.time.Seconds()
			}
			_, middle, _ := quartiles(part)
			fmt.Fprintf(w, " %.2f |", middle)
		}
		fmt.Fprintln(w)
	}
}

func quartiles(v []float64) (low, middle, high float64) {
	slices.Sort(v)
	return v[len(v)/4], v[len(v)/2], v[len(v)*3/4]
}
