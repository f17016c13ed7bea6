package main

import (
	"fmt"
	"time"
)

// A side is what of a way is measured.
type side struct {
	name  string
	match func(way string) (send, receive string)
	rate  func(o outcome) float64 // datagrams a second
	// segments is how many datagrams a C sender sends as one. The wireguard bind stops receiving at one that has more
	// than 64, though Linux 6.9 and newer send 128 when they are asked to.
	segments int
}

func sides() []side {
	return []side{
		{"end to end", func(w string) (string, string) { return w, w }, receivedRate, 128},
		{"send", func(w string) (string, string) { return w, yardstick }, func(o outcome) float64 {
			return perSecond(o.sent.Datagrams, o.sent.Nanoseconds)
		}, 128},
		{"receive", func(w string) (string, string) { return yardstick, w }, receivedRate, 64},
	}
}

func receivedRate(o outcome) float64 { return perSecond(o.received.Counted, o.received.Nanoseconds) }

func perSecond(n, nanoseconds int64) float64 {
	return float64(n) / (float64(max(nanoseconds, 1)) / float64(time.Second))
}

// A bout is one side on one path with one size of datagrams.
type bout struct {
	side side
	path path
	size int
}

func (b bout) name() string { return fmt.Sprintf("%s, %d B, %s", b.side.name, b.size, b.path.name) }

func bouts() []bout {
	var all []bout
	for _, s := range sides() {
		for _, p := range paths() {
			for _, size := range []int{200, 1400} {
				all = append(all, bout{s, p, size})
			}
		}
	}
	return all
}

// run plays all ways in turns. A round begins with another way than the one before.
func (b bout) run(p programs, rounds, batch int, d time.Duration) ([]result, error) {
	s, err := b.path.open()
	if err != nil {
		return nil, err
	}
	defer s.close()
	all := ways()
	samples := make([]sample, len(all))
	for round := range rounds {
		for i := range all {
			w := (round + i) % len(all)
			send, receive := b.side.match(all[w].name)
			o, err := p.play(s, match{send, receive, b.size, batch, d, b.side.segments})
			if err != nil {
				return nil, fmt.Errorf("%s: %s: %w", b.name(), all[w].name, err)
			}
			samples[w].add(b.side.rate(o), o, train(b, send, receive, batch))
		}
	}
	results := make([]result, len(all))
	for i, w := range all {
		results[i] = samples[i].result(w.name, samples[indexOf(yardstick)].rates, samples[indexOf(plain)].rates)
	}
	return results, nil
}
