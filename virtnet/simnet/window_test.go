package simnet_test

import (
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/strata-net/strata/virtnet/simnet"
)

// A writer that has filled the reader's buffer goes on when there is room again, not when it asks
// the next time.
func TestWindowOpens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := network(t, simnet.Config{Seed: 1, BufferBytes: 64 << 10, Link: simnet.Link{Latency: time.Millisecond}})
		writer, reader := pair(t, host(t, n, "a"), host(t, n, "b"))
		const size = 1 << 20
		done := make(chan struct{})
		go func() {
			defer close(done)
			k, err := writer.Write(make([]byte, size))
			assert.Equal(t, size, k)
			assert.NoError(t, err)
			assert.NoError(t, writer.CloseWrite())
		}()
		time.Sleep(time.Hour + time.Second/2) // the writer asks now and then, the next time in a while
		begin := time.Now()
		k, err := io.Copy(io.Discard, reader)
		assert.NoError(t, err)
		assert.EqualValues(t, size, k)
		assert.Less(t, time.Since(begin), 100*time.Millisecond, "some round trips of 2 ms for each buffer full")
		<-done
		assert.NoError(t, reader.Close())
		assert.NoError(t, writer.Close())
	})
}
