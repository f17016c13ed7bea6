//go:build !plan9

package simnet_test

import (
	"io"
	"os"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/virtnet"
	"github.com/strata-net/strata/virtnet/simnet"
)

// A host that is closed says goodbye; where something was not read it is a reset.
func TestHost_Close(t *testing.T) {
	both(t, func(t *testing.T, _ *simnet.Network, a, b *simnet.Host) {
		c, d := pair(t, a, b)
		e, _ := pair(t, a, b)
		say(t, c, "unread")
		time.Sleep(time.Second)
		require.NoError(t, b.Close())
		_, err := d.Read(make([]byte, 1))
		fails(t, err, "read", virtnet.ErrHostDown)
		_, err = c.Read(make([]byte, 1))
		fails(t, err, "read", syscall.ECONNRESET)
		_, err = e.Read(make([]byte, 1))
		assert.Equal(t, io.EOF, err)
	})
}

// A host that is closed while somebody closes one of its conns ends that too.
func TestHost_CloseMeanwhile(t *testing.T) {
	both(t, func(t *testing.T, _ *simnet.Network, a, b *simnet.Host) {
		c, d := pair(t, a, b)
		simnet.BeginClose(c)
		require.NoError(t, a.Close())
		require.NoError(t, d.SetReadDeadline(time.Now().Add(time.Hour)))
		_, err := d.Read(make([]byte, 1))
		assert.Equal(t, io.EOF, err)
	})
}

// The goodbye of a host is repeated until it is heard: nobody else would tell the peers.
func TestHost_CloseHeard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := network(t, simnet.Config{Link: simnet.Link{Latency: 10 * time.Millisecond}, CaptureBytes: 10})
		a, b := host(t, n, "a"), host(t, n, "b", "10.0.0.9")
		ended, _ := pair(t, a, b)
		reset, _ := pair(t, a, b)
		closed, d := pair(t, a, b)
		aborted, e := pair(t, a, b)
		say(t, reset, "unread")
		time.Sleep(time.Second)
		require.NoError(t, n.Partition([]string{"a"}, []string{"b"}))
		require.NoError(t, d.Close())
		require.NoError(t, e.Abort())
		time.Sleep(10 * time.Millisecond)
		require.NoError(t, b.Close())
		again := host(t, n, "b", "10.0.0.9") // what is left of the other one is not in its way
		require.NoError(t, n.At(n.Now()+10*time.Second, simnet.Heal()))
		for c, want := range map[*simnet.Conn]error{ended: io.EOF, closed: io.EOF, reset: syscall.ECONNRESET} {
			require.NoError(t, c.SetReadDeadline(time.Now().Add(time.Minute)))
			_, err := c.Read(make([]byte, 1))
			assert.ErrorIs(t, err, want)
		}
		// A conn that its user has reset is not the host's to end: a kernel says it once.
		require.NoError(t, aborted.SetReadDeadline(time.Now().Add(time.Minute)))
		_, err := aborted.Read(make([]byte, 1))
		require.ErrorIs(t, err, os.ErrDeadlineExceeded)
		c, d := pair(t, a, again)
		say(t, c, "hello")
		hear(t, d, "hello")
	})
}

// It is given up after the write timeout.
func TestHost_CloseUnheard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := network(t, simnet.Config{Link: simnet.Link{Latency: time.Millisecond}, WriteTimeout: time.Minute})
		a, b := host(t, n, "a"), host(t, n, "b")
		c, _ := pair(t, a, b)
		require.NoError(t, n.Partition([]string{"a"}, []string{"b"}))
		require.NoError(t, b.Close())
		time.Sleep(time.Hour)
		sent, last := 0, time.Duration(0)
		for e := range n.Trace() {
			if e.Step == simnet.StepFIN && e.Kind != simnet.KindDrop {
				sent, last = sent+1, e.Time
			}
		}
		assert.Equal(t, 6, sent) // after 0, 1, 3, 7, 15 and 31 s
		assert.Less(t, last, time.Minute)
		require.NoError(t, n.Heal())
		require.NoError(t, c.SetReadDeadline(time.Now().Add(time.Hour)))
		_, err := c.Read(make([]byte, 1))
		require.ErrorIs(t, err, os.ErrDeadlineExceeded)
	})
}

// A paused host keeps as much as its bound; what comes then is lost, and the trace says
// why.
func TestHost_PauseBounded(t *testing.T) {
	const sent, kept = 5000, 4096
	synctest.Test(t, func(t *testing.T) {
		n := network(t, simnet.Config{
			Order: simnet.OrderScheduled, MaxEvents: 5 * sent, BufferBytes: 1 << 30,
		})
		a, b := host(t, n, "a"), host(t, n, "b")
		s, err := b.ListenPacket(":53")
		require.NoError(t, err)
		c, err := a.Dialer().Dial("udp", "b:53")
		require.NoError(t, err)
		b.Pause()
		for range sent {
			say(t, c, "x")
		}
		time.Sleep(time.Second)
		lost := 0
		for e := range n.Trace() {
			if e.Reason == simnet.ReasonPaused {
				lost++
			}
		}
		assert.Equal(t, sent-kept, lost)
		b.Resume()
		require.NoError(t, s.SetReadDeadline(time.Now().Add(time.Second)))
		came := 0
		for ; err == nil; came++ {
			_, _, err = s.ReadFrom(make([]byte, 1))
		}
		require.ErrorIs(t, err, os.ErrDeadlineExceeded)
		assert.Equal(t, kept, came-1)
	})
}
