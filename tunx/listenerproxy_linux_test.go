package tunx_test

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/tunx"
	"github.com/strata-net/strata/tunx/internal/lab"
)

// ICMP's port unreachable reaches the table's function after one datagram, also on a
// dual-stack socket, and does not keep the session from working.
func TestUnreachable(t *testing.T) {
	for _, address := range []string{"127.0.0.1:0", "[::1]:0"} {
		t.Run(address, func(t *testing.T) {
			noLeak(t)
			type pair struct{ local, remote netip.AddrPort }
			told := make(chan pair, 10)
			a := make(answers, 10)
			s := newSessions(t, direct(t), a, &tunx.SessionConfig{
				Unreachable: func(local, remote netip.AddrPort) { told <- pair{local, remote} },
			})
			echo, nobody := udpEcho(t, address), closedPort(t, address)
			for range 3 {
				require.NoError(t, s.WriteTo([]byte("x"), local(1), nobody))
				assert.Equal(t, pair{local(1), nobody}, <-told)
				require.NoError(t, s.WriteTo([]byte("y"), local(1), echo))
				assert.Equal(t, answer{"y", echo, local(1)}, a.next(t))
			}
			assert.Zero(t, s.Stats().Failed)
		})
	}
}

// A receiver that is not told is, by the next WriteTo to that destination, once.
func TestUnreachableByWriteTo(t *testing.T) {
	noLeak(t)
	r := newReceiver()
	s, err := direct(t).NewSession(r)
	require.NoError(t, err)
	defer s.Close()
	nobody, echo := closedPort(t, "127.0.0.1:0"), udpEcho(t, "127.0.0.1:0")
	eventually(t, "no error", func() bool {
		_, err = s.WriteTo([]byte("x"), nobody)
		return err != nil
	})
	assert.ErrorIs(t, err, tunx.ErrPortUnreachable)
	assert.ErrorIs(t, err, refused)
	assert.ErrorContains(t, err, nobody.String())
	for range 10 {
		_, err = s.WriteTo([]byte("y"), echo)
		require.NoError(t, err)
		assert.Equal(t, "y", r.next(t))
	}
}

// What the runtime says of a socket that has only errors passes, what ends it stays.
func TestUnpollable(t *testing.T) {
	c, err := net.ListenUDP("udp", nil)
	require.NoError(t, err)
	defer c.Close()
	require.NoError(t, tunx.Unpollable(c, errors.New("not pollable")))
	require.ErrorIs(t, tunx.Unpollable(c, net.ErrClosed), net.ErrClosed)
	assert.ErrorIs(t, tunx.Unpollable(c, os.ErrDeadlineExceeded), os.ErrDeadlineExceeded)
}

// A zone is kept: an answer to it finds its way.
func TestZone(t *testing.T) {
	space := lab.NewSpace(t)
	space.Command(t, "ip", "link", "set", "lo", "up")
	space.Command(t, "ip", "addr", "add", "fe80::1/64", "dev", "lo", "nodad")
	var echo netip.AddrPort
	space.Run(t, func() { echo = udpEcho(t, "[fe80::1%lo]:0") })
	p, err := tunx.NewPacketProxyFromPacketListener(tunx.PacketListenerFunc(func(context.Context) (c net.PacketConn, err error) {
		space.Run(t, func() { c, err = net.ListenPacket("udp", ":0") })
		return c, err
	}))
	require.NoError(t, err)
	a := make(answers, 256)
	s := newSessions(t, p, a, nil)
	// The kernel drops what comes in the first moments of an address.
	answered := func(text string, to netip.AddrPort) (from netip.AddrPort) {
		require.Eventually(t, func() bool {
			assert.NoError(t, s.WriteTo([]byte(text), local(1), to))
			for {
				select {
				case got := <-a:
					if from = got.remote; got.text == text {
						return true
					}
				default:
					return false
				}
			}
		}, 20*time.Second, 20*time.Millisecond)
		return from
	}
	from := answered("x", echo)
	assert.Equal(t, echo.Addr().WithZone(""), from.Addr().WithZone(""))
	assert.NotEmpty(t, from.Addr().Zone()) // a name, or the number when that is in another namespace
	assert.Equal(t, from, answered("y", from))
}

// What WriteTo has to tell about one port stays while others are used.
func TestUnreachableIsKept(t *testing.T) {
	noLeak(t)
	s, err := direct(t).NewSession(newReceiver())
	require.NoError(t, err)
	defer s.Close()
	first, second := closedPort(t, "127.0.0.1:0"), closedPort(t, "127.0.0.1:0")
	told := func(a netip.AddrPort) bool {
		_, err := s.WriteTo([]byte("x"), a)
		return errors.Is(err, tunx.ErrPortUnreachable)
	}
	_, err = s.WriteTo([]byte("x"), first)
	require.NoError(t, err)
	eventually(t, "second is not told", func() bool { return told(second) })
	assert.True(t, told(first))
}
