package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/strata-net/strata/dialer"
	"github.com/strata-net/strata/internal/bench"
	"github.com/strata-net/strata/internal/bench/lab"
	"github.com/strata-net/strata/sockopt"
)

// A way dials and sends the question.
type way struct {
	name string
	dial func(address string) (net.Conn, error)
}

func ways() ([]way, error) {
	d, err := dialer.New(nil)
	if err != nil {
		return nil, err
	}
	plain := &net.Dialer{}
	late := &net.Dialer{Control: sockopt.Options{sockopt.TCPFastOpenConnect.Value(true)}.Control}
	return []way{
		{"net.Dialer, then Write", func(address string) (net.Conn, error) { return dialAndWrite(plain, address) }},
		{"net.Dialer with TCP_FASTOPEN_CONNECT, then Write", func(address string) (net.Conn, error) { return dialAndWrite(late, address) }},
		{"dialer.New, then Write", func(address string) (net.Conn, error) { return dialAndWrite(d, address) }},
		{"dialer.DialData", func(address string) (net.Conn, error) { return dialData(d, address) }},
	}, nil
}

func dialAndWrite(d dialer.Dialer, address string) (net.Conn, error) {
	c, err := d.DialContext(context.Background(), "tcp4", address)
	if err != nil {
		return nil, err
	}
	_, err = c.Write(question)
	return c, err
}

func dialData(d dialer.Dialer, address string) (net.Conn, error) {
	return dialer.DialData(context.Background(), d, "tcp4", address, question)
}

// ask returns how long it takes from the dial to the first byte of the answer, and whether a round trip was saved.
func (w way) ask(n *lab.Namespace, address string) (took time.Duration, saved bool, err error) {
	err = n.Do(func() error {
		begun := time.Now()
		c, err := w.dial(address)
		if err != nil {
			return err
		}
		defer c.Close()
		answer := make([]byte, len(question))
		if _, err := io.ReadFull(c, answer[:1]); err != nil {
			return err
		}
		took = time.Since(begun)
		saved, err = dialer.FastOpened(c)
		return err
	})
	return took, saved, err
}

// compare prints how long each way takes, in round trips of the handshake in the same round.
func compare(out io.Writer, p *lab.Pair, rounds int) error {
	s, err := serve(p.B, 256)
	if err != nil {
		return err
	}
	defer s.close()
	all, err := ways()
	if err != nil {
		return err
	}
	address := s.Addr().String()
	times, trips := make([][]float64, len(all)), make([][]float64, len(all))
	opened := make([]int, len(all))
	for round := range rounds + 1 {
		trip, err := roundTrip(p.A, address)
		if err != nil {
			return err
		}
		for i := range all {
			w := (round + i) % len(all)
			took, saved, err := all[w].ask(p.A, address)
			if err != nil {
				return fmt.Errorf("%s: %w", all[w].name, err)
			}
			if round == 0 {
				continue // the first dial fetches the cookie
			}
			times[w] = append(times[w], float64(took))
			trips[w] = append(trips[w], float64(took)/float64(trip))
			if saved {
				opened[w]++
			}
		}
	}
	fmt.Fprint(out, "\n| way | first byte of the answer | round trips | middle half | data with the SYN |\n|---|---|---|---|---|\n")
	for i, w := range all {
		fmt.Fprintf(out, "| %s | %v | %.2f | %.2f-%.2f | %d of %d |\n", w.name,
			time.Duration(bench.Quantile(times[i], 0.5)).Round(10*time.Microsecond), bench.Quantile(trips[i], 0.5),
			bench.Quantile(trips[i], 0.25), bench.Quantile(trips[i], 0.75), opened[i], rounds)
	}
	return nil
}

// roundTrip is how long a handshake takes.
func roundTrip(n *lab.Namespace, address string) (trip time.Duration, err error) {
	err = n.Do(func() error {
		begun := time.Now()
		c, err := (&net.Dialer{}).DialContext(context.Background(), "tcp4", address)
		if err != nil {
			return err
		}
		trip = time.Since(begun)
		return c.Close()
	})
	return trip, err
}
