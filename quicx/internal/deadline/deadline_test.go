package deadline_test

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/strata-net/strata/quicx/internal/deadline"
)

// passed reports whether the time has come.
func passed(c <-chan struct{}) bool {
	synctest.Wait()
	select {
	case <-c:
		return true
	default:
		return false
	}
}

func TestDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var d deadline.Deadline
		never := d.Wait()
		time.Sleep(time.Hour)
		assert.False(t, passed(never), "the zero value has none")

		d.Set(time.Now().Add(time.Second))
		assert.Equal(t, never, d.Wait(), "those who wait already hear of a time that is set later")
		time.Sleep(time.Second - time.Nanosecond)
		assert.False(t, passed(never))
		time.Sleep(time.Nanosecond)
		assert.True(t, passed(never))
		assert.True(t, passed(d.Wait()), "it stays so")
	})
}

func TestDeadlineMoves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var d deadline.Deadline
		d.Set(time.Now().Add(time.Second))
		waits := d.Wait()
		d.Set(time.Now().Add(time.Minute))
		time.Sleep(time.Minute - 1)
		assert.False(t, passed(waits), "the first time is void")
		d.Set(time.Time{})
		time.Sleep(time.Hour)
		assert.False(t, passed(waits), "never")

		d.Set(time.Now())
		assert.True(t, passed(waits), "now is past")
		d.Set(time.Now().Add(-time.Hour))
		assert.True(t, passed(d.Wait()), "past after past")
		d.Set(time.Time{})
		assert.False(t, passed(d.Wait()), "a new beginning")
		assert.True(t, passed(waits), "which does not concern who has waited before")
	})
}

// The timer may fire at the moment when the time is moved.
func TestDeadlineMovedWhenItFires(t *testing.T) {
	var d deadline.Deadline
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 200 {
				d.Set(time.Now().Add(time.Microsecond))
				select {
				case <-d.Wait():
				case <-time.After(10 * time.Second):
					assert.Fail(t, "a time has not come")
					return
				}
			}
		})
	}
	wg.Wait()
}
