package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"syscall"
	"time"
)

// lane is a client with the servers behind it.
type lane struct {
	client  http.RoundTripper
	url     string
	proto   int // what the client must be answered by
	closers []func()
}

func (l *lane) close() {
	for _, f := range slices.Backward(l.closers) {
		f()
	}
}

// turn is the outcome of one.
type turn struct {
	rate float64 // requests a second
	tail float64 // seconds within which 99 of 100 were answered
	cpu  float64 // seconds of the processors for each request, both sides together
}

// turn sends requests for the given time, n at once.
func (l *lane) turn(length time.Duration, n int) (turn, error) {
	times := make([][]float64, n)
	errs := make([]error, n)
	var wait sync.WaitGroup
	begun, before := time.Now(), cpu()
	for i := range n {
		wait.Go(func() {
			for len(times[i]) == 0 || time.Since(begun) < length && errs[i] == nil { // one at least
				start := time.Now()
				errs[i] = l.request()
				times[i] = append(times[i], time.Since(start).Seconds())
			}
		})
	}
	wait.Wait()
	took, used := time.Since(begun).Seconds(), cpu()-before
	all := slices.Sorted(slices.Values(slices.Concat(times...)))
	return turn{rate: float64(len(all)) / took, tail: all[len(all)*99/100], cpu: used.Seconds() / float64(len(all))}, errors.Join(errs...)
}

// cpu is the time of the processors that this process, which is client and server, has had.
func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err) // the arguments are right
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// request sends one and reads the answer.
func (l *lane) request() error {
	r, err := http.NewRequestWithContext(context.Background(), http.MethodGet, l.url, http.NoBody)
	if err != nil {
		return err
	}
	response, err := l.client.RoundTrip(r)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	n, err := io.Copy(io.Discard, response.Body)
	if err == nil && (n != int64(len(answer)) || response.ProtoMajor != l.proto) {
		err = fmt.Errorf("%d bytes by %s", n, response.Proto)
	}
	return err
}
