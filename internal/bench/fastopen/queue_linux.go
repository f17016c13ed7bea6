package main

import (
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/strata-net/strata/internal/bench/lab"
)

// fill prints how many of the dials at one moment find room in the listener's queue.
func fill(out io.Writer, p *lab.Pair, clients int) error {
	fmt.Fprintf(out, "\n| TCP_FASTOPEN of the listener | data with the SYN |\n|---|---|\n")
	for _, queue := range []int{1, 256} {
		opened, err := rush(p, queue, clients)
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "| %d | %d of %d |\n", queue, opened, clients)
	}
	return nil
}

func rush(p *lab.Pair, queue, clients int) (opened int, err error) {
	s, err := serve(p.B, queue)
	if err != nil {
		return 0, err
	}
	defer s.close()
	all, err := ways()
	if err != nil {
		return 0, err
	}
	w, address := all[len(all)-1], s.Addr().String()
	if _, _, err := w.ask(p.A, address); err != nil { // the cookie
		return 0, err
	}
	var mu sync.Mutex
	var done sync.WaitGroup
	var failed []error
	for range clients {
		done.Go(func() {
			_, saved, err := w.ask(p.A, address)
			mu.Lock()
			defer mu.Unlock()
			if saved {
				opened++
			}
			failed = append(failed, err)
		})
	}
	done.Wait()
	return opened, errors.Join(failed...)
}
