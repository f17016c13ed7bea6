package virtnettest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/strata-net/strata/virtnet"
)

// TestNetwork tests hosts and their names, Dial, and what is left when a host or
// the network is closed.
func TestNetwork(t *testing.T, network MakeNetwork) {
	run(t, network, networkTests)
}

var networkTests = []test{
	{"Names", names},
	{"NameIsFreeAgain", nameIsFreeAgain},
	{"Ports", ports},
	{"Refused", refused},
	{"Context", contexts},
	{"Closed", closed},
	{"AutoClose", autoClose},
	{"NetworkAndLastHost", networkAndLastHost},
	{"DialWhileClosing", dialWhileClosing},
	{"ManyAtOnce", manyAtOnce},
}

// names: they are unique in the whole network, and nothing has none.
func names(b *bench) {
	b.same("name", b.alpha.Name(), "α")
	b.same("network of a host", b.beta.Network(), b.SubNetwork.Network())
	b.same("network of the other part", b.Other.Network(), b.SubNetwork.Network())
	b.same("host α", b.SubNetwork.Host("α"), b.alpha)
	b.same("host γ", b.SubNetwork.Host("γ"), (*virtnet.Host)(nil))
	for _, n := range []*virtnet.SubNetwork{b.SubNetwork, b.Other} {
		h, err := n.NewHost(b.Context(), "α")
		if h != nil || !errors.Is(err, virtnet.ErrHostDup) {
			b.Errorf("second α: got %v, %v, want %v", h, err, virtnet.ErrHostDup)
		}
		var e *virtnet.Error
		if !errors.As(err, &e) || e.Op != "new host" || e.Host != "α" || e.Network != n.Network() {
			b.Errorf("second α: got %v, which names other things", err)
		}
		if h, err := n.NewHost(b.Context(), ""); h != nil || err == nil {
			b.Errorf("a host without a name: got %v, %v", h, err)
		}
	}
}

// nameIsFreeAgain: of a host that is closed nothing is left.
func nameIsFreeAgain(b *bench) {
	l := b.listen(b.alpha, "")
	dialled, _ := b.connect(b.beta, l)
	b.must(b.alpha.Close())
	b.same("closed host", b.SubNetwork.Host("α"), (*virtnet.Host)(nil))
	again := b.host(b.Other, "α")
	b.same("new host", b.Other.Host("α"), again)
	if err := b.alpha.Close(); err != nil {
		b.Errorf("second close of a host: %v", err)
	}
	if r := b.await("read", start(func() (net.Conn, error) { return read(dialled) })); r.err == nil {
		b.Error("a conn has outlived its host")
	}
	dialled.Close()
	dialled, accepted := b.connect(b.beta, b.listen(again, ""))
	b.exchange(dialled, accepted)
}

// ports: the first free one for everybody, and holes are filled.
func ports(b *bench) {
	if b.OwnAddrs {
		b.Skip("the network has addresses of its own")
	}
	a := func(port int) net.Addr { return b.addr("α", port) }
	l := b.listen(b.alpha, "")
	b.same("listener", l.Addr(), a(1))
	dialled, accepted := b.connect(b.alpha, l)
	next := 4
	if b.ListenerPort {
		next = 3
	}
	b.same("dialled", dialled.LocalAddr(), a(2))
	b.same("accepted", accepted.RemoteAddr(), a(2))
	b.same("accepted at", accepted.LocalAddr(), dialled.RemoteAddr())
	if b.ListenerPort {
		b.same("accepted at", accepted.LocalAddr(), a(1))
	} else {
		b.same("accepted at", accepted.LocalAddr(), a(3))
	}
	b.same("next", b.listen(b.alpha, ":0").Addr(), a(next))
	far := 50000000
	if b.ListenerPort {
		far = 65535 // the last one that TCP has
	}
	b.same("far", b.listen(b.alpha, fmt.Sprint("α:", far)).Addr(), a(far))
	b.same("after far", b.listen(b.alpha, "").Addr(), a(next+1))
	dialled.Close()
	accepted.Close()
	b.same("hole", b.listen(b.alpha, "").Addr(), a(2))
}

// refused: nobody listens, or nobody is there.
func refused(b *bench) {
	for _, addr := range []string{"β:99", "α:99", ":99", ":0"} {
		c, err := b.dial(b.alpha, addr)
		b.nothing("dial", c, err)
		b.opError(err, "dial", virtnet.ErrConnRefused)
	}
	c, err := b.dial(b.alpha, "nobody:1")
	b.nothing("dial of nobody", c, err)
	if !errors.Is(err, virtnet.ErrNoHost) {
		b.Errorf("dial of nobody: got %v, want %v", err, virtnet.ErrNoHost)
	}
	for _, addr := range []string{"", "β", "β:x", "β:-1", "β:4294967296"} {
		c, err := b.dial(b.alpha, addr)
		b.nothing("dial "+addr, c, err)
		var e *net.OpError
		if !errors.As(err, &e) || e.Op != "dial" {
			b.Errorf("dial %q: got %v (%T), want a *net.OpError", addr, err, err)
		}
	}
}

// nothing checks that an operation has failed.
func (b *bench) nothing(what string, c any, err error) {
	b.Helper()
	if err == nil || c != nil {
		b.Fatalf("%s: got %v, %v, want an error", what, c, err)
	}
}

// contexts: one that has ended never dials, and its deadline is a timeout.
func contexts(b *bench) {
	l := b.listen(b.beta, "")
	ended, cancel := context.WithCancel(b.Context())
	cancel()
	accepting := start(l.Accept)
	c, err := b.do("dial", func() (net.Conn, error) { return b.alpha.Dial(ended, l.Addr().String()) })
	b.nothing("dial with a cancelled context", c, err)
	b.opError(err, "dial", context.Canceled)
	if _, err := b.alpha.ListenContext(ended, ""); !errors.Is(err, context.Canceled) {
		b.Errorf("listen with a cancelled context: %v", err)
	}
	if _, err := b.SubNetwork.NewHost(ended, "γ"); !errors.Is(err, context.Canceled) {
		b.Errorf("new host with a cancelled context: %v", err)
	}
	late, cancel := context.WithDeadline(b.Context(), time.Now().Add(-time.Second))
	defer cancel()
	c, err = b.do("dial", func() (net.Conn, error) { return b.alpha.Dial(late, l.Addr().String()) })
	b.nothing("dial after its deadline", c, err)
	b.opError(err, "dial", context.DeadlineExceeded)
	if e, ok := err.(net.Error); !ok || !e.Timeout() { //nolint:errorlint // callers ask it like this
		b.Errorf("dial after its deadline: %v is no timeout", err)
	}
	l.Close()
	if r := b.await("accept", accepting); r.err == nil {
		b.Errorf("accepted %v, which nobody has dialled", r.conn.RemoteAddr())
	}
	if !b.Backlog {
		contextEndsWait(b)
	}
}

// contextEndsWait: a dial that waits for Accept ends with its context.
func contextEndsWait(b *bench) {
	l := b.listen(b.beta, "")
	ctx, cancel := context.WithCancel(b.Context())
	dialling := start(func() (net.Conn, error) { return b.alpha.Dial(ctx, l.Addr().String()) })
	cancel()
	r := b.await("dial", dialling)
	b.nothing("dial with a context that ends", r.conn, r.err)
	b.opError(r.err, "dial", context.Canceled)
	dialled, accepted := b.connect(b.alpha, l) // the first one is not in the way
	b.exchange(dialled, accepted)
}

// closed: after a host or the network was closed everything says so, and says which.
func closed(b *bench) {
	h := b.host(b.SubNetwork, "γ")
	b.must(h.Close())
	b.down(h, virtnet.ErrHostDown)
	b.must(b.SubNetwork.Close())
	b.down(b.alpha, virtnet.ErrNetDown)
	_, err := b.SubNetwork.NewHost(b.Context(), "δ")
	if !errors.Is(err, virtnet.ErrNetDown) {
		b.Errorf("new host: got %v, want %v", err, virtnet.ErrNetDown)
	}
}

// down checks that nothing can be opened on a host.
func (b *bench) down(h *virtnet.Host, cause error) {
	b.Helper()
	c, err := b.dial(h, "β:1")
	b.nothing("dial", c, err)
	b.opError(err, "dial", cause)
	l, err := h.Listen("")
	b.nothing("listen", l, err)
	b.opError(err, "listen", cause)
	p, err := h.ListenPacket("")
	b.nothing("listen for datagrams", p, err)
	b.opError(err, "listen", cause)
	if !errors.Is(err, net.ErrClosed) {
		b.Errorf("%v is not net.ErrClosed", err)
	}
}

// autoClose: the network ends with its last open host.
func autoClose(b *bench) {
	b.SubNetwork.AutoClose()
	hosts := []*virtnet.Host{b.alpha, b.host(b.SubNetwork, "γ")}
	if b.Other == b.SubNetwork {
		hosts = append(hosts, b.beta)
	}
	for i, h := range hosts {
		if _, err := h.Listen(""); err != nil {
			b.Errorf("with %d hosts open: %v", len(hosts)-i, err)
		}
		if err := h.Close(); err != nil {
			b.Error(err)
		}
	}
	if _, err := b.SubNetwork.NewHost(b.Context(), "δ"); !errors.Is(err, virtnet.ErrNetDown) {
		b.Errorf("new host: got %v, want %v", err, virtnet.ErrNetDown)
	}
	defer func() {
		if recover() == nil {
			b.Error("AutoClose does not panic without open hosts")
		}
	}()
	b.SubNetwork.AutoClose()
}

// networkAndLastHost: they can be closed at once.
func networkAndLastHost(b *bench) {
	b.SubNetwork.AutoClose()
	l := b.listen(b.alpha, "")
	accepting := start(l.Accept)
	var closing []<-chan result
	for _, f := range []func() error{b.alpha.Close, b.SubNetwork.Close, b.beta.Close, b.alpha.Close, b.SubNetwork.Close} {
		closing = append(closing, start(func() (net.Conn, error) { return nil, f() }))
	}
	for _, c := range closing {
		if r := b.await("close", c); r.err != nil {
			b.Error(r.err)
		}
	}
	r := b.await("accept", accepting)
	if !errors.Is(r.err, virtnet.ErrHostDown) && !errors.Is(r.err, virtnet.ErrNetDown) {
		b.Errorf("accept: %v", r.err)
	}
}

// dialWhileClosing: no conn outlives its host.
func dialWhileClosing(b *bench) {
	for i := range 50 {
		from, to := b.host(b.SubNetwork, fmt.Sprintf("from%d", i)), b.host(b.Other, fmt.Sprintf("to%d", i))
		l := b.listen(to, "")
		accepting := start(l.Accept)
		dialling := start(func() (net.Conn, error) { return from.Dial(b.Context(), l.Addr().String()) })
		host, cause := from, virtnet.ErrHostDown
		if i%2 == 1 {
			host, cause = to, virtnet.ErrConnRefused
		}
		b.must(host.Close())
		r := b.await("dial", dialling)
		if r.err == nil {
			b.dead(r.conn)
		} else if !errors.Is(r.err, cause) {
			b.diedOtherwise(r.err, i)
		}
		from.Close()
		to.Close()
		if r := b.await("accept", accepting); r.err == nil {
			b.dead(r.conn)
		}
	}
}

// diedOtherwise allows what a dial sees of a host that has just gone.
func (b *bench) diedOtherwise(err error, i int) {
	b.Helper()
	if i%2 == 0 || !errors.Is(err, virtnet.ErrNoHost) {
		b.Errorf("dial while a host is closed: %v", err)
	}
}

// dead checks that a conn does not work.
func (b *bench) dead(c net.Conn) {
	b.Helper()
	defer c.Close()
	r := b.await("read", start(func() (net.Conn, error) { return read(c) }))
	if e, ok := r.err.(net.Error); ok && e.Timeout() { //nolint:errorlint // callers ask it like this
		b.Errorf("a conn of a closed host times out: %v", r.err)
	}
}

// manyAtOnce: many dial, accept and close.
func manyAtOnce(b *bench) {
	const callers, calls = 8, 20
	l := b.listen(b.beta, "")
	served := start(func() (net.Conn, error) {
		for range callers * calls {
			c, err := l.Accept()
			if err != nil {
				return nil, err
			}
			if _, err := c.Write([]byte("x")); err != nil {
				return nil, err
			}
			c.Close()
		}
		return nil, nil //nolint:nilnil // there is no conn to return
	})
	var dialling []<-chan result
	for range callers {
		dialling = append(dialling, start(func() (net.Conn, error) { return nil, b.call(l.Addr().String(), calls) }))
	}
	for _, d := range dialling {
		if r := b.await("dial", d); r.err != nil {
			b.Error(r.err)
		}
	}
	if r := b.await("accept", served); r.err != nil {
		b.Error(r.err)
	}
}

// call dials several times and reads a byte from each.
func (b *bench) call(addr string, calls int) error {
	for range calls {
		c, err := b.alpha.Dial(b.Context(), addr)
		if err != nil {
			return err
		}
		if _, err := c.Read(make([]byte, 1)); err != nil {
			return err
		}
		if err := c.Close(); err != nil {
			return err
		}
	}
	return nil
}
