package turns

import (
	"syscall"
	"time"
)

// A Meter measures a turn.
type Meter struct {
	length     time.Duration
	begun      time.Time
	before     time.Duration // CPU
	took, cpu  time.Duration
	done, lost float64
}

func newMeter(length time.Duration) *Meter { return &Meter{length: length} }

// Begin starts the clock, once all is ready.
func (m *Meter) Begin() { m.begun, m.before = time.Now(), cpu() }

// Over reports whether the time of the turn is.
func (m *Meter) Over() bool { return time.Since(m.begun) >= m.length }

// Rest is what is left of the turn.
func (m *Meter) Rest() time.Duration { return m.length - time.Since(m.begun) }

// End stops the clock. It takes how much was done.
func (m *Meter) End(done float64) { m.took, m.cpu, m.done = time.Since(m.begun), cpu()-m.before, done }

// Lost takes how much was sent in vain.
func (m *Meter) Lost(n float64) { m.lost = n }

// cpu is the time of the processors that this process, both ends of the work, has had.
func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err) // the arguments are right
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
