package main

import (
	"errors"
	"io"
	"sync"

	"github.com/strata-net/strata/internal/bench/turns"
)

const tripSize = 64

// trips go from the client to the server and back, one at a time.
func (w way) trips() (*turns.Lane, error) {
	client, server, end, err := w.pair()
	if err != nil {
		return nil, err
	}
	var work sync.WaitGroup
	work.Go(func() {
		for b := make([]byte, tripSize); ; {
			if _, err := io.ReadFull(server, b); err != nil {
				return
			}
			if _, err := server.Write(b); err != nil {
				return
			}
		}
	})
	out, in := make([]byte, tripSize), make([]byte, tripSize)
	turn := func(m *turns.Meter) error {
		n := 0
		for m.Begin(); n == 0 || !m.Over(); n++ {
			out[n%tripSize]++
			if _, err := client.Write(out); err != nil {
				return err
			}
			if _, err := io.ReadFull(client, in); err != nil {
				return err
			}
			if string(in) != string(out) {
				return errors.New("what came back is not what was sent")
			}
		}
		m.End(float64(n))
		return nil
	}
	return &turns.Lane{Turn: turn, Close: func() {
		end()
		work.Wait()
	}}, nil
}
