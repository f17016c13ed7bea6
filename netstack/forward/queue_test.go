package forward_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/netstack/forward"
)

// TestQueueReaderStops has two writers that wait, and a reader that takes one packet and
// no more: neither may wait for ever.
func TestQueueReaderStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := forward.NewQueue(true)
		one := []byte{1}
		take := func() {
			_, err := q.Take(make([]byte, 1))
			require.NoError(t, err)
		}
		put := func() {
			_, err := q.Put(one)
			assert.NoError(t, err)
		}
		put()
		take() // there is a reader
		for q.Dropped() == 0 {
			begun := time.Now()
			put()
			if time.Since(begun) > 0 { // it has waited: the queue is full
				break
			}
		}
		require.EqualValues(t, 1, q.Dropped())
		put() // nobody reads: no wait
		require.EqualValues(t, 2, q.Dropped())
		take() // the reader is back
		put()
		for range 2 {
			go put()
		}
		time.Sleep(60 * time.Millisecond)
		take()
		time.Sleep(time.Second)
		synctest.Wait()
		assert.EqualValues(t, 3, q.Dropped(), "one of the two had room")
	})
}
