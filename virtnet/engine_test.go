package virtnet_test

import (
	"context"
	"errors"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/virtnet"
)

// A network is an engine and a registry that do what the test says, and otherwise
// connect with net.Pipe.
type network struct {
	notify  virtnet.Notifier
	newHost func(context.Context) error
	dial    func(ctx context.Context, src, dst *virtnet.Addr) (net.Conn, *virtnet.Addr, error)
	errs    map[string]error // of the other calls

	mu    sync.Mutex
	calls []string
}

func newNetwork() (*network, *virtnet.SubNetwork) {
	n := &network{errs: make(map[string]error)}
	n.newHost = func(context.Context) error { return nil }
	n.dial = n.pipe
	var sub *virtnet.SubNetwork
	sub, n.notify = virtnet.NewSubNetwork("n", n, registry{n})
	return n, sub
}

func (n *network) called(what string) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.calls = append(n.calls, what)
	return n.errs[what]
}

func (n *network) VNetNewHost(ctx context.Context, name string, _ virtnet.Registry) error {
	n.called("new " + name)
	return n.newHost(ctx)
}

func (n *network) VNetCloseHost(name string, cause error) error {
	return n.called("close " + name + ": " + cause.Error())
}

func (n *network) VNetDial(ctx context.Context, src, dst *virtnet.Addr, _ string) (net.Conn, *virtnet.Addr, error) {
	return n.dial(ctx, src, dst)
}

func (n *network) Close() error { return n.called("close") }

func (n *network) pipe(ctx context.Context, src, dst *virtnet.Addr) (net.Conn, *virtnet.Addr, error) {
	near, far := net.Pipe()
	a, err := n.notify.VNetAccept(ctx, src, dst, far)
	if err != nil {
		return nil, nil, err
	}
	a.Ack <- nil
	return near, a.Addr, nil
}

type registry struct{ *network }

func (r registry) Announce(context.Context, string, string) error { return nil }

func (r registry) Query(_ context.Context, name string) (string, error) {
	return "", r.errs["query "+name]
}

func (r registry) Close() error { return r.called("close registry") }

// closed is whether a conn of net.Pipe is.
func pipeClosed(t *testing.T, c net.Conn) bool {
	t.Helper()
	require.NoError(t, ignore(c.SetReadDeadline(time.Now().Add(30*time.Second))))
	_, err := c.Read(make([]byte, 1))
	var timeout interface{ Timeout() bool }
	return err != nil && !(errors.As(err, &timeout) && timeout.Timeout())
}

func ignore(error) error { return nil }

func newHost(t *testing.T, sub *virtnet.SubNetwork, name string) *virtnet.Host {
	t.Helper()
	h, err := sub.NewHost(t.Context(), name)
	require.NoError(t, err)
	return h
}

var errProblem = errors.New("some problem")

// The engine says that the network is gone; the user who closes it hears why.
func TestVNetDown(t *testing.T) {
	noLeak(t)
	n, sub := newNetwork()
	h := newHost(t, sub, "α")
	l := listen(t, h, "")
	n.notify.VNetDown(errProblem)
	n.notify.VNetDown(errors.New("another problem"))
	_, err := l.Accept()
	assert.ErrorIs(t, err, virtnet.ErrNetDown)
	_, err = sub.NewHost(t.Context(), "β")
	assert.ErrorIs(t, err, virtnet.ErrNetDown)
	assert.Equal(t, []string{"new α", "close α: network is down"}, n.calls)
	for range 2 {
		err = sub.Close()
		assert.Equal(t, &virtnet.Error{Network: "n", Op: "close", Err: errProblem}, err)
		assert.EqualError(t, err, `virtnet "n": close: some problem`)
	}
	assert.Equal(t, []string{"new α", "close α: network is down", "close", "close registry"}, n.calls)
}

// Every failure of closing is told, with its host.
func TestCloseErrors(t *testing.T) {
	n, sub := newNetwork()
	engine, reg, host := errors.New("engine"), errors.New("registry"), errors.New("host")
	n.errs["close"], n.errs["close registry"] = engine, reg
	n.errs["close α: host is down"], n.errs["close β: network is down"] = host, errProblem
	alpha := newHost(t, sub, "α")
	newHost(t, sub, "β")
	for range 2 {
		err := alpha.Close()
		assert.EqualError(t, err, `virtnet "n": close "α": host`)
		assert.ErrorIs(t, err, host)
	}
	err := sub.Close()
	assert.EqualError(t, err, "virtnet \"n\": close: virtnet \"n\": close \"β\": some problem\nengine\nregistry")
	for _, cause := range []error{engine, reg, errProblem} {
		assert.ErrorIs(t, err, cause)
	}
	assert.NotErrorIs(t, err, host, "which its own Close has told")
}

// An engine need not care for the end of its hosts.
func TestPlainEngine(t *testing.T) {
	n := &network{newHost: func(context.Context) error { return nil }}
	sub, _ := virtnet.NewSubNetwork("n", struct{ virtnet.Engine }{n}, registry{n})
	require.NoError(t, newHost(t, sub, "α").Close())
	newHost(t, sub, "α")
	require.NoError(t, sub.Close())
	assert.Equal(t, []string{"new α", "new α", "close", "close registry"}, n.calls)
}

// AutoClose tells what the network's Close says.
func TestAutoCloseErrors(t *testing.T) {
	n, sub := newNetwork()
	n.errs["close"] = errProblem
	h := newHost(t, sub, "α")
	sub.AutoClose()
	for range 2 {
		assert.EqualError(t, h.Close(), `virtnet "n": close: some problem`)
	}
}

// What an engine says is the Err, without a wrapper; so is what the registry says.
func TestDialErrors(t *testing.T) {
	n, sub := newNetwork()
	h := newHost(t, sub, "α")
	n.dial = func(_ context.Context, src, dst *virtnet.Addr) (net.Conn, *virtnet.Addr, error) {
		src.Port, dst.Port = 0, 0 // they are the engine's own
		return nil, nil, errProblem
	}
	_, err := h.Dial(t.Context(), "β:5")
	assert.EqualError(t, err, "dial n α:1->β:5: some problem")
	assert.Equal(t, errProblem, err.(*net.OpError).Err)
	n.errs["query β"] = &virtnet.RegistryError{Registry: "r", Op: "query", Args: "β", Err: virtnet.ErrRegistryDown}
	_, err = h.Dial(t.Context(), "β:5")
	assert.EqualError(t, err, `dial n α:1->β:5: r: query "β": registry is down`)
	require.NoError(t, sub.Close())
}

// An engine that answers after all is over: its conn is closed, its error is not the
// reason.
func TestLateDial(t *testing.T) {
	for name, fails := range map[string]error{"conn": nil, "error": errProblem} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n, sub := newNetwork()
				near, far := net.Pipe()
				n.dial = func(ctx context.Context, _, dst *virtnet.Addr) (net.Conn, *virtnet.Addr, error) {
					<-ctx.Done()
					return near, dst, fails
				}
				h := newHost(t, sub, "α")
				dialling := start(func() (net.Conn, error) { return h.Dial(t.Context(), "β:1") })
				synctest.Wait()
				require.NoError(t, h.Close())
				r := <-dialling
				assert.Nil(t, r.conn)
				assert.EqualError(t, r.err, "dial n α:1->β:1: host is down")
				if fails == nil {
					assert.True(t, pipeClosed(t, far))
				}
				require.NoError(t, sub.Close())
			})
		})
	}
}

// A context that ends is told as it is, whatever words the engine has for it.
func TestDialContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, sub := newNetwork()
		defer sub.Close()
		h := newHost(t, sub, "α")
		n.dial = func(ctx context.Context, _, _ *virtnet.Addr) (net.Conn, *virtnet.Addr, error) {
			<-ctx.Done()
			return nil, nil, &net.OpError{Op: "dial", Err: ctx.Err()}
		}
		begin := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		_, err := h.Dial(ctx, "β:1")
		assert.Equal(t, time.Hour, time.Since(begin))
		assert.EqualError(t, err, "dial n α:1->β:1: context deadline exceeded")
		assert.Equal(t, context.DeadlineExceeded, err.(*net.OpError).Err)
		assert.True(t, err.(net.Error).Timeout())
		ctx, cancel = context.WithCancel(t.Context())
		time.AfterFunc(time.Hour, cancel)
		_, err = h.Dial(ctx, "β:1")
		assert.Equal(t, context.Canceled, err.(*net.OpError).Err)
	})
}

// NewHost ends with its context or with the network, which waits for the engine
// before it closes it, and has it forget a host that came too late.
func TestNewHostWhileClosing(t *testing.T) {
	for name, fails := range map[string]error{"error": errProblem, "host": nil} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n, sub := newNetwork()
				n.newHost = func(ctx context.Context) error {
					<-ctx.Done()
					n.called("made")
					return fails
				}
				done := start(func() (net.Conn, error) {
					h, err := sub.NewHost(t.Context(), "α")
					assert.Nil(t, h)
					return nil, err
				})
				synctest.Wait()
				require.NoError(t, sub.Close())
				assert.Equal(t, &virtnet.Error{Network: "n", Op: "new host", Host: "α", Err: virtnet.ErrNetDown}, (<-done).err)
				want := []string{"new α", "made", "close α: network is down", "close", "close registry"}
				if fails != nil {
					want = append(want[:2], want[3:]...)
				}
				assert.Equal(t, want, n.calls)
			})
		})
	}
}

// A name whose host is being closed is waited for, no longer than the caller wants.
func TestNewHostWaitsForName(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, sub := newNetwork()
		slow := &slowConn{closing: make(chan struct{}), closed: make(chan struct{})}
		n.dial = func(_ context.Context, _, dst *virtnet.Addr) (net.Conn, *virtnet.Addr, error) { return slow, dst, nil }
		h := newHost(t, sub, "α")
		_, err := h.Dial(t.Context(), "β:1")
		require.NoError(t, err)
		closing := start(func() (net.Conn, error) { return nil, h.Close() })
		<-slow.closing
		assert.Nil(t, sub.Host("α"))
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		_, err = sub.NewHost(ctx, "α")
		assert.ErrorIs(t, err, context.DeadlineExceeded)
		again := start(func() (net.Conn, error) {
			_, err := sub.NewHost(t.Context(), "α")
			return nil, err
		})
		synctest.Wait()
		require.Empty(t, again)
		close(slow.closed)
		require.NoError(t, (<-closing).err)
		require.NoError(t, (<-again).err)
		require.NoError(t, sub.Close())
		assert.Equal(t, []string{
			"new α", "close α: host is down", "new α", "close α: network is down", "close", "close registry",
		}, n.calls)
	})
}

// A name can become free while somebody asks for it already: the host that had it does
// not take the new one with it.
func TestNewHostBeforeNameIsFree(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, sub := newNetwork()
		slow := &slowConn{closing: make(chan struct{}), closed: make(chan struct{})}
		n.dial = func(_ context.Context, _, dst *virtnet.Addr) (net.Conn, *virtnet.Addr, error) { return slow, dst, nil }
		old := newHost(t, sub, "α")
		_, err := old.Dial(t.Context(), "β:1")
		require.NoError(t, err)
		free := make(chan struct{})
		n.newHost = func(context.Context) error {
			<-free
			return nil
		}
		made := make(chan *virtnet.Host, 1)
		go func() {
			h, err := sub.NewHost(t.Context(), "α")
			assert.NoError(t, err)
			made <- h
		}()
		synctest.Wait() // the engine has been asked
		closing := start(func() (net.Conn, error) { return nil, old.Close() })
		<-slow.closing
		close(free)
		synctest.Wait()
		assert.Empty(t, made)
		close(slow.closed)
		require.NoError(t, (<-closing).err)
		assert.Same(t, <-made, sub.Host("α"))
		require.NoError(t, sub.Close())
		assert.Equal(t, []string{
			"new α", "new α", "close α: host is down", "close α: network is down", "close", "close registry",
		}, n.calls)
	})
}

// A slowConn takes its time to close.
type slowConn struct {
	net.Conn
	closing, closed chan struct{}
}

func (c *slowConn) Close() error {
	close(c.closing)
	<-c.closed
	return nil
}

// The error of an engine's conn comes with virtnet's addresses.
func TestConnErrors(t *testing.T) {
	n, sub := newNetwork()
	defer sub.Close()
	inner := &net.OpError{Op: "x", Net: "tcp", Err: errProblem}
	n.dial = func(_ context.Context, _, dst *virtnet.Addr) (net.Conn, *virtnet.Addr, error) {
		return failingConn{err: inner}, dst, nil
	}
	c, err := newHost(t, sub, "α").Dial(t.Context(), "β:1")
	require.NoError(t, err)
	_, err = c.Read(nil)
	assert.EqualError(t, err, "read n β:1->α:1: some problem")
	_, err = c.Write(nil)
	assert.EqualError(t, err, "write n α:1->β:1: some problem")
	assert.EqualError(t, c.SetWriteDeadline(noTime), "set n α:1: some problem")
	for range 2 {
		assert.EqualError(t, c.Close(), "close n α:1->β:1: some problem")
	}
}

type failingConn struct {
	net.Conn
	err error
}

func (c failingConn) Read([]byte) (int, error)         { return 0, c.err }
func (c failingConn) Write([]byte) (int, error)        { return 0, c.err }
func (c failingConn) SetWriteDeadline(time.Time) error { return c.err }
func (c failingConn) Close() error                     { return c.err }
