package virtnet_test

import (
	"context"
	"net"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/virtnet"
)

// A call is a conn that an engine has for β:1, from α:9.
type call struct {
	near   net.Conn
	accept *virtnet.Accept
}

func offer(t *testing.T, n *network) call {
	t.Helper()
	near, far := net.Pipe()
	a, err := n.notify.VNetAccept(t.Context(), &virtnet.Addr{Net: "n", Host: "α", Port: 9}, &virtnet.Addr{Net: "n", Host: "β", Port: 1}, far)
	require.NoError(t, err)
	return call{near, a}
}

// An acceptance that the engine takes back is not seen; its port is free again.
func TestAcceptCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, sub := newNetwork()
		defer sub.Close()
		h := newHost(t, sub, "β")
		l := listen(t, h, "")
		accepting := start(l.Accept)
		first := offer(t, n)
		assert.Equal(t, &virtnet.Addr{Net: "n", Host: "β", Port: 2}, first.accept.Addr)
		first.accept.Addr.Port = 0 // is a copy
		synctest.Wait()
		require.Empty(t, accepting, "not before Ack")
		first.accept.Ack <- errProblem
		assert.True(t, pipeClosed(t, first.near))

		second := offer(t, n)
		second.accept.Ack <- nil
		r := <-accepting
		require.NoError(t, r.err)
		assert.Equal(t, second.accept.Addr, r.conn.LocalAddr())
		assert.Equal(t, "β:2", r.conn.LocalAddr().String())
		assert.Equal(t, "α:9", r.conn.RemoteAddr().String())
		roundTrip(t, second.near, r.conn)
	})
}

// An engine that never says yes or no does not keep Accept from ending.
func TestAcceptWithoutAck(t *testing.T) {
	for _, closed := range []string{"listener", "host"} {
		t.Run(closed, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n, sub := newNetwork()
				defer sub.Close()
				h := newHost(t, sub, "β")
				l := listen(t, h, "")
				accepting := start(l.Accept)
				c := offer(t, n)
				want := virtnet.ErrSockDown
				if closed == "host" {
					want = virtnet.ErrHostDown
					require.NoError(t, h.Close())
				} else {
					require.NoError(t, l.Close())
				}
				assert.ErrorIs(t, (<-accepting).err, want)
				assert.True(t, pipeClosed(t, c.near))
				c.accept.Ack <- nil // does not block
			})
		})
	}
}

// Whoever comes in is refused, or learns that its time is over; the conn is the
// engine's then.
func TestVNetAccept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, sub := newNetwork()
		h := newHost(t, sub, "β")
		l := listen(t, h, "")
		src, dst := &virtnet.Addr{Net: "n", Host: "α", Port: 9}, &virtnet.Addr{Net: "n", Host: "β", Port: 1}
		for _, to := range []virtnet.Addr{{Net: "n", Host: "γ", Port: 1}, {Net: "n", Host: "β", Port: 2}, {Net: "n", Host: "β"}} {
			a, err := n.notify.VNetAccept(t.Context(), src, &to, nil)
			assert.Nil(t, a)
			assert.Equal(t, virtnet.ErrConnRefused, err, to)
		}
		ctx, cancel := context.WithCancel(t.Context())
		waiting := make(chan error)
		go func() {
			_, err := n.notify.VNetAccept(ctx, src, dst, nil)
			waiting <- err
		}()
		synctest.Wait()
		cancel()
		assert.Equal(t, context.Canceled, <-waiting)
		accepting := start(l.Accept)
		synctest.Wait()
		_, err := n.notify.VNetAccept(ctx, src, dst, nil)
		assert.Equal(t, context.Canceled, err, "though somebody accepts")
		go func() {
			_, err := n.notify.VNetAccept(t.Context(), src, &virtnet.Addr{Net: "n", Host: "β", Port: 2}, nil)
			waiting <- err
		}()
		assert.Equal(t, virtnet.ErrConnRefused, <-waiting)
		require.NoError(t, sub.Close())
		require.Error(t, (<-accepting).err)
		_, err = n.notify.VNetAccept(t.Context(), src, dst, nil)
		assert.Equal(t, virtnet.ErrConnRefused, err)
	})
}
