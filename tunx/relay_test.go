package tunx_test

import (
	"context"
	"errors"
	"io"
	"net/netip"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/tunx"
)

// Both shapes carry the same, also one made of the other and back.
func TestRelay(t *testing.T) {
	relay := tunx.PacketRelayFrom(direct(t))
	for name, r := range map[string]tunx.PacketRelay{"once": relay, "there and back": tunx.PacketRelayFrom(tunx.PacketProxyFrom(relay))} {
		t.Run(name, func(t *testing.T) {
			noLeak(t)
			echo := udpEcho(t, "127.0.0.1:0")
			a, err := r.NewAssociation(t.Context())
			require.NoError(t, err)
			p := make([]byte, 65535)
			for _, text := range []string{"x", "", string(make([]byte, 65_000))} {
				_, err = a.WriteTo([]byte(text), echo)
				require.NoError(t, err)
				n, from, err := a.ReadFrom(t.Context(), p)
				require.NoError(t, err)
				assert.Equal(t, text, string(p[:n]))
				assert.Equal(t, echo, from)
			}
			for range 20 {
				_, err = a.WriteTo([]byte("cut"), echo)
				require.NoError(t, err)
			}
			var group sync.WaitGroup
			for range 20 {
				group.Go(func() {
					n, _, err := a.ReadFrom(t.Context(), make([]byte, 2))
					assert.NoError(t, err)
					assert.Equal(t, 2, n)
				})
			}
			group.Wait()
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			_, _, err = a.ReadFrom(ctx, p)
			require.ErrorIs(t, err, context.Canceled)
			closed := make(chan error)
			go func() {
				_, _, err := a.ReadFrom(t.Context(), p)
				closed <- err
			}()
			require.NoError(t, a.Close())
			require.NoError(t, a.Close())
			require.ErrorIs(t, <-closed, tunx.ErrClosed)
			_, _, err = a.ReadFrom(t.Context(), p)
			require.ErrorIs(t, err, tunx.ErrClosed)
			_, err = a.WriteTo(nil, echo)
			require.ErrorIs(t, err, tunx.ErrClosed)
		})
	}
}

// What comes and is not asked for is bounded, and the end is told behind it.
func TestRelayBounds(t *testing.T) {
	noLeak(t)
	p := &proxy{}
	a, err := tunx.PacketRelayFrom(p).NewAssociation(t.Context())
	require.NoError(t, err)
	for range 300 {
		_, err = a.WriteTo([]byte("x"), web)
		require.NoError(t, err)
	}
	to := p.senders()[0].to
	_, err = to.WriteFrom(nil, text("nonsense"))
	require.Error(t, err)
	n, err := to.WriteFrom([]byte("dropped"), text("1.2.3.4:5"))
	require.NoError(t, err)
	assert.Equal(t, 7, n)
	require.NoError(t, to.Close())
	require.NoError(t, to.Close())
	_, err = to.WriteFrom([]byte("late"), text("1.2.3.4:5"))
	require.ErrorIs(t, err, tunx.ErrClosed)
	b := make([]byte, 10)
	for range 256 {
		n, from, err := a.ReadFrom(t.Context(), b)
		require.NoError(t, err)
		assert.Equal(t, "x", string(b[:n]))
		assert.Equal(t, web, from)
	}
	_, _, err = a.ReadFrom(t.Context(), b)
	require.Equal(t, io.EOF, err)
	require.NoError(t, a.Close())
	assert.Equal(t, 1, p.closed())

	p.open = func() error { return errors.New("broken") }
	_, err = tunx.PacketRelayFrom(p).NewAssociation(t.Context())
	require.EqualError(t, err, "broken")
	_, err = tunx.PacketProxyFrom(tunx.PacketRelayFrom(p)).NewSession(newReceiver())
	require.EqualError(t, err, "broken")
	_, err = tunx.PacketProxyFrom(tunx.PacketRelayFrom(p)).NewSession(nil)
	require.EqualError(t, err, "tunx: session: receiver=nil: must not be nil")
}

// Ports that are closed are told in both shapes.
func TestRelayUnreachable(t *testing.T) {
	noLeak(t)
	p := &proxy{write: func(s *sender, _ []byte, to netip.AddrPort) {
		s.to.(tunx.UnreachableReceiver).Unreachable(netip.AddrPortFrom(to.Addr().Unmap(), to.Port()))
	}}
	relay := tunx.PacketRelayFrom(p)
	a, err := relay.NewAssociation(t.Context())
	require.NoError(t, err)
	_, err = a.WriteTo(nil, web)
	require.NoError(t, err)
	_, from, err := a.ReadFrom(t.Context(), nil)
	require.ErrorIs(t, err, tunx.ErrPortUnreachable)
	assert.Equal(t, web, from)
	require.NoError(t, a.Close())

	r := newReceiver()
	s, err := tunx.PacketProxyFrom(relay).NewSession(r)
	require.NoError(t, err)
	eventually(t, "not told", func() bool {
		_, err = s.WriteTo(nil, web)
		return err != nil
	})
	require.ErrorIs(t, err, tunx.ErrPortUnreachable)
	mapped := netip.AddrPortFrom(netip.AddrFrom16(web.Addr().As16()), web.Port())
	eventually(t, "not told in the other form of the address", func() bool {
		_, err = s.WriteTo(nil, mapped)
		return err != nil
	})
	require.ErrorIs(t, err, tunx.ErrPortUnreachable)
	r.Close() // it wants no more
	p.write = nil
	eventually(t, "still open", func() bool {
		_, err = s.WriteTo(nil, web)
		return err != nil
	})
	<-r.closed
}
