package netstack_test

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/netstack"
)

// kernelTCP returns the ends of a conn of the kernel.
func kernelTCP(t testing.TB) (a, b *net.TCPConn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	c, err := net.Dial("tcp", l.Addr().String())
	require.NoError(t, err)
	d, err := l.Accept()
	require.NoError(t, err)
	t.Cleanup(func() {
		_ = c.Close()
		_ = d.Close()
	})
	return c.(*net.TCPConn), d.(*net.TCPConn)
}

// wrapped is a conn that is no socket.
type wrapped struct{ net.Conn }

func noise(n int) []byte {
	p := make([]byte, n)
	r := rand.NewChaCha8([32]byte{1})
	_, _ = r.Read(p)
	return p
}

// send writes p in pieces of all sizes and ends the stream.
func send(w interface {
	io.Writer
	CloseWrite() error
}, p []byte) error {
	r := rand.New(rand.NewPCG(1, 2))
	for len(p) > 0 {
		n := min(len(p), 1+r.IntN(1<<uint(r.IntN(18))))
		if _, err := w.Write(p[:n]); err != nil {
			return err
		}
		p = p[n:]
	}
	return w.CloseWrite()
}

// TestCopy copies from a conn to a conn of the kernel and back, with and without a socket.
func TestCopy(t *testing.T) {
	data := noise(3 << 20)
	for name, wrap := range map[string]func(net.Conn) net.Conn{
		"socket": func(c net.Conn) net.Conn { return c },
		"conn":   func(c net.Conn) net.Conn { return wrapped{c} },
	} {
		t.Run("to "+name, func(t *testing.T) {
			left, right := newPair(t)
			a, b := newTCP(t, left, right)
			k, far := kernelTCP(t)
			sent := make(chan error, 1)
			go func() { sent <- send(a, data) }()
			copied := make(chan error, 1)
			go func() {
				n, err := b.WriteTo(wrap(k))
				if err == nil && n != int64(len(data)) {
					err = errors.New("wrong count")
				}
				_ = k.CloseWrite()
				copied <- err
			}()
			got, err := io.ReadAll(far)
			require.NoError(t, err)
			assert.True(t, bytes.Equal(data, got))
			assert.NoError(t, <-sent)
			assert.NoError(t, <-copied)
		})
		t.Run("from "+name, func(t *testing.T) {
			left, right := newPair(t)
			a, b := newTCP(t, left, right)
			k, far := kernelTCP(t)
			sent := make(chan error, 1)
			go func() { sent <- send(far, data) }()
			copied := make(chan error, 1)
			go func() {
				n, err := b.ReadFrom(wrap(k))
				if err == nil && n != int64(len(data)) {
					err = errors.New("wrong count")
				}
				_ = b.CloseWrite()
				copied <- err
			}()
			got, err := io.ReadAll(a)
			require.NoError(t, err)
			assert.True(t, bytes.Equal(data, got))
			assert.NoError(t, <-sent)
			assert.NoError(t, <-copied)
		})
	}
}

// TestCopyWaits copies what comes late, in both directions, byte by byte.
func TestCopyWaits(t *testing.T) {
	left, right := newPair(t)
	a, b := newTCP(t, left, right)
	k, far := kernelTCP(t)
	done := make(chan error, 2)
	go func() { _, err := b.WriteTo(k); done <- err }()
	go func() { _, err := b.ReadFrom(k); done <- err }()
	for range 50 {
		roundTrip(t, a, far)
		roundTrip(t, far, a)
	}
	require.NoError(t, a.CloseWrite())
	assert.NoError(t, <-done)
	require.NoError(t, far.CloseWrite())
	assert.NoError(t, <-done)
}

// ends are what TestCopyErrors copies between: from a to b and to k, whose other end is far.
type ends struct {
	t      *testing.T
	a, b   *netstack.TCPConn
	k, far *net.TCPConn
}

// TestCopyErrors ends copies from every side.
func TestCopyErrors(t *testing.T) {
	failing := errors.New("reader has failed")
	for name, f := range map[string]func(e ends) error{
		"to a closed socket": func(e ends) error {
			require.NoError(e.t, e.k.Close())
			roundTripOne(e.t, e.a)
			_, err := e.b.WriteTo(e.k)
			return err
		},
		"to a writer that fails": func(e ends) error {
			require.NoError(e.t, e.k.Close())
			roundTripOne(e.t, e.a)
			_, err := e.b.WriteTo(wrapped{e.k})
			return err
		},
		"to a writer that is short": func(e ends) error {
			roundTripOne(e.t, e.a)
			_, err := e.b.WriteTo(short{})
			return is(err, io.ErrShortWrite)
		},
		"own deadline": func(e ends) error {
			require.NoError(e.t, e.b.SetReadDeadline(time.Now().Add(10*time.Millisecond)))
			_, err := e.b.WriteTo(e.k)
			return is(err, os.ErrDeadlineExceeded)
		},
		"own Close": func(e ends) error {
			later(func() { _ = e.b.Close() })
			_, err := e.b.WriteTo(e.k)
			return is(err, net.ErrClosed)
		},
		"own Close, buffer": func(e ends) error {
			later(func() { _ = e.b.Close() })
			_, err := e.b.WriteTo(wrapped{e.k})
			return is(err, net.ErrClosed)
		},
		"own deadline while data comes": func(e ends) error {
			go func() { _, _ = e.a.Write(make([]byte, 64<<20)) }()
			require.NoError(e.t, e.b.SetReadDeadline(time.Now().Add(10*time.Millisecond)))
			_, err := e.b.WriteTo(io.MultiWriter(io.Discard))
			return is(err, os.ErrDeadlineExceeded)
		},
		"from a reader that fails": func(e ends) error {
			_, err := e.b.ReadFrom(io.MultiReader(bytes.NewReader([]byte("x")), &fails{failing}))
			return is(err, failing)
		},
		"from a socket that is reset": func(e ends) error {
			require.NoError(e.t, e.far.SetLinger(0))
			require.NoError(e.t, e.far.Close())
			_, err := e.b.ReadFrom(e.k)
			if runtime.GOOS == "windows" && err == nil {
				e.t.Skip("wine reads an end where a reset came before the read")
			}
			return err
		},
		"from a closed socket": func(e ends) error {
			require.NoError(e.t, e.k.Close())
			_, err := e.b.ReadFrom(e.k)
			return is(err, net.ErrClosed)
		},
		"from a socket, peer does not read": func(e ends) error {
			go func() { _, _ = e.far.Write(make([]byte, 64<<20)) }()
			require.NoError(e.t, e.b.SetWriteDeadline(time.Now().Add(50*time.Millisecond)))
			_, err := e.b.ReadFrom(e.k)
			return is(err, os.ErrDeadlineExceeded)
		},
		"from a socket, own Close": func(e ends) error {
			go func() { _, _ = e.far.Write(make([]byte, 64<<20)) }()
			later(func() { _ = e.b.Close() })
			_, err := e.b.ReadFrom(e.k)
			return is(err, net.ErrClosed)
		},
		"from a socket, peer resets": func(e ends) error {
			go func() { _, _ = e.far.Write(make([]byte, 64<<20)) }()
			later(func() {
				_ = e.a.SetLinger(0)
				_ = e.a.Close()
			})
			_, err := e.b.ReadFrom(e.k)
			return err
		},
		"from a reader, own CloseWrite": func(e ends) error {
			require.NoError(e.t, e.b.CloseWrite())
			_, err := e.b.ReadFrom(bytes.NewReader([]byte("x")))
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			left, right := newPair(t)
			a, b := newTCP(t, left, right)
			k, far := kernelTCP(t)
			err := f(ends{t, a, b, k, far})
			require.Error(t, err)
			op := new(net.OpError)
			require.ErrorAs(t, err, &op)
			assert.Equal(t, a.LocalAddr().String(), op.Addr.String())
		})
	}
}

// is returns err if it is kind.
func is(err, kind error) error {
	if !errors.Is(err, kind) {
		return nil
	}
	return err
}

// roundTripOne sends a byte.
func roundTripOne(t *testing.T, c net.Conn) {
	_, err := c.Write([]byte("x"))
	require.NoError(t, err)
}

type short struct{}

func (short) Write(p []byte) (int, error) { return len(p) - 1, nil }

type fails struct{ err error }

func (f *fails) Read([]byte) (int, error) { return 0, f.err }
