package turns

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/strata-net/strata/internal/bench"
)

// A sample has what was measured in each round.
type sample struct{ rates, cpus, losses []float64 }

func (s *sample) add(m *Meter) error {
	if m.done <= 0 || m.took <= 0 {
		return errors.New("nothing was done in a turn")
	}
	s.rates = append(s.rates, m.done/m.took.Seconds())
	s.cpus = append(s.cpus, m.cpu.Seconds()/m.done)
	s.losses = append(s.losses, m.lost/(m.done+m.lost))
	return nil
}

func write(out io.Writer, c Case, samples []sample) {
	lost, line := "", ""
	if c.Lossy {
		lost, line = " lost |", "---|"
	}
	fmt.Fprintf(out, "\n| %s | %s/s | ratio | middle half | CPU/%s | ratio | middle half |%s\n|---|---|---|---|---|---|---|%s\n", c.Name, c.Unit, c.Unit, lost, line)
	for i, s := range samples {
		rates, cpus := ratios(s.rates, samples[0].rates), ratios(s.cpus, samples[0].cpus)
		fmt.Fprintf(out, "| %s | %s | %s | %v | %s |", c.Ways[i].Name, figure(bench.Quantile(s.rates, 0.5)), spread(rates),
			short(bench.Quantile(s.cpus, 0.5)), spread(cpus))
		if c.Lossy {
			fmt.Fprintf(out, " %.1f %% |", 100*bench.Quantile(s.losses, 0.5))
		}
		fmt.Fprintln(out)
	}
}

// ratios are taken in each round.
func ratios(values, base []float64) []float64 {
	list := make([]float64, len(values))
	for i := range values {
		list[i] = values[i] / base[i]
	}
	return list
}

// spread is the median and the middle half.
func spread(v []float64) string {
	return fmt.Sprintf("%.2f | %.2f-%.2f", bench.Quantile(v, 0.5), bench.Quantile(v, 0.25), bench.Quantile(v, 0.75))
}

// figure has three digits or more.
func figure(v float64) string {
	if v < 10 {
		return fmt.Sprintf("%.2f", v)
	}
	return fmt.Sprintf("%.0f", v)
}

// short rounds a time to three digits.
func short(seconds float64) time.Duration {
	d := time.Duration(seconds * float64(time.Second))
	unit := time.Duration(1)
	for d/unit >= 1000 {
		unit *= 10
	}
	return d.Round(unit)
}
