package socketz

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// Methods of a conn can block: ConnectionState of a *tls.Conn waits for the end of the handshake, RemoteAddr of one that
// reads a PROXY header for that header. So they are called in a goroutine, which a look gives up after some time.
const (
	haste       = 10 * time.Millisecond // the least that a look waits for one that does not answer
	maxGivenUp  = 64                    // goroutines that have been given up and go on: they end with what they wait for
	noAnswer    = badValue("no answer in time: is a handshake in progress?")
	stillAsking = badValue("has not answered an earlier question yet")
	tooMany     = badValue("not asked: too many others do not answer")
)

// patience is how long a look waits for the first that does not answer; with each it is half of it. Tests have more: on a
// busy machine a goroutine that only has to run may not do so for a second.
var patience = time.Second

// An asker counts what was given up, for all looks.
type asker struct{ givenUp atomic.Int32 }

// A look is one request's patience.
type look struct {
	asker *asker
	left  time.Duration
}

func (a *asker) look() *look { return &look{asker: a, left: patience} }

// An answer is what a call returned.
type answer[T any] struct {
	value T
	err   error
}

// A question is what looks ask of one socket, or of one source of counters, again and again.
type question struct {
	turn sync.Mutex  // held while a look waits for the answer: another one that asks the same waits for its turn
	busy atomic.Bool // f runs: it is not called again if a look has given it up
}

// ask calls f and waits for its result as long as there is patience.
func ask[T any](l *look, q *question, f func() T) (T, error) {
	var none T
	q.turn.Lock()
	defer q.turn.Unlock()
	if l.asker.givenUp.Load() >= maxGivenUp {
		return none, tooMany
	}
	if !q.busy.CompareAndSwap(false, true) {
		return none, stillAsking
	}
	var over atomic.Bool // whoever is first, f or the look, sets it
	done := make(chan answer[T], 1)
	go func() {
		a := guarded(f)
		q.busy.Store(false)
		if over.Swap(true) {
			l.asker.givenUp.Add(-1)
		}
		done <- a
	}()
	timer := time.NewTimer(l.left)
	defer timer.Stop()
	select {
	case a := <-done:
		return a.value, a.err
	case <-timer.C:
	}
	l.left = max(haste, l.left/2)
	l.asker.givenUp.Add(1)
	if !over.Swap(true) {
		return none, noAnswer
	}
	l.asker.givenUp.Add(-1)
	a := <-done // it was just in time
	return a.value, a.err
}

// guarded returns the panic of a function as an error: it may be anybody's.
func guarded[T any](f func() T) (a answer[T]) {
	defer func() {
		if p := recover(); p != nil {
			a.err = badValue(fmt.Sprintf("panic: %v", p))
		}
	}()
	a.value = f()
	return a
}
