package simnet_test

import (
	"fmt"
	"net"
	"os"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/virtnet"
	"github.com/strata-net/strata/virtnet/simnet"
)

// Who sends more than a socket holds waits until it has left the host, however long
// that takes: memory is bounded.
func TestPacketConn_WriteWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := network(t, simnet.Config{Seed: 1, BufferBytes: 4 << 10})
		a, b := host(t, n, "a"), host(t, n, "b")
		s, err := b.ListenPacket(":1")
		require.NoError(t, err)
		c, err := a.ListenPacket("")
		require.NoError(t, err)
		a.Pause()
		sent := 0
		for end := time.Now().Add(time.Second); ; sent++ {
			require.NoError(t, c.SetWriteDeadline(end))
			if _, err = c.WriteTo(make([]byte, 256), s.LocalAddr()); err != nil {
				break
			}
		}
		assert.ErrorIs(t, err, os.ErrDeadlineExceeded)
		assert.Equal(t, 8, sent)

		require.NoError(t, c.SetWriteDeadline(time.Time{}))
		wrote := make(chan error)
		write := func() { _, err := c.WriteTo(make([]byte, 256), s.LocalAddr()); wrote <- err }
		go write()
		synctest.Wait()
		assert.Empty(t, wrote)
		a.Resume()
		assert.NoError(t, <-wrote)

		time.Sleep(time.Millisecond)
		a.Pause()
		for range 9 {
			go write()
		}
		synctest.Wait()
		require.NoError(t, c.Close())
		failed := 0
		for range 9 {
			if <-wrote != nil {
				failed++
			}
		}
		assert.Equal(t, 1, failed)
	})
}

// A flood in a bubble goes through, though the clock stands while it is written.
func TestPacketConn_Flood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := network(t, simnet.Config{Seed: 1, BufferBytes: 4 << 10, MaxEvents: -1})
		a, b := host(t, n, "a"), host(t, n, "b")
		s, err := b.ListenPacket(":1")
		require.NoError(t, err)
		c, err := a.Dialer().Dial("udp", "b:1")
		require.NoError(t, err)
		go func() {
			for i := range 1000 {
				_, err := fmt.Fprint(c, i)
				assert.NoError(t, err)
			}
		}()
		for i := range 1000 {
			text := make([]byte, 10)
			k, _, err := s.ReadFrom(text)
			require.NoError(t, err)
			require.Equal(t, fmt.Sprint(i), string(text[:k]))
		}
	})
}

// Which of two goroutines dials first at one time does not decide who has which port.
func TestDial_OneTime(t *testing.T) {
	run := func(order ...int) (ports [3]string) {
		synctest.Test(t, func(t *testing.T) {
			n := network(t, simnet.Config{Seed: 1})
			a, b := host(t, n, "a"), host(t, n, "b")
			var all sync.WaitGroup
			for _, i := range order {
				at := fmt.Sprintf("b:%d", 80+i)
				_, err := b.Listen(at)
				require.NoError(t, err)
				all.Go(func() {
					c, err := a.Dial(t.Context(), at)
					if assert.NoError(t, err) {
						ports[i] = c.LocalAddr().String()
					}
				})
				synctest.Wait()
			}
			all.Wait()
		})
		return ports
	}
	assert.Equal(t, run(0, 1, 2), run(2, 1, 0))
}

// A program's timer of the nanosecond in which something arrives runs beside it, and
// what both wake is woken. The race detector sees if they get into each other's way.
func TestScheduler_TimerBeside(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := network(t, simnet.Config{Seed: 1, MaxEvents: -1})
		a, b := host(t, n, "a"), host(t, n, "b")
		c, d := pair(t, a, b)
		for range 50 {
			time.Sleep(1001*time.Nanosecond - time.Duration(time.Now().Nanosecond()%1000))
			say(t, c, "x") // arrives one of the next nanoseconds
			var all sync.WaitGroup
			for i := range 20 {
				s, err := a.ListenPacket("")
				require.NoError(t, err)
				all.Go(func() { _, _, _ = s.ReadFrom(nil) })
				// Not by AfterFunc, by whose func the race detector of Go 1.26 may crash in a bubble.
				all.Go(func() {
					time.Sleep(time.Duration(i % 5))
					s.Close()
				})
			}
			hear(t, d, "x")
			all.Wait()
		}
	})
}

// An address that is none of the network is refused, not cut to one that is.
func TestPacketConn_OtherAddresses(t *testing.T) {
	n := network(t, simnet.Config{Names: true})
	a := host(t, n, "a")
	c, err := a.ListenPacket("")
	require.NoError(t, err)
	for _, to := range []net.Addr{
		&virtnet.Addr{Net: "sim", Host: "a", Port: 65537}, &virtnet.Addr{Net: "sim", Host: "a", Port: -65535},
		&virtnet.Addr{Net: "pipe", Host: "a", Port: 1}, &net.UDPAddr{IP: a.Addrs()[0].AsSlice(), Port: 65537},
	} {
		_, err := c.WriteTo([]byte("x"), to)
		var e *net.AddrError
		require.ErrorAs(t, err, &e, "%v", to)
		assert.Equal(t, &net.AddrError{Err: "no address of this network", Addr: to.String()}, e)
	}
	_, err = c.WriteTo([]byte("x"), &virtnet.Addr{Host: "a", Port: 1})
	assert.NoError(t, err)
}
