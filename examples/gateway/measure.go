package main

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/strata-net/strata/tlsx"
)

// What a trial does: so many callers at once, for so long or so often, with
// payloads of a size, after one large payload each.
const (
	trialCallers = 4
	trialTime    = 500 * time.Millisecond
	trialCalls   = 20_000
	payloadSize  = 1 << 10
	largePayload = 1 << 20
	callID       = 8 // bytes at the beginning of a payload that no other one has
)

// A measurement is what a trial found.
type measurement struct {
	took  []time.Duration // each round trip, sorted
	total time.Duration
	http  string       // negotiated HTTP version; empty without HTTP
	tls   tlsx.Session // what TLS agreed on; zero without TLS
}

// rate returns the round trips per second.
func (m *measurement) rate() float64 {
	if m.total <= 0 {
		return 0
	}
	return float64(len(m.took)) / m.total.Seconds()
}

// quantile returns the time within which a share q of the round trips was done
// (nearest rank); 0 without any.
func (m *measurement) quantile(q float64) time.Duration {
	if len(m.took) == 0 {
		return 0
	}
	return m.took[min(int(q*float64(len(m.took))), len(m.took)-1)]
}

// measure runs the callers of a trial. An error of any of them is its error.
func measure(ctx context.Context, open func() (caller, error)) (measurement, error) {
	var m measurement
	var mu sync.Mutex
	var errs []error
	var wg sync.WaitGroup
	start := time.Now()
	for id := range uint64(trialCallers) {
		wg.Go(func() {
			took, http, tls, err := calls(ctx, open, id)
			mu.Lock()
			defer mu.Unlock()
			m.took = append(m.took, took...)
			if err != nil {
				errs = append(errs, err)
				return
			}
			m.http, m.tls = http, tls
		})
	}
	wg.Wait()
	m.total = time.Since(start)
	slices.Sort(m.took)
	return m, errors.Join(errs...)
}

// calls makes the round trips of one caller. Each payload is a different one,
// so that an answer to another call is noticed.
func calls(ctx context.Context, open func() (caller, error), id uint64) (took []time.Duration, http string, tls tlsx.Session, err error) {
	c, err := open()
	if err != nil {
		return nil, "", tls, err
	}
	defer c.close()
	large := make([]byte, min(largePayload, c.largest()))
	rand.Read(large) // never fails, see crypto/rand
	if err := c.call(large); err != nil {
		return nil, "", tls, err
	}
	payload := large[:payloadSize]
	end := time.Now().Add(trialTime)
	for n := uint64(0); n < trialCalls && time.Now().Before(end) && ctx.Err() == nil; n++ {
		binary.BigEndian.PutUint64(payload, id<<32|n)
		start := time.Now()
		if err := c.call(payload); err != nil {
			return took, "", tls, err
		}
		took = append(took, time.Since(start))
	}
	http, tls = c.versions()
	return took, http, tls, ctx.Err()
}
