package bench

import (
	"fmt"
	"runtime"
	"slices"
	"time"
)

// A Result is what one Way of a Case costs.
type Result struct {
	Way       string
	Time      time.Duration // of doing it once: median of the rounds
	Ratio     float64       // to the first way, taken in each round: median
	Low, High float64       // the middle half of the rounds had ratios from Low to High
	Allocs    float64       // objects allocated by doing it once, by package net too: median
}

// Compare does the work in each way, round by round. A round goes through all ways, each time beginning with the next,
// so that what else the machine does hits all alike.
func Compare(c Case, rounds int) ([]Result, error) {
	if c.Rounds > 0 {
		rounds = min(rounds, c.Rounds)
	}
	samples := make([]sample, len(c.Ways))
	for round := range rounds {
		for i := range c.Ways {
			w := (round + i) % len(c.Ways)
			if err := samples[w].add(c.Ways[w], c.Batch); err != nil {
				return nil, fmt.Errorf("%s: %s: %w", c.Name, c.Ways[w].Name, err)
			}
		}
	}
	results := make([]Result, len(c.Ways))
	for i := range c.Ways {
		results[i] = samples[i].result(c.Ways[i].Name, samples[0].times)
	}
	return results, nil
}

// A sample holds for each round what doing the work once took.
type sample struct{ times, allocs []float64 }

func (s *sample) add(w Way, n int) error {
	run, err := w.Prepare(n)
	if err != nil {
		return err
	}
	defer run.Close()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	begun := time.Now()
	err = run.Do()
	took := time.Since(begun)
	runtime.ReadMemStats(&after)
	s.times = append(s.times, float64(took)/float64(n))
	s.allocs = append(s.allocs, float64(after.Mallocs-before.Mallocs)/float64(n))
	return err
}

func (s *sample) result(name string, base []float64) Result {
	ratios := make([]float64, len(base))
	for i := range base {
		ratios[i] = s.times[i] / base[i]
	}
	return Result{
		Way:    name,
		Time:   time.Duration(Quantile(s.times, 0.5)),
		Ratio:  Quantile(ratios, 0.5),
		Low:    Quantile(ratios, 0.25),
		High:   Quantile(ratios, 0.75),
		Allocs: Quantile(s.allocs, 0.5),
	}
}

// Quantile returns the value below which the given part of the values is.
func Quantile(values []float64, part float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[int(part*float64(len(sorted)-1)+0.5)]
}
