package pipenet_test

import (
	"io"
	"net"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/nettest"

	"github.com/strata-net/strata/virtnet/pipenet"
)

func TestPipe(t *testing.T) {
	nettest.TestConn(t, func() (net.Conn, net.Conn, func(), error) {
		one, two := pipenet.NewPipe()
		return one, two, func() {
			one.Close()
			two.Close()
		}, nil
	})
	one, two := pipenet.NewPipe()
	for _, c := range []net.Conn{one, two} {
		for _, a := range []net.Addr{c.LocalAddr(), c.RemoteAddr()} {
			assert.Equal(t, "pipe:pipe", a.Network()+":"+a.String())
		}
	}
}

// bubble runs a test in a bubble, whose time goes on only when everybody is blocked,
// and which fails when nobody is woken.
func bubble(t *testing.T, f func(t *testing.T, one, two net.Conn)) {
	synctest.Test(t, func(t *testing.T) {
		one, two := pipenet.NewPipe()
		f(t, one, two)
		assert.NoError(t, one.Close())
		assert.NoError(t, two.Close())
	})
}

type written struct {
	n   int
	err error
}

func write(c net.Conn, text string) <-chan written {
	done := make(chan written, 1)
	go func() {
		n, err := c.Write([]byte(text))
		done <- written{n, err}
	}()
	return done
}

// A Write waits until all has been read, piece by piece.
func TestSynchronous(t *testing.T) {
	bubble(t, func(t *testing.T, one, two net.Conn) {
		done := write(one, "abcde")
		buf := make([]byte, 3)
		synctest.Wait()
		n, err := two.Read(buf)
		assert.Equal(t, "abc", string(buf[:n]))
		assert.NoError(t, err)
		synctest.Wait()
		assert.Empty(t, done)
		n, err = two.Read(buf)
		assert.Equal(t, "de", string(buf[:n]))
		assert.NoError(t, err)
		assert.Equal(t, written{5, nil}, <-done)
		for range 2 { // nothing is read or written at once
			n, err = two.Read(nil)
			assert.Equal(t, written{}, written{n, err})
			n, err = one.Write(nil)
			assert.Equal(t, written{}, written{n, err})
		}
	})
}

// Writers take turns; all of them have the deadline, and what was read of each is
// counted.
func TestWritersInTurn(t *testing.T) {
	bubble(t, func(t *testing.T, one, two net.Conn) {
		var all []<-chan written
		for range 3 {
			all = append(all, write(one, "abc"))
			synctest.Wait()
		}
		require.NoError(t, one.SetWriteDeadline(time.Now().Add(time.Hour)))
		buf := make([]byte, 4)
		_, err := io.ReadFull(two, buf)
		require.NoError(t, err)
		assert.Equal(t, "abca", string(buf))
		var whole, part int
		for _, done := range all {
			switch w := <-done; {
			case w.err == nil:
				whole++
				assert.Equal(t, 3, w.n)
			case w.n == 1:
				part++
				fallthrough
			default:
				assert.Equal(t, os.ErrDeadlineExceeded, w.err)
			}
		}
		assert.Equal(t, []int{1, 1}, []int{whole, part})
		_, err = one.Write([]byte("x"))
		assert.Equal(t, os.ErrDeadlineExceeded, err)
	})
}

// A deadline that was put off or taken back does nothing.
func TestDeadlineMoves(t *testing.T) {
	bubble(t, func(t *testing.T, one, _ net.Conn) {
		begin := time.Now()
		require.NoError(t, one.SetReadDeadline(begin.Add(time.Minute)))
		require.NoError(t, one.SetReadDeadline(begin.Add(time.Hour)))
		_, err := one.Read(make([]byte, 1))
		assert.Equal(t, os.ErrDeadlineExceeded, err)
		assert.Equal(t, time.Hour, time.Since(begin))
		require.NoError(t, one.SetDeadline(time.Time{}))
		time.AfterFunc(24*time.Hour, func() { one.SetDeadline(time.Unix(1, 0)) })
		_, err = one.Read(make([]byte, 1))
		assert.Equal(t, os.ErrDeadlineExceeded, err)
		assert.Equal(t, 25*time.Hour, time.Since(begin))
	})
}

// A timer that fires while its deadline is replaced does nothing either.
func TestDeadlineRace(t *testing.T) {
	one, two := pipenet.NewPipe()
	defer two.Close()
	for range 2000 {
		require.NoError(t, one.SetWriteDeadline(time.Now().Add(time.Nanosecond)))
		require.NoError(t, one.SetWriteDeadline(time.Now().Add(time.Hour)))
		done := write(one, "x")
		_, err := two.Read(make([]byte, 1))
		require.NoError(t, err)
		require.Equal(t, written{1, nil}, <-done)
	}
	require.NoError(t, one.Close())
}

// Close wakes everybody, at both ends; deadlines that are set later are told.
func TestPipeClose(t *testing.T) {
	bubble(t, func(t *testing.T, one, two net.Conn) {
		require.NoError(t, one.SetDeadline(time.Now().Add(time.Hour)))
		writing, behind, other := write(one, "abc"), write(one, "abc"), write(two, "abc")
		synctest.Wait()
		require.NoError(t, one.Close())
		for _, done := range []<-chan written{writing, behind, other} {
			assert.Equal(t, written{0, io.ErrClosedPipe}, <-done)
		}
		_, err := two.Read(make([]byte, 1))
		assert.Equal(t, io.EOF, err)
		_, err = one.Read(make([]byte, 1))
		assert.Equal(t, io.ErrClosedPipe, err)
		assert.Equal(t, io.ErrClosedPipe, one.SetDeadline(time.Now()))
		assert.Equal(t, io.ErrClosedPipe, one.SetWriteDeadline(time.Now()))
		assert.NoError(t, two.SetDeadline(time.Now().Add(time.Hour)))
	})
}
