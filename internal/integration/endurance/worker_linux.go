package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"
)

// patience is what a client waits for an answer. It is longer than what a loaded machine takes, and than what each fault
// lasts but those that are to exceed it.
const patience = 20 * time.Second

// A load is many clients that send requests one after the other.
type load struct {
	lanes []*lane
	host  string // of the gateway
	roots *x509.CertPool
	pace  time.Duration // between two requests of a client
	idle  time.Duration // of conns of QUIC, for those whose goodbye was lost
	tell  func(failure)

	sessions tls.ClientSessionCache // of those that resume
	workers  []*worker
	running  sync.WaitGroup
	stopping chan struct{}
}

// A worker is one client.
type worker struct {
	*load

	lane   *lane
	sitter bool // keeps its session as long as it can
	good   atomic.Int64
	open   session
	turns  int
}

const (
	workersOfLane = 3
	turnsOfOpen   = 8 // requests until a client that is no sitter connects again
)

// start lets the clients begin.
func (l *load) start() {
	l.sessions = tls.NewLRUClientSessionCache(64)
	l.workers, l.stopping = nil, make(chan struct{})
	for _, one := range l.lanes {
		for i := range workersOfLane {
			w := &worker{load: l, lane: one, sitter: i == 0}
			l.workers = append(l.workers, w)
			l.running.Go(w.run)
		}
	}
}

// stop lets each client end what it is waiting for, and close its session.
func (l *load) stop() {
	close(l.stopping)
	l.running.Wait()
}

// recovered returns the clients that had no answer to a request that began after a time.
func (l *load) missing(since time.Time) (who []*worker) {
	for _, w := range l.workers {
		if w.good.Load() <= since.UnixNano() {
			who = append(who, w)
		}
	}
	return who
}

func (w *worker) run() {
	defer w.drop()
	for {
		begun := time.Now()
		err := w.request()
		if err != nil {
			w.drop()
			w.tell(failure{lane: w.lane.name, err: err, begun: begun, ended: time.Now()})
		} else {
			w.good.Store(begun.UnixNano())
		}
		select {
		case <-w.stopping:
			return
		case <-time.After(w.pace/2 + rand.N(w.pace)): //nolint:gosec // no secret
		}
	}
}

// request sends one request, over the session that there is or a new one.
func (w *worker) request() error {
	begun := time.Now()
	ctx, cancel := context.WithDeadline(context.Background(), begun.Add(patience))
	defer cancel()
	f := newFrame(w.lane.id, w.lane.next.Add(1)-1, w.lane.datagrams)
	w.lane.asked.Add(1)
	if w.turns++; w.turns%turnsOfOpen == 0 && !w.sitter {
		w.drop()
	}
	if w.open == nil {
		s, err := w.lane.open(ctx, w.lane, w.load)
		if err != nil {
			return err
		}
		w.lane.opened.Add(1)
		w.open = s
	}
	if err := w.open.exchange(ctx, f); err != nil {
		return err
	}
	w.lane.acknowledge(f.number, time.Since(begun))
	return nil
}

func (w *worker) drop() {
	if w.open != nil {
		w.open.close()
		w.open = nil
	}
}
