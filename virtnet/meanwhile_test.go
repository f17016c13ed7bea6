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

// meanwhile is a context that does something when it is first asked for its error: what
// happens in the middle of a call.
type meanwhile struct {
	context.Context //nolint:containedctx // it is one
	do              func()
}

func (c *meanwhile) Err() error {
	if do := c.do; do != nil {
		c.do = nil
		do()
	}
	return c.Context.Err()
}

// A listener that is opened while its host is closed is not left open.
func TestListenWhileClosing(t *testing.T) {
	noLeak(t)
	_, sub := newNetwork()
	defer sub.Close()
	h := newHost(t, sub, "α")
	ctx := &meanwhile{t.Context(), func() { assert.NoError(t, h.Close()) }}
	l, err := h.ListenContext(ctx, ":7")
	assert.Nil(t, l)
	assert.EqualError(t, err, "listen n α:7: host is down")
	require.ErrorIs(t, err, virtnet.ErrHostDown)
	listen(t, newHost(t, sub, "α"), ":7")
}

// A conn that Accept has taken while its host goes down is refused; the engine keeps
// what it has opened for it, and Accept is told why.
func TestAcceptWhileClosing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, sub := newNetwork()
		defer sub.Close()
		h := newHost(t, sub, "α")
		l := listen(t, h, "")
		accepting := start(l.Accept)
		synctest.Wait()
		near, far := net.Pipe()
		defer near.Close()
		ctx := &meanwhile{t.Context(), func() { virtnet.Mark(h) }}
		a, err := n.notify.VNetAccept(ctx, address("β:1"), address("α:1"), far)
		assert.Nil(t, a)
		require.ErrorIs(t, err, virtnet.ErrConnRefused)
		r := <-accepting
		assert.Nil(t, r.conn)
		require.ErrorIs(t, r.err, virtnet.ErrHostDown)
		written := start(func() (net.Conn, error) { return nil, second(far.Write([]byte("x"))) })
		_, err = near.Read(make([]byte, 1))
		require.NoError(t, err, "the conn is open")
		require.NoError(t, (<-written).err)
		require.NoError(t, far.Close())
		require.NoError(t, h.Close())
	})
}

func second[T any](_ T, err error) error { return err }
