package simnet

import (
	"sync"
	"sync/atomic"
	"time"
)

// scheduler does jobs when their time has come, one after the other. It has a timer
// and no goroutine: nothing runs where nothing is to be done.
//
// A strict one is in a bubble and decides the order of all that happens. It does one
// job at each nanosecond, and none at a full microsecond, where programs have their
// timers. What a program does at a time becomes jobs of the next nanosecond: these
// are all known then, for a bubble's clock moves on only when all goroutines wait.
// Should a program's timer be at that very nanosecond, it comes first: the
// scheduler's timer is set to the same time once more, and fires again when those
// whom that nanosecond woke wait again.
type scheduler struct {
	net    *Network
	strict bool

	// Whom a job of a strict one wakes does not run before the job is done: they would
	// say something while the scheduler is looking whether there is something to say.
	busy     atomic.Bool
	sleepers sync.Mutex // guards asleep, and busy while it is set; nothing is locked below it
	asleep   []*sync.Cond

	// run is held while a job changes hosts and conns, and by those who change these
	// from outside. A fault is called without it.
	run sync.Mutex

	mu      sync.Mutex // guards the rest; nothing is locked below it
	jobs    jobs
	entered uint64
	timer   *time.Timer
	set     bool          // the timer will fire
	due     time.Duration // when
	settled bool          // it fires at due for the second time
	looping bool          // jobs are being done
	last    time.Duration // when the last one was done
	closed  bool
}

// soon is when something that happens now reaches the network.
func (s *scheduler) soon() time.Duration {
	now := s.net.Now()
	if s.strict {
		now++
	}
	return now
}

// add enters a job.
func (s *scheduler) add(j *job) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	s.entered++
	j.entered = s.entered
	s.jobs.push(j)
	s.arm()
}

// arm sets the timer to the first job, unless it fires before.
func (s *scheduler) arm() {
	if s.looping || len(s.jobs) == 0 {
		return
	}
	due := s.jobs[0].at
	if s.strict {
		due = max(due, s.last+1)
		if s.net.whole(due) {
			due++
		}
	}
	if s.set && s.due <= due {
		return
	}
	s.set, s.due, s.settled = true, due, false
	wait := max(due-s.net.Now(), 0)
	if s.timer == nil {
		s.timer = time.AfterFunc(wait, s.fire)
		return
	}
	s.timer.Reset(wait)
}

// fire is called by the timer.
func (s *scheduler) fire() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || s.looping || !s.set {
		return
	}
	if s.strict && !s.settled {
		s.settled = true
		s.timer.Reset(0)
		return
	}
	s.looping = true
	for done := 0; len(s.jobs) > 0 && !s.closed; done++ {
		now := s.net.Now()
		if s.strict && done > 0 || s.jobs[0].at > now {
			break
		}
		j := s.jobs.pop()
		s.last = now
		s.mu.Unlock()
		s.do(j, now)
		s.mu.Lock()
	}
	s.looping, s.set = false, false
	if !s.closed {
		s.arm()
	}
}

// wake wakes all who wait, at the end of the job if there is one.
func (s *scheduler) wake(cond *sync.Cond) {
	if !s.later(cond) {
		cond.Broadcast()
	}
}

// wakeOne is wake where one is enough.
func (s *scheduler) wakeOne(cond *sync.Cond) {
	if !s.later(cond) {
		cond.Signal()
	}
}

// later reports whether those who wait are woken at the end of a job. It is not the
// job alone that asks: a program's timer of the same nanosecond may run beside it.
func (s *scheduler) later(cond *sync.Cond) bool {
	if !s.strict || !s.busy.Load() {
		return false
	}
	s.sleepers.Lock()
	defer s.sleepers.Unlock()
	if !s.busy.Load() {
		return false
	}
	s.asleep = append(s.asleep, cond)
	return true
}

// do does a job, and wakes those for whom it has changed something.
func (s *scheduler) do(j *job, now time.Duration) {
	s.busy.Store(s.strict)
	s.work(j, now)
	s.sleepers.Lock()
	s.busy.Store(false)
	asleep := s.asleep
	s.asleep = nil
	s.sleepers.Unlock()
	for _, cond := range asleep {
		cond.Broadcast()
	}
}

// work does a job.
func (s *scheduler) work(j *job, now time.Duration) {
	if j.kind == jobFault {
		j.call()
		return
	}
	s.run.Lock()
	defer s.run.Unlock()
	if j.host.holds(j) {
		return
	}
	switch j.kind {
	case jobArrive:
		s.net.arrive(now, j.p, j.path)
	case jobSend:
		j.p.sock.left(j.p.room())
		s.net.transmit(now, j.p)
	case jobPush:
		j.conn.push(now)
	case jobTimer:
		j.conn.expire(now)
	}
}

// close forgets all jobs. One may be being done still: it holds run.
func (s *scheduler) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed, s.jobs = true, nil
	if s.timer != nil {
		s.timer.Stop()
	}
}

// whole tells whether the clock shows a full microsecond then.
func (n *Network) whole(d time.Duration) bool {
	return (time.Duration(n.start.Nanosecond())+d)%time.Microsecond == 0
}

// at calls f when the time has come, between two jobs, and never concurrently with
// fabric.pass.
func (n *Network) at(d time.Duration, f func()) {
	n.sched.add(&job{at: d, kind: jobFault, call: f})
}
