package turns

import (
	"errors"
	"sync/atomic"
	"time"
)

// A Pipe is where datagrams go in and come out.
type Pipe struct {
	Send    func() error // one
	Receive func() error // one, until Close
	Close   func()
}

// Datagrams returns what opens a lane on which a goroutine sends datagrams as fast as it can, and another one receives
// them. With most above 0 no more than so many are on their way, so that none is lost.
func Datagrams(open func() (*Pipe, error), most int) func() (*Lane, error) {
	return func() (*Lane, error) {
		p, err := open()
		if err != nil {
			return nil, err
		}
		f := &flow{pipe: p, done: make(chan struct{})}
		if most > 0 {
			f.places = make(chan struct{}, most)
		}
		go f.receive()
		return &Lane{Turn: f.turn, Close: func() {
			p.Close()
			<-f.done
		}}, nil
	}
}

// patience is for what does not take long.
const patience = time.Minute

// A flow is the datagrams of a lane.
type flow struct {
	pipe    *Pipe
	places  chan struct{} // nil: no bound
	sent    int64
	lost    int64
	arrived atomic.Int64
	done    chan struct{}
}

func (f *flow) receive() {
	defer close(f.done)
	for f.pipe.Receive() == nil {
		f.arrived.Add(1)
		if f.places != nil {
			<-f.places
		}
	}
}

func (f *flow) turn(m *Meter) error {
	before := f.arrived.Load()
	late := time.NewTimer(patience) // for what is lost where nothing may be
	defer late.Stop()
	m.Begin()
	for ; !m.Over() || f.arrived.Load() == before && m.Rest() > -patience; f.sent++ { // one arrives at least
		if f.places != nil {
			select {
			case f.places <- struct{}{}:
			case <-late.C:
				return errors.New("datagrams were lost")
			}
		}
		if err := f.pipe.Send(); err != nil {
			return err
		}
	}
	m.End(float64(f.arrived.Load() - before))
	f.settle()
	lost := max(0, f.sent-f.arrived.Load()-f.lost)
	f.lost += lost
	m.Lost(float64(lost))
	return nil
}

// settle waits until all have come, or no more do.
func (f *flow) settle() {
	const quiet = 50 * time.Millisecond
	last, since := f.arrived.Load(), time.Now()
	for last < f.sent-f.lost && time.Since(since) < quiet {
		time.Sleep(time.Millisecond)
		if now := f.arrived.Load(); now != last {
			last, since = now, time.Now()
		}
	}
}
