package turns

import (
	"fmt"
	"io"
	"regexp"
	"slices"
	"time"

	"github.com/strata-net/strata/internal/bench"
)

// A Case is one piece of work and the ways to do it.
type Case struct {
	Name  string
	Unit  string // what is counted: "MiB"
	Lossy bool   // what is sent may be lost
	Ways  []Way  // the others are compared with the first
	// Table measures and prints what has no turns, under the name, for the ways that match; Ways is empty then.
	Table func(out io.Writer, name string, match *regexp.Regexp) error
}

// A Way makes ready to do the work.
type Way struct {
	Name string
	Open func() (*Lane, error)
}

// A Lane is a way that is ready.
type Lane struct {
	Turn  func(m *Meter) error // does the work for the time of a turn, and tells the meter when it begins and ends
	Close func()
}

// A Plan says what to run and for how long.
type Plan struct {
	Rounds int
	Turn   time.Duration
	Case   *regexp.Regexp // only cases with such a name
	Way    *regexp.Regexp // only ways with such a name, and the first one
}

// Run measures the cases one after the other and prints a table for each.
func (p *Plan) Run(out io.Writer, cases []Case) error {
	fmt.Fprintf(out, "%s. %d rounds of %v.\n", bench.Machine(), p.Rounds, p.Turn)
	for _, c := range cases {
		if !p.Case.MatchString(c.Name) {
			continue
		}
		if c.Table != nil {
			if err := c.Table(out, c.Name, p.Way); err != nil {
				return fmt.Errorf("%s: %w", c.Name, err)
			}
			continue
		}
		first := c.Ways[0].Name
		c.Ways = slices.DeleteFunc(slices.Clone(c.Ways), func(w Way) bool { return w.Name != first && !p.Way.MatchString(w.Name) })
		samples, err := p.measure(c)
		if err != nil {
			return fmt.Errorf("%s: %w", c.Name, err)
		}
		write(out, c, samples)
	}
	return nil
}

// measure gives each way its turn in each round, beginning with another one each time.
func (p *Plan) measure(c Case) ([]sample, error) {
	lanes := make([]*Lane, len(c.Ways))
	defer func() {
		for _, l := range lanes {
			if l != nil {
				l.Close()
			}
		}
	}()
	for i, w := range c.Ways {
		var err error
		if lanes[i], err = w.Open(); err == nil {
			err = lanes[i].Turn(newMeter(p.Turn / 4)) // warms up
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", w.Name, err)
		}
	}
	samples := make([]sample, len(lanes))
	for round := range p.Rounds {
		for i := range lanes {
			w := (round + i) % len(lanes)
			m := newMeter(p.Turn)
			if err := lanes[w].Turn(m); err != nil {
				return nil, fmt.Errorf("%s: %w", c.Ways[w].Name, err)
			}
			if err := samples[w].add(m); err != nil {
				return nil, fmt.Errorf("%s: %w", c.Ways[w].Name, err)
			}
		}
	}
	return samples, nil
}
