package tunx_test

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/tunx"
)

func TestPacketListenerProxyArguments(t *testing.T) {
	broken := errors.New("broken")
	_, err := tunx.NewPacketProxyFromPacketListener(nil, nil, tunx.WithPacketListenerWriteIdleTimeout(0),
		func(*tunx.PacketListenerProxy) error { return broken })
	require.EqualError(t, err, "tunx: config: pl=nil: must not be nil\ntunx: config: option=nil: must not be nil\n"+
		"tunx: config: write idle timeout=0s: must be positive\nbroken")
	p, err := tunx.NewPacketProxyFromPacketListener(tunx.PacketListenerFunc(func(context.Context) (net.PacketConn, error) { return nil, broken }))
	require.NoError(t, err)
	_, err = p.NewSession(newReceiver())
	require.ErrorIs(t, err, broken)
	_, err = p.NewSession(nil)
	require.EqualError(t, err, "tunx: session: receiver=nil: must not be nil")
	p, err = tunx.NewPacketProxyFromPacketListener(tunx.PacketListenerFunc(func(context.Context) (net.PacketConn, error) {
		pc, err := net.ListenPacket("udp", "127.0.0.1:0")
		if err == nil {
			pc.Close()
		}
		return pc, err
	}))
	require.NoError(t, err)
	r := newReceiver()
	if s, err := p.NewSession(r); err == nil { // it is told early or late, but told
		<-r.closed
		_, err = s.WriteTo(nil, web)
		require.ErrorIs(t, err, tunx.ErrClosed)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = direct(t).NewSessionContext(ctx, newReceiver())
	assert.ErrorIs(t, err, context.Canceled)
}

// wrapped hides what a conn is.
type wrapped struct{ net.PacketConn }

func wrap(t *testing.T) *tunx.PacketListenerProxy {
	t.Helper()
	p, err := tunx.NewPacketProxyFromPacketListener(tunx.PacketListenerFunc(func(context.Context) (net.PacketConn, error) {
		pc, err := net.ListenPacket("udp", ":0")
		return wrapped{pc}, err
	}))
	require.NoError(t, err)
	return p
}

// Sessions echo over sockets of both kinds, for receivers of both kinds, with answers of up
// to 64 KiB, and end as they should.
func TestPacketListenerProxy(t *testing.T) {
	for name, p := range map[string]tunx.PacketProxy{"socket": direct(t), "other conn": wrap(t)} {
		t.Run(name, func(t *testing.T) {
			noLeak(t)
			r := newReceiver()
			s, err := p.NewSession(r)
			require.NoError(t, err)
			for _, address := range []string{"127.0.0.1:0", "127.0.0.1:0", "[::1]:0"} {
				echo := udpEcho(t, address)
				mapped := netip.AddrPortFrom(netip.AddrFrom16(echo.Addr().As16()), echo.Port())
				for _, to := range []netip.AddrPort{echo, mapped} {
					for _, text := range []string{"x", "", string(make([]byte, 2048)), string(make([]byte, 2049)), string(make([]byte, 65_487))} {
						n, err := s.WriteTo([]byte(text), to)
						require.NoError(t, err)
						assert.Equal(t, len(text), n)
						assert.Equal(t, text, r.next(t))
						assert.Equal(t, echo.String(), (<-r.from).String())
					}
				}
			}
			_, err = s.WriteTo(make([]byte, 65_536), udpEcho(t, "127.0.0.1:0"))
			require.ErrorIs(t, err, tunx.ErrMsgSize)
			require.ErrorIs(t, err, tooLong)
			_, err = s.WriteTo([]byte("x"), netip.AddrPort{})
			require.Error(t, err)
			require.NoError(t, s.Close())
			require.NoError(t, s.Close())
			<-r.closed
			_, err = s.WriteTo([]byte("x"), web)
			assert.ErrorIs(t, err, tunx.ErrClosed)
		})
	}
}

// A receiver that wants no more ends the session.
func TestPacketListenerProxyReceiverCloses(t *testing.T) {
	for name, p := range map[string]tunx.PacketProxy{"socket": direct(t), "other conn": wrap(t)} {
		t.Run(name, func(t *testing.T) {
			noLeak(t)
			echo := udpEcho(t, "127.0.0.1:0")
			r := newReceiver()
			s, err := p.NewSession(r)
			require.NoError(t, err)
			r.Close()
			eventually(t, "still open", func() bool {
				_, err = s.WriteTo([]byte("x"), echo)
				return errors.Is(err, tunx.ErrClosed)
			})
		})
	}
}

// fakeConn is a packet conn of channels, for virtual time.
type fakeConn struct {
	net.PacketConn

	errors chan error
	once   sync.Once
	closed chan struct{}
}

func (c *fakeConn) ReadFrom([]byte) (int, net.Addr, error) {
	select {
	case <-c.closed:
		return 0, nil, net.ErrClosed
	case err := <-c.errors:
		return 0, nil, err
	}
}

func (c *fakeConn) WriteTo(p []byte, _ net.Addr) (int, error) { return len(p), nil }

func (c *fakeConn) Close() error {
	c.once.Do(func() { close(c.closed) })
	return nil
}

func TestWriteIdleTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		conn := &fakeConn{closed: make(chan struct{})}
		p, err := tunx.NewPacketProxyFromPacketListener(tunx.PacketListenerFunc(func(context.Context) (net.PacketConn, error) { return conn, nil }),
			tunx.WithPacketListenerWriteIdleTimeout(10*time.Second))
		require.NoError(t, err)
		r := newReceiver()
		s, err := p.NewSession(r)
		require.NoError(t, err)
		begin := time.Now()
		for range 5 {
			time.Sleep(9 * time.Second)
			_, err = s.WriteTo(nil, web)
			require.NoError(t, err)
		}
		<-r.closed
		assert.Equal(t, 55*time.Second, time.Since(begin))
		_, err = s.WriteTo(nil, web)
		require.ErrorIs(t, err, tunx.ErrClosed)
	})
}

// A conn that says that nobody listens goes on; one that says nothing else does not go on
// for ever.
func TestPacketConnRefused(t *testing.T) {
	noLeak(t)
	conn := &fakeConn{closed: make(chan struct{}), errors: make(chan error)}
	p, err := tunx.NewPacketProxyFromPacketListener(tunx.PacketListenerFunc(func(context.Context) (net.PacketConn, error) { return conn, nil }))
	require.NoError(t, err)
	r := newReceiver()
	s, err := p.NewSession(r)
	require.NoError(t, err)
	_, err = s.WriteTo(nil, web)
	require.NoError(t, err)
	gone := &net.OpError{Op: "read", Err: os.NewSyscallError("recvfrom", refused)}
	conn.errors <- gone
	eventually(t, "not told", func() bool {
		_, err = s.WriteTo(nil, web)
		return err != nil
	})
	require.ErrorIs(t, err, tunx.ErrPortUnreachable)
	go func() {
		for {
			select {
			case conn.errors <- gone:
			case <-conn.closed:
				return
			}
		}
	}()
	<-r.closed
	require.NoError(t, s.Close())
}
