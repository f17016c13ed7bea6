package quicx_test

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/quicx"
)

func TestListener_Echo(t *testing.T) {
	for _, address := range []string{"127.0.0.1:0", "udp://[::1]:0", "udp4://:0", "udp6://[::1]:0", "localhost:0"} {
		t.Run(address, func(t *testing.T) {
			noLeak(t)
			l := listen(t, &quicx.ListenConfig{Address: address})
			serve(t, l)
			to := *l.Addr().(*net.UDPAddr)
			if to.IP.IsUnspecified() {
				to.IP = net.IPv4(127, 0, 0, 1)
			}
			c := newClient(t, net.JoinHostPort(to.IP.String(), "0"))
			echo(t, c.connect(t, &to), "hello")
			s := l.Stats()
			assert.Equal(t, 1, s.Sockets)
			assert.EqualValues(t, 1, s.Accepted)
			assert.EqualValues(t, 1, s.Active)
			assert.Zero(t, s.Pending)
			assert.Zero(t, s.Unvalidated)
			require.Len(t, l.Sockets(), 1)
			assert.EqualValues(t, to.Port, l.Sockets()[0].Addr.Port())
		})
	}
}

func TestListener_BorrowedSocket(t *testing.T) {
	noLeak(t)
	udp, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	require.NoError(t, err)
	defer udp.Close()
	for range 2 { // one listener after the other
		l := listen(t, &quicx.ListenConfig{Conn: udp})
		serve(t, l)
		conn := newClient(t, "127.0.0.1:0").connect(t, udp.LocalAddr())
		echo(t, conn, "hello")
		require.NoError(t, conn.CloseWithError(0, ""))
		require.NoError(t, l.Shutdown(t.Context()))
	}
	require.NoError(t, udp.SetReadDeadline(time.Now().Add(time.Minute)))
	_, err = udp.WriteTo([]byte("mine"), udp.LocalAddr())
	require.NoError(t, err, "it is open")
	_, _, err = udp.ReadFrom(make([]byte, 2000)) // a late packet of a client may be first
	require.NoError(t, err)
}

func TestListener_AcceptEnds(t *testing.T) {
	noLeak(t)
	l := listen(t, &quicx.ListenConfig{Address: quietAddr(t)})
	ctx, cancel := context.WithCancel(t.Context())
	errs := make(chan error)
	go func() {
		_, err := l.Accept(ctx)
		errs <- err
	}()
	cancel()
	err := <-errs
	require.ErrorIs(t, err, context.Canceled)
	var e *quicx.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, "accept", e.Op)
	_, err = l.Accept(ctx)
	require.ErrorIs(t, err, context.Canceled, "at once")
	var none context.Context
	_, err = l.Accept(none)
	require.ErrorContains(t, err, "context is nil")
	require.ErrorContains(t, l.Shutdown(none), "context is nil")

	for range 3 {
		go func() {
			_, err := l.Accept(t.Context())
			errs <- err
		}()
	}
	require.NoError(t, l.Close())
	for range 3 {
		err := <-errs
		require.ErrorIs(t, err, net.ErrClosed)
		require.ErrorIs(t, err, quic.ErrServerClosed)
	}
	require.NoError(t, l.Close(), "again")
	require.NoError(t, l.Shutdown(t.Context()))
	_, err = l.Accept(t.Context())
	require.ErrorIs(t, err, net.ErrClosed)
	next, err := net.ListenUDP("udp", l.Addr().(*net.UDPAddr))
	require.NoError(t, err, "the port is free")
	require.NoError(t, next.Close())
}

func TestListener_CloseKeepsAccepted(t *testing.T) {
	noLeak(t)
	l := listen(t, &quicx.ListenConfig{Address: quietAddr(t)})
	c := newClient(t, "127.0.0.1:0")
	server, peer := pair(t, l, c)
	waiting := c.connect(t, l.Addr())
	eventually(t, "it is queued", func() bool { return l.Stats().Pending == 1 })
	eventually(t, "its handshake is done", func() bool { return l.Stats().Unvalidated == 0 })
	require.NoError(t, l.Close())

	<-waiting.Context().Done()
	var e *quic.ApplicationError
	require.ErrorAs(t, context.Cause(waiting.Context()), &e, "not accepted")
	_, err := c.dial(t, l.Addr())
	refused(t, err)

	go func() {
		s, err := server.AcceptStream(context.Background())
		if err == nil {
			s.Write([]byte("still here"))
			s.Close()
		}
	}()
	s, err := peer.OpenStream()
	require.NoError(t, err)
	_, err = s.Write([]byte("?"))
	require.NoError(t, err)
	require.NoError(t, s.SetReadDeadline(time.Now().Add(time.Minute)))
	b, err := io.ReadAll(s)
	require.NoError(t, err)
	assert.Equal(t, "still here", string(b))

	require.NoError(t, server.CloseWithError(0, ""))
	eventually(t, "the port is free", func() bool {
		udp, err := net.ListenUDP("udp", l.Addr().(*net.UDPAddr))
		if err != nil {
			return false
		}
		return udp.Close() == nil
	})
}

func TestListener_RacesOfClose(t *testing.T) {
	noLeak(t)
	config := serverTLS(t)
	for range 20 {
		l, err := quicx.NewListener(t.Context(), &quicx.ListenConfig{Address: "127.0.0.1:0", TLS: config})
		require.NoError(t, err)
		c := newClient(t, "127.0.0.1:0")
		var group sync.WaitGroup
		for range 4 {
			group.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
				defer cancel()
				if conn, err := c.transport.Dial(ctx, l.Addr(), c.tls, &quic.Config{HandshakeIdleTimeout: 200 * time.Millisecond}); err == nil {
					conn.CloseWithError(0, "")
				}
			})
			group.Go(func() {
				for {
					conn, err := l.Accept(t.Context())
					if err != nil {
						assert.ErrorIs(t, err, net.ErrClosed)
						return
					}
					conn.CloseWithError(0, "")
				}
			})
		}
		group.Go(func() {
			time.Sleep(time.Duration(time.Now().UnixNano() % 3_000_000)) // at any moment of a handshake
			assert.NoError(t, l.Close())
		})
		group.Go(func() { assert.NoError(t, l.Shutdown(t.Context())) })
		group.Wait()
		c.transport.Close()
		c.transport.Conn.Close()
		assert.Zero(t, l.Stats().Active)
		assert.Zero(t, l.Stats().Pending)
	}
}

// Check tells what NewListener would, and opens nothing.
func TestListenConfig_Check(t *testing.T) {
	noLeak(t)
	c := &quicx.ListenConfig{TLS: &tls.Config{}, MaxConns: -1}
	err := c.Check()
	assert.ErrorContains(t, err, "quicx: config: MaxConns=-1: must not be negative")
	assert.ErrorContains(t, err, "TLS.Certificates")
	assert.NotContains(t, err.Error(), "Address")
	c.Address = "not an address"
	assert.ErrorContains(t, c.Check(), "Address=not an address: ")
	var none *quicx.ListenConfig
	assert.Error(t, none.Check())
}
