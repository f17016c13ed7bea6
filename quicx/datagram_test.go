package quicx_test

import (
	"context"
	"errors"
	"net"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/quicx"
)

// quicPair returns both ends of a bare QUIC conn.
func quicPair(t testing.TB, server, client *quic.Config) (c, peer *quic.Conn) {
	t.Helper()
	b := newBare(t, server, client)
	c, err := b.DialContext(t.Context(), "udp4", b.Addr().String())
	require.NoError(t, err)
	peer, err = b.Accept(t.Context())
	require.NoError(t, err)
	return c, peer
}

var withDatagrams = &quic.Config{EnableDatagrams: true}

// datagramPair returns both ends of a conn with datagrams.
func datagramPair(t *testing.T) (d, peer *quicx.DatagramConn) {
	t.Helper()
	c1, c2 := quicPair(t, withDatagrams, withDatagrams)
	d1, err := quicx.NewDatagramConn(c1)
	require.NoError(t, err)
	d2, err := quicx.NewDatagramConn(c2)
	require.NoError(t, err)
	t.Cleanup(func() { d1.Close(); d2.Close() })
	return d1.(*quicx.DatagramConn), d2.(*quicx.DatagramConn)
}

func TestDatagramConn(t *testing.T) {
	noLeak(t)
	d, peer := datagramPair(t)
	for _, to := range []net.Addr{nil, d.RemoteAddr()} {
		n, err := d.WriteTo([]byte("hello"), to)
		require.NoError(t, err)
		assert.Equal(t, 5, n)
		b := make([]byte, 100)
		n, from, err := peer.ReadFrom(b)
		require.NoError(t, err)
		assert.Equal(t, "hello", string(b[:n]))
		assert.Equal(t, d.LocalAddr().String(), from.String())
	}
	_, err := peer.Write(nil)
	require.NoError(t, err)
	n, err := d.Read(make([]byte, 1))
	require.NoError(t, err, "an empty one arrives")
	assert.Zero(t, n)

	_, err = peer.Write([]byte("long"))
	require.NoError(t, err)
	n, err = d.Read(make([]byte, 2))
	require.NoError(t, err)
	assert.Equal(t, 2, n)
	assert.Equal(t, quicx.DatagramStats{Received: 2, Sent: 2, Cut: 1}, d.Stats())
	assert.NotNil(t, d.Conn())
}

func TestDatagramNotNegotiated(t *testing.T) {
	noLeak(t)
	c, peer := quicPair(t, nil, withDatagrams)
	_, err := quicx.NewDatagramConn(c)
	require.ErrorIs(t, err, errors.ErrUnsupported)
	require.ErrorContains(t, err, "the peer does not")
	_, err = quicx.NewDatagramConn(peer)
	require.ErrorIs(t, err, errors.ErrUnsupported)
	require.ErrorContains(t, err, "EnableDatagrams is off in our quic.Config")
	require.NoError(t, c.CloseWithError(7, ""))
	_, err = quicx.NewDatagramConn(c)
	require.ErrorAs(t, err, new(*quic.ApplicationError))
}

func TestDatagramErrors(t *testing.T) {
	noLeak(t)
	d, peer := datagramPair(t)
	for _, n := range []int{5000, 1 << 17} {
		_, err := d.WriteTo(make([]byte, n), nil)
		var large *quic.DatagramTooLargeError
		require.ErrorAs(t, err, &large)
		assert.Greater(t, large.MaxDatagramPayloadSize, int64(1000))
		assert.ErrorContains(t, err, "at most")
		_, err = d.WriteTo(make([]byte, large.MaxDatagramPayloadSize), nil)
		require.NoError(t, err)
	}
	_, err := d.WriteTo([]byte{1}, &net.UDPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 1})
	require.ErrorContains(t, err, "192.0.2.1:1")

	require.NoError(t, d.SetDeadline(time.Now().Add(-time.Second)))
	_, err = d.Write([]byte{1})
	require.ErrorIs(t, err, os.ErrDeadlineExceeded)
	_, _, err = d.ReadFrom(make([]byte, 1))
	require.ErrorIs(t, err, os.ErrDeadlineExceeded)
	require.NoError(t, d.SetDeadline(time.Now().Add(time.Hour)))
	require.NoError(t, d.SetDeadline(time.Time{}))

	require.NoError(t, peer.Conn().CloseWithError(9, "bye"))
	var app *quic.ApplicationError
	_, err = d.Read(make([]byte, 1))
	require.ErrorAs(t, err, &app)
	<-d.Conn().Context().Done() // ends a little later than reading
	_, err = d.Write([]byte{1})
	require.ErrorAs(t, err, &app)
	require.NoError(t, d.Close())
	require.NoError(t, d.Close())
	_, err = d.Read(make([]byte, 1))
	require.ErrorIs(t, err, net.ErrClosed)
	_, err = d.Write([]byte{1})
	require.ErrorIs(t, err, net.ErrClosed)
	require.ErrorIs(t, d.SetDeadline(time.Time{}), net.ErrClosed)
}

// A deadline that is moved, and Close, concern reads that wait; several wait at
// the same time and each gets a datagram.
func TestDatagramReadWaits(t *testing.T) {
	noLeak(t)
	d, peer := datagramPair(t)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			_, err := d.Read(make([]byte, 10))
			assert.NoError(t, err)
		})
	}
	require.NoError(t, d.SetReadDeadline(time.Now().Add(time.Hour)))
	for range 4 {
		_, err := peer.Write([]byte("x"))
		require.NoError(t, err)
	}
	wg.Wait()

	fails := make(chan error)
	read := func() {
		_, err := d.Read(make([]byte, 10))
		fails <- err
	}
	go read()
	require.NoError(t, d.SetReadDeadline(time.Now().Add(10*time.Millisecond)))
	require.ErrorIs(t, <-fails, os.ErrDeadlineExceeded)
	require.NoError(t, d.SetReadDeadline(time.Time{}))
	go read()
	require.NoError(t, d.Close())
	require.ErrorIs(t, <-fails, net.ErrClosed)
}

// relay is a UDP path between two sockets that can be cut.
type relay struct {
	*net.UDPConn
	mu  sync.Mutex
	cut bool
}

// newRelay passes packets to and from server until it is cut.
func newRelay(t *testing.T, server *net.UDPAddr) *relay {
	t.Helper()
	in, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	require.NoError(t, err)
	out, err := net.DialUDP("udp4", nil, server)
	require.NoError(t, err)
	r := &relay{UDPConn: in}
	var wg sync.WaitGroup
	var client net.Addr
	wg.Go(func() {
		b := make([]byte, 65536)
		for {
			n, from, err := in.ReadFrom(b)
			if err != nil {
				return
			}
			r.mu.Lock()
			client = from
			cut := r.cut
			r.mu.Unlock()
			if !cut {
				_, _ = out.Write(b[:n])
			}
		}
	})
	wg.Go(func() {
		b := make([]byte, 65536)
		for {
			n, err := out.Read(b)
			if errors.Is(err, net.ErrClosed) {
				return
			}
			r.mu.Lock()
			to, cut := client, r.cut
			r.mu.Unlock()
			if err == nil && !cut {
				_, _ = in.WriteTo(b[:n], to)
			}
		}
	})
	t.Cleanup(func() { in.Close(); out.Close(); wg.Wait() })
	return r
}

// A path that is gone holds up writes: deadlines and Close end them.
func TestDatagramWriteWaits(t *testing.T) {
	noLeak(t)
	b := newBare(t, withDatagrams, &quic.Config{EnableDatagrams: true, MaxIdleTimeout: time.Minute})
	path := newRelay(t, b.Addr().(*net.UDPAddr))
	c, err := b.DialContext(t.Context(), "udp4", path.LocalAddr().String())
	require.NoError(t, err)
	pc, err := quicx.NewDatagramConn(c)
	require.NoError(t, err)
	path.mu.Lock()
	path.cut = true
	path.mu.Unlock()

	require.NoError(t, pc.SetWriteDeadline(time.Now().Add(200*time.Millisecond)))
	for err == nil {
		_, err = pc.WriteTo(make([]byte, 1000), nil)
	}
	require.ErrorIs(t, err, os.ErrDeadlineExceeded)
	require.NoError(t, pc.SetWriteDeadline(time.Time{}))
	fails := make(chan error)
	go func() {
		var err error
		for err == nil {
			_, err = pc.WriteTo(make([]byte, 1000), nil)
		}
		fails <- err
	}()
	require.NoError(t, pc.SetWriteDeadline(time.Now().Add(time.Hour)))
	time.Sleep(10 * time.Millisecond) // so that the write waits, mostly
	require.NoError(t, pc.Close())
	require.ErrorIs(t, <-fails, net.ErrClosed)
	require.NoError(t, c.CloseWithError(0, ""))

	// Of all that was written quic-go has its queue of 32 and what is on its way; what we had is dropped.
	d := pc.(*quicx.DatagramConn)
	eventually(t, "what waited is counted", func() bool { return d.Stats().Dropped >= 16 }) // but for probes of the path
}

func BenchmarkDatagramWrite(b *testing.B) {
	for _, bench := range []struct {
		name  string
		write func(c *quic.Conn, pc net.PacketConn, p []byte) error
	}{
		{"quic-go", func(c *quic.Conn, _ net.PacketConn, p []byte) error { return c.SendDatagram(p) }},
		{"DatagramConn", func(_ *quic.Conn, pc net.PacketConn, p []byte) error {
			_, err := pc.WriteTo(p, nil)
			return err
		}},
	} {
		b.Run(bench.name, func(b *testing.B) {
			c, peer := quicPair(b, withDatagrams, withDatagrams)
			pc, err := quicx.NewDatagramConn(c)
			require.NoError(b, err)
			go func() {
				for {
					if _, err := peer.ReceiveDatagram(context.Background()); err != nil {
						return
					}
				}
			}()
			p := make([]byte, 1000)
			b.SetBytes(1000)
			b.ReportAllocs()
			for b.Loop() {
				if err := bench.write(c, pc, p); err != nil {
					b.Fatal(err)
				}
			}
			pc.Close()
			c.CloseWithError(0, "")
		})
	}
}
