// Http measures requests a second, the latency of 99 of 100 and the time of the
// processors, beside plain net/http with the same settings, as tables in Markdown.
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
	if err := run(os.Stdout, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "http:", err)
		os.Exit(1)
	}
}

// plan is what the command line asks for.
type plan struct {
	rounds  int
	turn    time.Duration // of one way in one round
	clients int
	only    *regexp.Regexp
}

func run(out io.Writer, args []string) error {
	p := plan{}
	var match string
	flags := flag.NewFlagSet("http", flag.ContinueOnError)
	flags.SetOutput(out)
	flags.IntVar(&p.rounds, "rounds", 20, "`number` of times that each way has its turn")
	flags.DurationVar(&p.turn, "turn", 500*time.Millisecond, "`time` of a turn")
	flags.IntVar(&p.clients, "clients", 32, "`number` of requests at the same time")
	flags.StringVar(&match, "case", "", "only cases whose name matches this `expression`")
	err := flags.Parse(args)
	if err != nil {
		return err
	}
	if p.only, err = regexp.Compile(match); err != nil {
		return err
	}
	if p.rounds < 1 || p.turn < time.Millisecond || p.clients < 1 {
		return fmt.Errorf("-rounds=%d -turn=%v -clients=%d: want 1, 1ms, 1 or more", p.rounds, p.turn, p.clients)
	}
	fmt.Fprintf(out, "%s. %d rounds of %v, %d clients.\n", bench.Machine(), p.rounds, p.turn, p.clients)
	for _, c := range cases() {
		if !p.only.MatchString(c.name) {
			continue
		}
		if err := p.measure(out, c); err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
	}
	return nil
}

// measure gives each way its turn, round by round, and prints how they compare.
func (p *plan) measure(out io.Writer, c benchCase) error {
	lanes := make([]*lane, len(c.ways))
	defer func() {
		for _, l := range lanes {
			if l != nil {
				l.close()
			}
		}
	}()
	for i, w := range c.ways {
		var err error
		if lanes[i], err = w.open(c.protocol); err != nil {
			return fmt.Errorf("%s: %w", w.name, err)
		}
		if _, err = lanes[i].turn(p.turn/4, p.clients); err != nil { // warms up
			return fmt.Errorf("%s: %w", w.name, err)
		}
	}
	samples := make([]sample, len(lanes))
	for round := range p.rounds {
		for i := range lanes {
			w := (round + i) % len(lanes)
			s, err := lanes[w].turn(p.turn, p.clients)
			if err != nil {
				return fmt.Errorf("%s: %w", c.ways[w].name, err)
			}
			samples[w].add(s)
		}
	}
	fmt.Fprintf(out, "\n| %s | requests/s | ratio | middle half | p99 | ratio | CPU | ratio |\n|---|---|---|---|---|---|---|---|\n", c.name)
	for i := range samples {
		samples[i].write(out, c.ways[i].name, &samples[0])
	}
	return nil
}

// sample is what the turns of a way gave.
type sample struct{ rates, tails, cpus []float64 }

func (s *sample) add(t turn) {
	s.rates = append(s.rates, t.rate)
	s.tails = append(s.tails, t.tail)
	s.cpus = append(s.cpus, t.cpu)
}

func (s *sample) write(out io.Writer, name string, base *sample) {
	n := len(s.rates)
	rates, tails, cpus := make([]float64, n), make([]float64, n), make([]float64, n)
	for i := range n {
		rates[i], tails[i], cpus[i] = s.rates[i]/base.rates[i], s.tails[i]/base.tails[i], s.cpus[i]/base.cpus[i]
	}
	median := func(v []float64) float64 { return bench.Quantile(v, 0.5) }
	duration := func(seconds float64) time.Duration { return time.Duration(seconds * float64(time.Second)) }
	fmt.Fprintf(out, "| %s | %.0f | %.2f | %.2f-%.2f | %v | %.2f | %v | %.3f |\n", name, median(s.rates), median(rates),
		bench.Quantile(rates, 0.25), bench.Quantile(rates, 0.75), duration(median(s.tails)).Round(time.Microsecond), median(tails),
		duration(median(s.cpus)).Round(10*time.Nanosecond), median(cpus))
}
