package netstack_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/strata-net/strata/netstack"
)

// stubborn is a clock whose timers cannot be stopped.
type stubborn struct {
	*manual
	set []func()
}

func (c *stubborn) AfterFunc(_ time.Duration, f func()) func() bool {
	c.set = append(c.set, f)
	return func() bool { return false }
}

// No timer of a clock that has been closed calls anything, and none is set.
func TestClosedClock(t *testing.T) {
	base := &stubborn{manual: newManual()}
	clock, closeClock := netstack.NewEngineClock(base)
	fired := 0
	timer := clock.AfterFunc(time.Second, func() { fired++ })
	assert.Len(t, base.set, 1)
	base.set[0]()
	assert.Equal(t, 1, fired)
	timer.Reset(time.Second)
	assert.Len(t, base.set, 2)
	assert.False(t, timer.Stop(), "it cannot be stopped")
	closeClock()
	base.set[1]()
	assert.Equal(t, 1, fired)
	timer.Reset(time.Second)
	late := clock.AfterFunc(time.Second, func() { fired++ })
	late.Reset(time.Second)
	assert.False(t, late.Stop())
	assert.False(t, timer.Stop())
	assert.Len(t, base.set, 2)
	assert.Equal(t, 1, fired)
}

// Timers can be stopped and set again, by a Clock that can do neither again.
func TestEngineTimer(t *testing.T) {
	base := newManual()
	clock, closeClock := netstack.NewEngineClock(base)
	defer closeClock()
	fired := 0
	timer := clock.AfterFunc(time.Second, func() { fired++ })
	timer.Reset(2 * time.Second)
	base.move(time.Second)
	assert.Zero(t, fired)
	base.move(time.Second)
	assert.Equal(t, 1, fired)
	assert.False(t, timer.Stop(), "it has fired")
	timer.Reset(time.Second)
	assert.True(t, timer.Stop())
	base.move(time.Minute)
	assert.Equal(t, 1, fired)
	assert.Zero(t, base.pending())
}
