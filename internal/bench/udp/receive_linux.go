package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"sync/atomic"
	"time"
)

// A receiver takes one batch a call.
type receiver interface {
	// receive counts the datagrams it got, and those that have another length than the job's.
	receive() (datagrams, cut int, err error)
	port() int
	Close() error // wakes receive
}

// progress is what the receiving goroutine tells the others.
type progress struct {
	datagrams, cut, calls atomic.Int64
	first                 atomic.Int64 // nanoseconds since begun, 0: none yet
	begun                 time.Time
	failed                chan error
}

func runReceiver(in io.Reader, out io.Writer, w way, j job) error {
	r, err := w.receive(j)
	if err != nil {
		return err
	}
	lines := bufio.NewReader(in)
	p := &progress{begun: time.Now(), failed: make(chan error, 1)}
	before := used()
	go p.run(r)
	if err := writeLine(out, ready{r.port()}); err != nil {
		return err
	}
	if _, err := lines.ReadString('\n'); err != nil {
		return err
	}
	rep, err := p.drain(r.port())
	if err != nil {
		return err
	}
	rep.since(before)
	select {
	case err := <-p.failed:
		return fmt.Errorf("%s: receive: %w", j.way, err)
	default:
	}
	if err := writeLine(out, rep); err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, lines)
	return errors.Join(err, r.Close())
}

func (p *progress) run(r receiver) {
	for {
		n, cut, err := r.receive()
		if err != nil {
			p.failed <- err
			return
		}
		if p.first.Load() == 0 {
			p.first.Store(int64(time.Since(p.begun)))
		}
		// Nobody else writes: no locked instruction is needed for the sum.
		p.calls.Store(p.calls.Load() + 1)
		p.cut.Store(p.cut.Load() + int64(cut))
		p.datagrams.Store(p.datagrams.Load() + int64(n))
	}
}

// drain takes the figures of now and waits until nothing more comes.
func (p *progress) drain(port int) (report, error) {
	rep := report{Counted: p.datagrams.Load()}
	if first := p.first.Load(); first != 0 {
		rep.Nanoseconds = int64(time.Since(p.begun)) - first
	}
	for last := int64(-1); last != rep.Datagrams; {
		last = p.datagrams.Load()
		time.Sleep(20 * time.Millisecond) // as long as the C program waits
		state, err := stateOf(os.Getpid(), port)
		if err != nil {
			return rep, err
		}
		if rep.Datagrams = p.datagrams.Load(); state.waiting > 0 && len(p.failed) == 0 {
			last = -1 // it is there, but the machine is busy
		}
	}
	rep.Cut, rep.Calls = p.cut.Load(), p.calls.Load()
	return rep, nil
}
