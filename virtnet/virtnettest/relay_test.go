package virtnettest_test

import (
	"context"
	"errors"
	"io"
	"net"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/virtnet"
	"github.com/strata-net/strata/virtnet/pipenet"
	"github.com/strata-net/strata/virtnet/simnet"
	"github.com/strata-net/strata/virtnet/virtnettest"
)

// A relay is a stack that has another network do everything, and can do each thing
// wrong.
type relay struct {
	inner *virtnet.SubNetwork
	wrong wrong
}

// Wrong is what a relay does instead; nil does it right.
type wrong struct {
	newHost      func(error) error
	closeHost    func(inner *virtnet.SubNetwork, hostname string)
	closed       func(error) error
	laddr        func(string) string
	listener     func(net.Listener, error) (net.Listener, error)
	packet       func(net.PacketConn, error) (net.PacketConn, error)
	beforeDial   func() net.Conn
	dialled      func(net.Conn, error) (net.Conn, error)
	conn         func(net.Conn) net.Conn
	announcement func(*virtnettest.Network)
}

// newRelay makes a network that is wrong in one respect.
func newRelay(w wrong) *virtnettest.Network {
	n := &virtnettest.Network{SubNetwork: w.relay(pipenet.AsVirtNet(pipenet.New("t")))}
	if w.announcement != nil {
		w.announcement(n)
	}
	return n
}

// newPacketRelay is newRelay for a network that has datagrams.
func newPacketRelay(t *testing.T, w wrong) *virtnettest.Network {
	inner, err := simnet.New(simnet.Config{Name: "t", Order: simnet.OrderDirect, Names: true})
	require.NoError(t, err)
	return &virtnettest.Network{
		SubNetwork: w.relay(simnet.AsVirtNet(inner)), Backlog: true, ListenerPort: true, Datagrams: true,
	}
}

func (w wrong) relay(inner *virtnet.SubNetwork) *virtnet.SubNetwork {
	outer, _ := virtnet.NewSubNetwork(inner.Network(), &relay{inner: inner, wrong: w}, silent{})
	return outer
}

func (r *relay) VNetNewHost(ctx context.Context, hostname string, _ virtnet.Registry) error {
	_, err := r.inner.NewHost(ctx, hostname)
	if e, ok := errors.AsType[*virtnet.Error](err); ok {
		err = e.Err
	}
	if r.wrong.newHost != nil {
		return r.wrong.newHost(err)
	}
	return err
}

func (r *relay) VNetCloseHost(hostname string, cause error) error {
	err := r.closeHost(hostname, cause)
	if r.wrong.closed != nil {
		return r.wrong.closed(err)
	}
	return err
}

func (r *relay) closeHost(hostname string, cause error) error {
	switch h := r.inner.Host(hostname); {
	case r.wrong.closeHost != nil:
		r.wrong.closeHost(r.inner, hostname)
		return nil
	case errors.Is(cause, virtnet.ErrNetDown):
		return r.inner.Close() // marks all hosts before it closes any
	case h == nil:
		return nil // went with the network
	default:
		return h.Close()
	}
}

func (r *relay) VNetListen(ctx context.Context, hostname, laddr string) (net.Listener, error) {
	if r.wrong.laddr != nil {
		laddr = r.wrong.laddr(laddr)
	}
	l, err := r.inner.Host(hostname).ListenContext(ctx, laddr)
	if r.wrong.listener != nil {
		l, err = r.wrong.listener(l, err)
	}
	if err == nil && r.wrong.conn != nil {
		l = listener{Listener: l, conn: r.wrong.conn}
	}
	return l, err
}

func (r *relay) VNetListenPacket(_ context.Context, hostname, laddr string) (net.PacketConn, error) {
	c, err := r.inner.Host(hostname).ListenPacket(laddr)
	if r.wrong.packet != nil {
		return r.wrong.packet(c, err)
	}
	return c, err
}

func (r *relay) VNetConnect(ctx context.Context, hostname, addr string) (net.Conn, error) {
	if r.wrong.beforeDial != nil {
		return r.wrong.beforeDial(), nil
	}
	c, err := r.inner.Host(hostname).Dial(ctx, addr)
	if r.wrong.dialled != nil {
		return r.wrong.dialled(c, err)
	}
	if err == nil && r.wrong.conn != nil {
		c = r.wrong.conn(c)
	}
	return c, err
}

func (*relay) VNetDial(context.Context, *virtnet.Addr, *virtnet.Addr, string) (net.Conn, *virtnet.Addr, error) {
	return nil, nil, errors.ErrUnsupported // a stack's is not called
}

func (r *relay) Close() error { return r.inner.Close() }

// A silent registry is one that a stack does not need.
type silent struct{}

func (silent) Announce(context.Context, string, string) error { return errors.ErrUnsupported }
func (silent) Query(context.Context, string) (string, error)  { return "", errors.ErrUnsupported }
func (silent) Close() error                                   { return nil }

// A listener accepts conns that are wrong, or fails in its own way.
type listener struct {
	net.Listener
	conn  func(net.Conn) net.Conn
	fail  func(error) error
	close func() error
}

func (l listener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil && l.fail != nil {
		err = l.fail(err)
	}
	if err == nil && l.conn != nil {
		c = l.conn(c)
	}
	return c, err
}

func (l listener) Close() error {
	if l.close != nil {
		return l.close()
	}
	return l.Listener.Close()
}

// A deaf listener takes conns, and has none of them.
type deaf struct{ net.Listener }

func (l deaf) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err == nil {
		c.Close()
		err = io.EOF
	}
	return nil, err
}

// A packetConn reads and writes in its own way.
type packetConn struct {
	net.PacketConn
	read  func(p []byte) (int, net.Addr, error)
	write func(p []byte, to net.Addr) (int, error)
	close func() error
}

func (c packetConn) ReadFrom(p []byte) (int, net.Addr, error) {
	if c.read != nil {
		return c.read(p)
	}
	return c.PacketConn.ReadFrom(p)
}

func (c packetConn) WriteTo(p []byte, to net.Addr) (int, error) {
	if c.write != nil {
		return c.write(p, to)
	}
	return c.PacketConn.WriteTo(p, to)
}

func (c packetConn) Close() error {
	if c.close != nil {
		return c.close()
	}
	return c.PacketConn.Close()
}

// piped returns a conn that leads nowhere.
func piped() net.Conn {
	c, _ := net.Pipe()
	return c
}

func ctx() context.Context { return context.Background() }
