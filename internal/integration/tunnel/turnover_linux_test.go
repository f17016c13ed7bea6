package tunnel_test

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/netstack/forward"
	"github.com/strata-net/strata/tunx/tun"
)

// Many conns come and go at once, and none is lost: a SYN that has no answer costs its client a second.
func TestTurnover(t *testing.T) {
	const clients, each = 16, 100
	w := newWorld(t, tun.Config{}, forward.Config{}, nil)
	l, err := net.Listen("tcp", netip.AddrPortFrom(servers[0], 0).String())
	require.NoError(t, err)
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			serving.Go(func() {
				defer c.Close()
				if _, err := io.CopyN(c, c, 1); err != nil {
					assert.NoError(t, err)
				}
			})
		}
	})
	t.Cleanup(func() {
		assert.NoError(t, l.Close())
		serving.Wait()
	})
	var group sync.WaitGroup
	for range clients {
		group.Go(func() {
			for i := range each {
				if err := w.comeAndGo(l.Addr().String()); !assert.NoError(t, err, "conn %d", i) {
					return
				}
			}
		})
	}
	group.Wait()
}

// comeAndGo dials, exchanges a byte, and sees the server close.
func (w *world) comeAndGo(address string) error {
	var c net.Conn
	err := w.client.Do(func() (err error) {
		c, err = net.DialTimeout("tcp", address, patience)
		return err
	})
	if err != nil {
		return err
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(patience))
	b := []byte{1}
	if _, err := c.Write(b); err != nil {
		return err
	}
	if _, err := io.ReadFull(c, b); err != nil {
		return err
	}
	if _, err := c.Read(b); !errors.Is(err, io.EOF) {
		return err
	}
	return nil
}
