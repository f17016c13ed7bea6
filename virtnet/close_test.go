package virtnet_test

import (
	"context"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/virtnet"
	"github.com/strata-net/strata/virtnet/pipenet"
)

var noTime time.Time

func (b *bench) closer(name string) func() error {
	return map[string]func() error{
		"network":    b.net.Close,
		"α":          b.alpha.Close,
		"β":          b.beta.Close,
		"listener α": b.listenAlpha.Close,
		"listener β": b.listenBe.Close,
		"dialled":    b.dialled.Close,
		"accepted":   b.accepted.Close,
	}[name]
}

func (b *bench) operation(name string) func() (net.Conn, error) {
	buf := make([]byte, 10)
	return map[string]func() (net.Conn, error){
		"dial":   func() (net.Conn, error) { return b.alpha.Dial(context.Background(), "β:1") },
		"accept": b.listenAlpha.Accept,
		"read": func() (net.Conn, error) {
			_, err := b.dialled.Read(buf)
			return nil, err
		},
		"write": func() (net.Conn, error) {
			n, err := b.dialled.Write(buf)
			if n != 0 {
				return b.dialled, nil
			}
			return nil, err
		},
	}[name]
}

// Whoever is blocked when something is closed is told what it was, and so is who
// comes later. In a bubble it is certain that it is blocked.
func TestClose(t *testing.T) {
	for _, test := range []struct {
		operation, closed string
		want              error
	}{
		{"dial", "network", opError("dial", "α:3->β:1", virtnet.ErrNetDown)},
		{"dial", "α", opError("dial", "α:3->β:1", virtnet.ErrHostDown)},
		{"dial", "β", opError("dial", "α:3->β:1", virtnet.ErrConnRefused)},
		{"dial", "listener β", opError("dial", "α:3->β:1", virtnet.ErrConnRefused)},

		{"accept", "network", opError("accept", "α:1", virtnet.ErrNetDown)},
		{"accept", "α", opError("accept", "α:1", virtnet.ErrHostDown)},
		{"accept", "listener α", opError("accept", "α:1", virtnet.ErrSockDown)},

		{"read", "network", opError("read", "β:2->α:2", virtnet.ErrNetDown)},
		{"read", "α", opError("read", "β:2->α:2", virtnet.ErrHostDown)},
		{"read", "dialled", opError("read", "β:2->α:2", virtnet.ErrSockDown)},
		{"read", "β", io.EOF},
		{"read", "accepted", io.EOF},

		{"write", "network", opError("write", "α:2->β:2", virtnet.ErrNetDown)},
		{"write", "α", opError("write", "α:2->β:2", virtnet.ErrHostDown)},
		{"write", "dialled", opError("write", "α:2->β:2", virtnet.ErrSockDown)},
		{"write", "β", io.ErrClosedPipe},
		{"write", "accepted", io.ErrClosedPipe},
	} {
		t.Run(test.operation+" and "+test.closed, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t)
				blocked := start(b.operation(test.operation))
				synctest.Wait()
				require.Empty(t, blocked)
				for range 2 { // the second time nothing happens
					require.NoError(t, b.closer(test.closed)())
				}
				for range 2 {
					r := <-blocked
					assert.Nil(t, r.conn)
					assert.Equal(t, test.want, r.err)
					blocked = start(b.operation(test.operation)) // and who comes later
				}
				<-blocked
			})
		})
	}
}

// What does not block is told as well.
func TestClosed(t *testing.T) {
	for closed, want := range map[string]error{"network": virtnet.ErrNetDown, "α": virtnet.ErrHostDown} {
		b := newBench(t)
		require.NoError(t, b.closer(closed)())
		_, err := b.alpha.Listen("")
		assert.Equal(t, opError("listen", "α:0", want), err)
		_, err = b.alpha.Listen("α:1")
		assert.Equal(t, opError("listen", "α:1", want), err)
		_, err = b.alpha.ListenPacket(":7")
		assert.Equal(t, opError("listen", "α:7", want), err)
		assert.Equal(t, opError("set", "α:2", want), b.dialled.SetReadDeadline(noTime))
		assert.NoError(t, b.dialled.Close(), "of a conn that went with its host")
		assert.NoError(t, b.listenAlpha.Close())
	}
}

// The cause that was first remains; the network's, where nothing was marked before.
func TestCauseIsChosenOnce(t *testing.T) {
	b := newBench(t)
	other, peer := connect(t, b.alpha, b.listenBe)
	require.NoError(t, b.dialled.Close())
	require.NoError(t, b.alpha.Close())
	require.NoError(t, b.net.Close())
	for c, want := range map[net.Conn]error{b.dialled: virtnet.ErrSockDown, other: virtnet.ErrHostDown, peer: virtnet.ErrNetDown} {
		require.NoError(t, c.Close())
		_, err := c.Read(make([]byte, 1))
		assert.Equal(t, want, err.(*net.OpError).Err)
	}
	_, err := b.listenAlpha.Accept()
	assert.Equal(t, opError("accept", "α:1", virtnet.ErrHostDown), err)
	_, err = b.listenBe.Accept()
	assert.Equal(t, opError("accept", "β:1", virtnet.ErrNetDown), err)
}

// Everything is marked before anything is closed: nobody takes the end of a
// neighbour for something else. Without order some of 2,000 reads would end with EOF.
func TestMarkedBeforeClosed(t *testing.T) {
	noLeak(t)
	for range 10 {
		b := newBench(t)
		var reads []<-chan result
		for range 100 {
			for _, c := range pair(t, b) {
				reads = append(reads, start(func() (net.Conn, error) {
					_, err := c.Read(make([]byte, 1))
					return nil, err
				}))
			}
		}
		require.NoError(t, b.net.Close())
		for _, r := range reads {
			require.Equal(t, virtnet.ErrNetDown, (<-r).err.(*net.OpError).Err)
		}
	}
}

func pair(t *testing.T, b *bench) []net.Conn {
	dialled, accepted := connect(t, b.alpha, b.listenBe)
	return []net.Conn{dialled, accepted}
}

// A new host waits for the end of the old one; the old one's conns have nothing to
// do with it.
func TestNameOfClosedHost(t *testing.T) {
	b := newBench(t)
	require.NoError(t, b.alpha.Close())
	assert.Nil(t, b.net.Host("α"))
	again, err := b.net.NewHost(t.Context(), "α")
	require.NoError(t, err)
	assert.Same(t, again, b.net.Host("α"))
	l := listen(t, again, "")
	assert.Equal(t, address("α:1"), l.Addr())
	_, err = b.alpha.Dial(t.Context(), "β:1")
	assert.Equal(t, opError("dial", "α:3->β:1", virtnet.ErrHostDown), err)
	require.NoError(t, b.alpha.Close())
	assert.Same(t, again, b.net.Host("α"))
	dialled, accepted := connect(t, b.beta, l)
	roundTrip(t, dialled, accepted)
}

func TestAutoClose(t *testing.T) {
	n := pipenet.New("t")
	sub := pipenet.AsVirtNet(n)
	assert.Panics(t, sub.AutoClose, "no host")
	alpha, beta := n.Host("α"), n.Host("β")
	sub.AutoClose()
	require.NoError(t, alpha.Close())
	require.NoError(t, alpha.Close(), "is not another host")
	alpha = n.Host("α")
	require.NoError(t, beta.Close())
	_, err := alpha.Listen("")
	require.NoError(t, err)
	require.NoError(t, alpha.Close())
	_, err = sub.NewHost(t.Context(), "γ")
	assert.ErrorIs(t, err, virtnet.ErrNetDown)
	assert.Panics(t, sub.AutoClose, "closed")
}

// The network, its last host and the conns can be closed at once.
func TestCloseAtOnce(t *testing.T) {
	noLeak(t)
	for range 200 {
		b := newBench(t)
		b.net.AutoClose()
		var all []<-chan result
		for _, name := range []string{"network", "α", "β", "dialled", "accepted", "listener α", "α", "network"} {
			closer := b.closer(name)
			all = append(all, start(func() (net.Conn, error) { return nil, closer() }))
		}
		for _, done := range all {
			require.NoError(t, (<-done).err)
		}
		_, err := b.net.NewHost(t.Context(), "γ")
		require.ErrorIs(t, err, virtnet.ErrNetDown)
	}
}
