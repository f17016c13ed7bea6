package tunxtest

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/strata-net/strata/tunx"
)

// Proxy is what TestPacketProxy tests.
type Proxy struct {
	tunx.PacketProxy

	// Echo is where the proxy finds somebody who answers each datagram with the same one.
	// Without it the test opens a socket on 127.0.0.1.
	Echo netip.AddrPort
	// Closed is where nobody listens, of which the proxy has to tell. Without it that is not
	// tested.
	Closed netip.AddrPort
	// MaxPayload is the longest datagram that it carries, 0 is 1232 bytes.
	MaxPayload int
}

// TestPacketProxy tests a proxy. Each test has one of its own, and closes its sessions.
func TestPacketProxy(t *testing.T, proxy func(t *testing.T) *Proxy) {
	for _, each := range proxyTests {
		t.Run(each.name, func(t *testing.T) {
			noLeak(t)
			each.run(setProxy(t, proxy(t)))
		})
	}
}

func setProxy(t testing.TB, p *Proxy) *proxyBench {
	t.Helper()
	if p.MaxPayload == 0 {
		p.MaxPayload = 1232
	}
	if !p.Echo.IsValid() {
		p.Echo = echo(t)
	}
	return &proxyBench{t, p}
}

// proxyBench is a test with a proxy.
type proxyBench struct {
	testing.TB
	*Proxy
}

var proxyTests = []test[*proxyBench]{
	{"Echo", echoes},
	{"NilReceiver", nilReceiver},
	{"KeepsNothing", keepsNoDatagram},
	{"Mapped", mapped},
	{"Sessions", sessions},
	{"Close", closeSession},
	{"ReceiverCloses", receiverCloses},
	{"CloseAtOnce", closeSessionAtOnce},
	{"Stalled", stalled},
	{"Unreachable", unreachable},
}

// echo opens a socket that answers, and closes it with the test.
func echo(t testing.TB) netip.AddrPort {
	t.Helper()
	c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	done := start(func() bool {
		for p := make([]byte, 65535); ; {
			n, from, err := c.ReadFromUDPAddrPort(p)
			if errors.Is(err, net.ErrClosed) {
				return true
			}
			if err == nil {
				_, _ = c.WriteToUDPAddrPort(p[:n], from) // one that is lost is asked for again
			}
		}
	})
	t.Cleanup(func() {
		c.Close()
		<-done
	})
	return c.LocalAddr().(*net.UDPAddr).AddrPort()
}

// receiver is what a stack has for a session.
type receiver struct {
	got    chan string
	gate   chan struct{} // if not nil, WriteFrom waits for it
	asked  chan struct{} // WriteFrom was called
	mu     sync.Mutex
	closed bool // by the proxy
	late   int  // answers after that
	over   bool // by the stack
	done   chan struct{}
	from   net.Addr
}

func newReceiver() *receiver {
	return &receiver{got: make(chan string, 1000), asked: make(chan struct{}, 1), done: make(chan struct{})}
}

func (r *receiver) WriteFrom(p []byte, source net.Addr) (int, error) {
	select {
	case r.asked <- struct{}{}:
	default:
	}
	if r.gate != nil {
		<-r.gate
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		r.late++
	}
	if r.closed || r.over {
		return 0, tunx.ErrClosed
	}
	r.from = source
	select {
	case r.got <- string(p):
	default:
	}
	return len(p), nil
}

// wasAsked reports whether WriteFrom was called since the last time.
func (r *receiver) wasAsked() bool {
	select {
	case <-r.asked:
		return true
	default:
		return false
	}
}

func (r *receiver) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.closed {
		r.closed = true
		close(r.done)
	}
	return nil
}

// open begins a session, which has to be possible, and closes it with the test.
func (b *proxyBench) open(r *receiver) tunx.PacketRequestSender {
	b.Helper()
	type opened struct {
		s   tunx.PacketRequestSender
		err error
	}
	o := within(b, "NewSession", func() opened { s, err := b.NewSession(r); return opened{s, err} })
	if o.err != nil || o.s == nil {
		b.Fatalf("NewSession: %v, %v", o.s, o.err)
	}
	b.Cleanup(func() {
		o.s.Close()
		await(b, "the receiver's Close after that of the sender", r.done)
	})
	return o.s
}

// send sends a datagram, which has to be possible.
func (b *proxyBench) send(s tunx.PacketRequestSender, p []byte, to netip.AddrPort) {
	b.Helper()
	r := within(b, "WriteTo", func() result { n, err := s.WriteTo(p, to); return result{n, err} })
	if r.n != len(p) || r.err != nil {
		b.Fatalf("WriteTo of %d bytes: %d, %v", len(p), r.n, r.err)
	}
}

// exchange proves that a datagram is answered. It may be lost, as any on the way.
func (b *proxyBench) exchange(s tunx.PacketRequestSender, r *receiver, p []byte) {
	b.Helper()
	wrong := ""
	eventually(b, fmt.Sprintf("an answer of %d bytes", len(p)), func() bool {
		b.send(s, p, b.Echo)
		timer := time.NewTimer(patience / 10)
		defer timer.Stop()
		for {
			select {
			case got := <-r.got:
				if got == string(p) {
					return true
				}
				wrong = got
			case <-timer.C:
				return wrong != ""
			}
			if wrong != "" {
				b.Fatalf("an answer of %d bytes that was not asked for, want one of %d", len(wrong), len(p))
			}
		}
	})
}

// echoes: datagrams of all lengths come back from where they went.
func echoes(b *proxyBench) {
	r := newReceiver()
	s := b.open(r)
	for _, n := range []int{1, 100, 512, b.MaxPayload, 0} {
		b.exchange(s, r, bytes.Repeat([]byte{byte(n)}, n)) //nolint:gosec // any bits
		drain(r)
		from, err := netip.ParseAddrPort(r.from.String())
		if err != nil || from != b.Echo {
			b.Errorf("an answer from %v (%v), want %v", r.from, err, b.Echo)
		}
	}
}

// drain drops answers to what was sent again.
func drain(r *receiver) {
	for {
		select {
		case <-r.got:
		default:
			return
		}
	}
}

// nilReceiver: nobody takes the answers.
func nilReceiver(b *proxyBench) {
	if s, err := b.NewSession(nil); err == nil {
		s.Close()
		b.Error("a session without a receiver")
	}
}

// keepsNoDatagram: the buffer of a WriteTo is the caller's before and after.
func keepsNoDatagram(b *proxyBench) {
	r := newReceiver()
	s := b.open(r)
	b.exchange(s, r, []byte("first"))
	drain(r)
	p := []byte("second")
	b.send(s, p, b.Echo)
	if string(p) != "second" {
		b.Error("WriteTo changes the datagram")
	}
	copy(p, "changed")
	if got := await(b, "the answer", r.got); got != "second" {
		b.Errorf("WriteTo keeps the buffer: %q", got)
	}
}

// mapped: ::ffff:1.2.3.4 is 1.2.3.4.
func mapped(b *proxyBench) {
	if !b.Echo.Addr().Is4() {
		b.Skip("Echo is not IPv4")
	}
	r := newReceiver()
	s := b.open(r)
	b.Echo = netip.AddrPortFrom(netip.AddrFrom16(b.Echo.Addr().As16()), b.Echo.Port())
	b.exchange(s, r, []byte("x"))
	if from, err := netip.ParseAddrPort(r.from.String()); err != nil || from.Addr().Is4In6() {
		b.Errorf("an answer from %v", r.from)
	}
}

// sessions: they do not mix, and one that ends leaves the others.
func sessions(b *proxyBench) {
	const count = 5
	var all [count]tunx.PacketRequestSender
	var receivers [count]*receiver
	for i := range all {
		receivers[i] = newReceiver()
		all[i] = b.open(receivers[i])
	}
	for i := range all {
		b.exchange(all[i], receivers[i], []byte{byte(i)})
	}
	if err := all[0].Close(); err != nil {
		b.Errorf("close: %v", err)
	}
	for i := 1; i < count; i++ {
		drain(receivers[i])
		b.exchange(all[i], receivers[i], []byte{byte(i), byte(i)})
	}
}

// closeSession: what Close says, and what comes after it.
func closeSession(b *proxyBench) {
	r := newReceiver()
	s := b.open(r)
	b.exchange(s, r, []byte("x"))
	b.send(s, []byte("x"), b.Echo) // whose answer may come late
	for range 2 {
		if err := within(b, "close", s.Close); err != nil {
			b.Errorf("close: %v", err)
		}
		got := within(b, "WriteTo", func() result { n, err := s.WriteTo([]byte("x"), b.Echo); return result{n, err} })
		if got.n != 0 || !errors.Is(got.err, tunx.ErrClosed) {
			b.Errorf("WriteTo: %d, %v, want 0, %v", got.n, got.err, tunx.ErrClosed)
		}
	}
	await(b, "the receiver's Close", r.done)
	time.Sleep(10 * time.Millisecond) // an answer that comes later is what is wrong
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.late > 0 {
		b.Errorf("%d answers after the receiver's Close", r.late)
	}
}

// receiverCloses: a stack that wants no more answers does no harm.
func receiverCloses(b *proxyBench) {
	r := newReceiver()
	s := b.open(r)
	b.exchange(s, r, []byte("x"))
	r.mu.Lock()
	r.over = true
	r.mu.Unlock()
	<-r.asked                                                   // by the exchange
	eventually(b, "an answer that is not wanted", func() bool { // after which the session may end, or not
		if within(b, "WriteTo", func() error { _, err := s.WriteTo([]byte("x"), b.Echo); return err }) != nil {
			return true
		}
		return r.wasAsked()
	})
	_ = within(b, "close", s.Close) // which others test
	other := newReceiver()
	b.exchange(b.open(other), other, []byte("y"))
}

// closeSessionAtOnce: several goroutines close while others send.
func closeSessionAtOnce(b *proxyBench) {
	for range 10 {
		r := newReceiver()
		s := b.open(r)
		var group sync.WaitGroup
		for range 3 {
			group.Go(func() {
				for {
					if _, err := s.WriteTo([]byte("x"), b.Echo); errors.Is(err, tunx.ErrClosed) {
						return
					}
				}
			})
			group.Go(func() {
				if err := s.Close(); err != nil {
					b.Errorf("close: %v", err)
				}
			})
		}
		within(b, "close", func() bool { group.Wait(); return true })
	}
}

// stalled: a session whose receiver waits holds up no other one, and can be closed.
func stalled(b *proxyBench) {
	slow := newReceiver()
	slow.gate = make(chan struct{})
	s := b.open(slow)
	leave := sync.OnceFunc(func() { close(slow.gate) })
	b.Cleanup(leave)
	waiting := start(func() error {
		for { // a WriteTo may call the receiver itself
			if _, err := s.WriteTo([]byte("x"), b.Echo); err != nil || slow.wasAsked() {
				return err
			}
			time.Sleep(time.Millisecond)
		}
	})
	eventually(b, "an answer", func() bool { return len(slow.asked) > 0 || len(waiting) > 0 })
	other := newReceiver()
	b.exchange(b.open(other), other, []byte("y"))
	closed := start(s.Close)
	time.Sleep(time.Millisecond)
	leave()
	_ = await(b, "WriteTo", waiting) // it may succeed or not
	_ = await(b, "close", closed)
}

// told is a receiver that wants to know which ports are closed.
type told struct {
	*receiver

	who chan netip.AddrPort
}

func (r told) Unreachable(destination netip.AddrPort) {
	select {
	case r.who <- destination:
	default:
	}
}

// unreachable: who sends to a port at which nobody listens is told, by WriteTo or by the
// receiver.
func unreachable(b *proxyBench) {
	if !b.Closed.IsValid() {
		b.Skip("there is no closed port")
	}
	r := newReceiver()
	s := b.open(r)
	eventually(b, "ErrPortUnreachable", func() bool {
		_, err := s.WriteTo([]byte("x"), b.Closed)
		if err != nil && !errors.Is(err, tunx.ErrPortUnreachable) {
			b.Fatalf("WriteTo: %v, want %v", err, tunx.ErrPortUnreachable)
		}
		return err != nil
	})
	b.exchange(s, r, []byte("x")) // the session goes on

	t := told{newReceiver(), make(chan netip.AddrPort, 1)}
	second, err := b.NewSession(t)
	if err != nil {
		b.Fatal(err)
	}
	defer func() {
		second.Close()
		await(b, "the receiver's Close", t.done)
	}()
	eventually(b, "the word that the port is closed", func() bool {
		if _, err := second.WriteTo([]byte("x"), b.Closed); errors.Is(err, tunx.ErrPortUnreachable) {
			return true
		}
		select {
		case who := <-t.who:
			if who != b.Closed {
				b.Fatalf("%v is not reachable, want %v", who, b.Closed)
			}
			return true
		default:
			return false
		}
	})
}
