package main

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/strata-net/strata/internal/bench/turns"
)

// readSize is what who reads has room for.
const readSize = 64 << 10

// bulk opens a lane of writes of one size, as fast as they are read.
func (w way) bulk(size int) func() (*turns.Lane, error) {
	return func() (*turns.Lane, error) {
		client, server, end, err := w.pair()
		if err != nil {
			return nil, err
		}
		var came atomic.Int64
		var work sync.WaitGroup
		work.Go(func() {
			for b := make([]byte, readSize); ; {
				n, err := server.Read(b)
				if came.Add(int64(n)); err != nil {
					return
				}
			}
		})
		var sent int64
		b := make([]byte, size)
		turn := func(m *turns.Meter) error {
			before := sent
			for m.Begin(); sent == before || !m.Over(); {
				for range readSize / size { // the clock costs as much as some write a KiB for
					n, err := client.Write(b)
					if sent += int64(n); err != nil {
						return err
					}
				}
			}
			for came.Load() < sent {
				time.Sleep(10 * time.Microsecond)
			}
			m.End(float64(sent-before) / 1e6)
			return nil
		}
		return &turns.Lane{Turn: turn, Close: func() {
			end()
			work.Wait()
		}}, nil
	}
}
