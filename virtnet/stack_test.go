package virtnet_test

import (
	"context"
	"errors"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/virtnet"
)

// A stack answers each call with what the test says.
type stack struct {
	*network
	open func(ctx context.Context, call string) (net.Conn, error)
}

func newStack() (*stack, *virtnet.SubNetwork) {
	s := &stack{network: &network{errs: make(map[string]error)}}
	s.newHost = func(context.Context) error { return nil }
	s.open = func(_ context.Context, call string) (net.Conn, error) { return nil, s.called(call) }
	var sub *virtnet.SubNetwork
	sub, s.notify = virtnet.NewSubNetwork("n", s, registry{s.network})
	return s, sub
}

func (s *stack) VNetListen(ctx context.Context, host, laddr string) (net.Listener, error) {
	c, err := s.open(ctx, host+" listen "+laddr)
	return oneListener{c}, err
}

func (s *stack) VNetListenPacket(ctx context.Context, host, laddr string) (net.PacketConn, error) {
	c, err := s.open(ctx, host+" packet "+laddr)
	return onePacketConn{Conn: c}, err
}

func (s *stack) VNetConnect(ctx context.Context, host, addr string) (net.Conn, error) {
	return s.open(ctx, host+" connect "+addr)
}

type oneListener struct{ net.Conn }

func (oneListener) Accept() (net.Conn, error) { return nil, errProblem }
func (oneListener) Addr() net.Addr            { return nil }

type onePacketConn struct {
	net.Conn
	net.PacketConn
}

func (c onePacketConn) Close() error                   { return c.Conn.Close() }
func (onePacketConn) LocalAddr() net.Addr              { return nil }
func (onePacketConn) SetDeadline(time.Time) error      { return nil }
func (onePacketConn) SetReadDeadline(time.Time) error  { return nil }
func (onePacketConn) SetWriteDeadline(time.Time) error { return nil }

// stackCalls are those that a host passes on; each says what it has opened.
var stackCalls = map[string]func(*virtnet.Host, string) (any, error){
	"dial":   func(h *virtnet.Host, a string) (any, error) { return none(h.Dial(context.Background(), a)) },
	"listen": func(h *virtnet.Host, a string) (any, error) { return none(h.Listen(a)) },
	"packet": func(h *virtnet.Host, a string) (any, error) { return none(h.ListenPacket(a)) },
}

func none[T any](v T, err error) (any, error) { return v, err }

// The stack gets the calls as they are, and its answers are handed out.
func TestStackCalls(t *testing.T) {
	s, sub := newStack()
	h := newHost(t, sub, "α")
	_, err := h.Listen("10.0.0.1:http")
	require.NoError(t, err)
	_, err = h.ListenPacket("")
	require.NoError(t, err)
	s.errs["α connect x"] = errProblem
	_, err = h.Dial(t.Context(), "x")
	assert.Equal(t, errProblem, err, "without a wrapper")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = h.Dial(ctx, "β:1")
	assert.EqualError(t, err, "dial n β:1: context canceled")
	_, err = h.ListenContext(ctx, "")
	assert.EqualError(t, err, "listen n α:0: context canceled")
	require.NoError(t, h.Close())
	_, err = h.Dial(t.Context(), "x")
	assert.EqualError(t, err, "dial n: host is down")
	_, err = h.Listen(":7")
	assert.Equal(t, &net.OpError{Op: "listen", Net: "n", Addr: &virtnet.Addr{Net: "n", Host: "α", Port: 7}, Err: virtnet.ErrHostDown}, err)
	require.NoError(t, sub.Close())
	_, err = h.ListenPacket(":7")
	assert.Equal(t, &net.OpError{Op: "listen", Net: "n", Addr: &virtnet.Addr{Net: "n", Host: "α", Port: 7}, Err: virtnet.ErrNetDown}, err)
	assert.Equal(t, []string{
		"new α", "α listen 10.0.0.1:http", "α packet ", "α connect x", "close α: host is down", "close", "close registry",
	}, s.calls)
}

// A host that goes down waits for the calls that are under way before it leaves
// the stack; what they still open is closed.
func TestStackCallWhileClosing(t *testing.T) {
	for name, call := range stackCalls {
		for _, fails := range []error{nil, errProblem} {
			t.Run(name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s, sub := newStack()
					near, far := net.Pipe()
					s.open = func(ctx context.Context, _ string) (net.Conn, error) {
						<-ctx.Done()
						return near, errors.Join(s.called("opened"), fails)
					}
					h := newHost(t, sub, "α")
					done := start(func() (net.Conn, error) {
						_, err := call(h, ":1")
						return nil, err
					})
					synctest.Wait()
					require.NoError(t, h.Close())
					assert.Equal(t, []string{"new α", "opened", "close α: host is down"}, s.calls)
					assert.ErrorIs(t, (<-done).err, virtnet.ErrHostDown)
					if fails == nil {
						assert.True(t, pipeClosed(t, far))
					}
					require.NoError(t, sub.Close())
				})
			})
		}
	}
}
