package virtnettest

import (
	"errors"
	"io"
	"net"
	"reflect"
	"runtime"
	"testing"
	"time"

	"github.com/strata-net/strata/virtnet"
)

// patience is how long a test waits for what has to happen at once.
var patience = 30 * time.Second

// listen opens a listener that has to be possible.
func (b *bench) listen(h *virtnet.Host, laddr string) net.Listener {
	b.Helper()
	l, err := h.Listen(laddr)
	if err != nil {
		b.Fatalf("listen on %s %q: %v", h.Name(), laddr, err)
	}
	return l
}

// connect dials a listener and accepts.
func (b *bench) connect(from *virtnet.Host, l net.Listener) (dialled, accepted net.Conn) {
	b.Helper()
	conns := start(l.Accept)
	dialled, err := b.dial(from, l.Addr().String())
	if err != nil {
		b.Fatalf("dial %s: %v", l.Addr(), err)
	}
	r := b.await("accept", conns)
	if r.err != nil {
		b.Fatalf("accept: %v", r.err)
	}
	return dialled, r.conn
}

// must ends the test unless something worked.
func (b *bench) must(err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

// A result is what became of an operation.
type result struct {
	conn net.Conn
	err  error
}

// start runs an operation that may block.
func start(f func() (net.Conn, error)) <-chan result {
	done := make(chan result, 1)
	go func() {
		c, err := f()
		done <- result{c, err}
	}()
	return done
}

// await waits for an operation that has to end.
func (b *bench) await(what string, done <-chan result) result {
	b.Helper()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case r := <-done:
		return r
	case <-timer.C:
		b.Fatalf("%s does not end", what)
		return result{}
	}
}

// do waits for an operation, which has to end.
func (b *bench) do(what string, f func() (net.Conn, error)) (net.Conn, error) {
	b.Helper()
	r := b.await(what, start(f))
	return r.conn, r.err
}

// dial dials from a host.
func (b *bench) dial(from *virtnet.Host, addr string) (net.Conn, error) {
	b.Helper()
	return b.do("dial", func() (net.Conn, error) { return from.Dial(b.Context(), addr) })
}

// once is one Read or Write of a byte.
func (b *bench) once(op string, f func([]byte) (int, error)) error {
	b.Helper()
	_, err := b.do(op, func() (net.Conn, error) {
		_, err := f(make([]byte, 1))
		return nil, err
	})
	return err
}

// opError checks that err is a *net.OpError of op, and that it is target. On a
// network with virtnet's addresses target has to stand in it directly.
func (b *bench) opError(err error, op string, target error) {
	b.Helper()
	var e *net.OpError
	switch {
	case !errors.As(err, &e):
		b.Errorf("%s: got %v (%T), want a *net.OpError", op, err, err)
	case e.Op != op || !errors.Is(err, target):
		b.Errorf("%s: got %v, want %s: %v", op, err, op, target)
	case !b.OwnAddrs && (e.Net != b.SubNetwork.Network() || e.Err != target): //nolint:errorlint // identity is what is asked for
		b.Errorf("%s: got %v, want network %s and %v without a wrapper", op, err, b.SubNetwork.Network(), target)
	}
}

// addr is an address of a network that has virtnet's.
func (b *bench) addr(host string, port int) *virtnet.Addr {
	return &virtnet.Addr{Net: b.SubNetwork.Network(), Host: host, Port: port}
}

// same compares, with the types of what is in interfaces.
func (b *bench) same(what string, got, want any) {
	b.Helper()
	if !reflect.DeepEqual(got, want) {
		b.Errorf("%s: got %v (%T), want %v (%T)", what, got, got, want, want)
	}
}

// exchange proves that bytes go both ways.
func (b *bench) exchange(one, two net.Conn) {
	b.Helper()
	for _, pair := range [][2]net.Conn{{one, two}, {two, one}} {
		sent := start(func() (net.Conn, error) {
			_, err := pair[0].Write([]byte("hello"))
			return nil, err
		})
		got := make([]byte, 5)
		_, err := b.do("read", func() (net.Conn, error) {
			_, err := io.ReadFull(pair[1], got)
			return nil, err
		})
		if err != nil || string(got) != "hello" {
			b.Fatalf("read %q, %v", got, err)
		}
		if r := b.await("write", sent); r.err != nil {
			b.Fatalf("write: %v", r.err)
		}
	}
}

// read reads until there is an error.
func read(c net.Conn) (net.Conn, error) {
	_, err := io.Copy(io.Discard, struct{ io.Reader }{c})
	if err == nil {
		err = io.EOF // which Copy does not return
	}
	return nil, err
}

// write writes until there is an error.
func write(c net.Conn) (net.Conn, error) {
	for buf := make([]byte, 4096); ; {
		if _, err := c.Write(buf); err != nil {
			return nil, err
		}
	}
}

// noLeak checks at the end of the test that it has left no goroutine.
func noLeak(t testing.TB) {
	t.Helper()
	before := runtime.NumGoroutine()
	t.Cleanup(func() {
		// One count a try: the runtime's number is off for moments.
		var now int
		for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
			if now = runtime.NumGoroutine(); now <= before {
				return
			}
		}
		t.Errorf("goroutines: %d, before: %d", now, before)
	})
}
