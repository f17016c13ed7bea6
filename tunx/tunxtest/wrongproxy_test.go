package tunxtest_test

import (
	"net"
	"net/netip"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/strata-net/strata/tunx"
	"github.com/strata-net/strata/tunx/tunxtest"
)

// proxy is one that sends directly, and does one thing in another way.
type proxy struct {
	tunx.PacketProxy

	t       *testing.T
	open    func(r tunx.PacketResponseReceiver) (tunx.PacketRequestSender, error)
	write   func(s tunx.PacketRequestSender, p []byte, to netip.AddrPort) (int, error)
	closing func(s tunx.PacketRequestSender) error
	answer  func(r tunx.PacketResponseReceiver, p []byte, from net.Addr) (int, error)
	ended   func(r tunx.PacketResponseReceiver) error
}

func (p *proxy) NewSession(r tunx.PacketResponseReceiver) (tunx.PacketRequestSender, error) {
	if p.open != nil {
		return p.open(r)
	}
	if r == nil {
		return p.PacketProxy.NewSession(nil)
	}
	s, err := p.PacketProxy.NewSession(proxyReceiver{p, r})
	if err == nil {
		p.t.Cleanup(func() { s.Close() })
	}
	return proxySender{p, s}, err
}

type proxySender struct {
	proxy *proxy
	tunx.PacketRequestSender
}

func (s proxySender) WriteTo(p []byte, to netip.AddrPort) (int, error) {
	if s.proxy.write != nil {
		return s.proxy.write(s.PacketRequestSender, p, to)
	}
	return s.PacketRequestSender.WriteTo(p, to)
}

func (s proxySender) Close() error {
	if s.proxy.closing != nil {
		return s.proxy.closing(s.PacketRequestSender)
	}
	return s.PacketRequestSender.Close()
}

type proxyReceiver struct {
	proxy *proxy
	tunx.PacketResponseReceiver
}

func (r proxyReceiver) WriteFrom(p []byte, from net.Addr) (int, error) {
	if r.proxy.answer != nil {
		return r.proxy.answer(r.PacketResponseReceiver, p, from)
	}
	return r.PacketResponseReceiver.WriteFrom(p, from)
}

func (r proxyReceiver) Close() error {
	if r.proxy.ended != nil {
		return r.proxy.ended(r.PacketResponseReceiver)
	}
	return r.PacketResponseReceiver.Close()
}

func runProxy(t *testing.T, name string, wrong func(*proxy)) []string {
	t.Helper()
	p := &proxy{PacketProxy: direct(t), t: t}
	wrong(p)
	test := &tunxtest.Proxy{PacketProxy: p}
	if runtime.GOOS == "linux" {
		test.Closed = closedPort(t)
	}
	return record(t, func(t testing.TB) { tunxtest.RunProxy(t, test, name) })
}

// A proxy that does everything right passes every test.
func TestRightProxy(t *testing.T) {
	for _, name := range tunxtest.ProxyTests() {
		assert.Empty(t, runProxy(t, name, func(*proxy) {}), name)
	}
}

// A proxy that does one thing wrong fails the tests that are there for it.
func TestWrongProxy(t *testing.T) {
	tunxtest.NoLeak(t)
	tunxtest.SetPatience(t, 300*time.Millisecond)
	for name, each := range wrongProxies {
		if raceEnabled && strings.HasPrefix(name, "keeps") {
			continue // the race detector itself sees it
		}
		t.Run(name, func(t *testing.T) {
			for _, test := range each.tests {
				if test == "Unreachable" && runtime.GOOS != "linux" {
					continue // sockets that are not connected are not told
				}
				assert.NotEmpty(t, runProxy(t, test, each.wrong), "%s does not see it", test)
			}
		})
	}
}

type proxyWrong struct {
	wrong func(*proxy)
	tests []string
}

var wrongProxies = map[string]proxyWrong{
	"opens nothing": {func(p *proxy) {
		p.open = func(tunx.PacketResponseReceiver) (tunx.PacketRequestSender, error) { return nil, errWrong }
	}, []string{"Echo", "Sessions", "Close"}},
	"takes no receiver": {func(p *proxy) {
		p.open = func(tunx.PacketResponseReceiver) (tunx.PacketRequestSender, error) {
			return p.PacketProxy.NewSession(&quiet{})
		}
	}, []string{"NilReceiver", "Echo"}},
	"sends nothing": {func(p *proxy) {
		p.write = func(_ tunx.PacketRequestSender, b []byte, _ netip.AddrPort) (int, error) { return len(b), nil }
	}, []string{"Echo", "Sessions", "Close"}},
	"sends nothing that is empty": {func(p *proxy) {
		p.write = func(s tunx.PacketRequestSender, b []byte, to netip.AddrPort) (int, error) {
			if len(b) == 0 {
				return 0, nil
			}
			return s.WriteTo(b, to)
		}
	}, []string{"Echo"}},
	"counts wrongly": {func(p *proxy) {
		p.write = func(s tunx.PacketRequestSender, b []byte, to netip.AddrPort) (int, error) {
			n, err := s.WriteTo(b, to)
			return n - 1, err
		}
	}, []string{"Echo"}},
	"cuts answers": {func(p *proxy) {
		p.answer = func(r tunx.PacketResponseReceiver, b []byte, from net.Addr) (int, error) {
			return r.WriteFrom(b[:min(len(b), 600)], from)
		}
	}, []string{"Echo"}},
	"another source": {func(p *proxy) {
		p.answer = func(r tunx.PacketResponseReceiver, b []byte, _ net.Addr) (int, error) {
			return r.WriteFrom(b, &net.UDPAddr{IP: net.IPv6loopback, Port: 1})
		}
	}, []string{"Echo"}},
	"mapped source": {func(p *proxy) {
		p.answer = func(r tunx.PacketResponseReceiver, b []byte, _ net.Addr) (int, error) {
			return r.WriteFrom(b, named("[::ffff:127.0.0.1]:5"))
		}
	}, []string{"Mapped", "Echo"}},
	"refuses mapped": {func(p *proxy) {
		p.write = func(s tunx.PacketRequestSender, b []byte, to netip.AddrPort) (int, error) {
			if to.Addr().Is4In6() {
				return 0, errWrong
			}
			return s.WriteTo(b, to)
		}
	}, []string{"Mapped"}},
	"changes the datagram": {func(p *proxy) {
		p.write = func(s tunx.PacketRequestSender, b []byte, to netip.AddrPort) (int, error) {
			n, err := s.WriteTo(b, to)
			clear(b)
			return n, err
		}
	}, []string{"KeepsNothing"}},
	"keeps the datagram": {func(p *proxy) {
		p.write = func(s tunx.PacketRequestSender, b []byte, to netip.AddrPort) (int, error) {
			time.AfterFunc(5*time.Millisecond, func() { s.WriteTo(b, to) })
			return len(b), nil
		}
	}, []string{"KeepsNothing"}},
	"mixes sessions": {func(p *proxy) {
		var first tunx.PacketResponseReceiver
		var mu sync.Mutex
		p.answer = func(r tunx.PacketResponseReceiver, b []byte, from net.Addr) (int, error) {
			mu.Lock()
			defer mu.Unlock()
			if first == nil {
				first = r
			}
			return first.WriteFrom(b, from)
		}
	}, []string{"Sessions"}},
	"one at a time": {func(p *proxy) {
		var mu sync.Mutex
		p.answer = func(r tunx.PacketResponseReceiver, b []byte, from net.Addr) (int, error) {
			mu.Lock()
			defer mu.Unlock()
			return r.WriteFrom(b, from)
		}
	}, []string{"Stalled"}},
	"Close is all": {func(p *proxy) {
		p.closing = func(tunx.PacketRequestSender) error { return nil }
	}, []string{"Close"}},
	"second Close fails": {func(p *proxy) {
		var mu sync.Mutex
		closed := map[tunx.PacketRequestSender]bool{}
		p.closing = func(s tunx.PacketRequestSender) error {
			mu.Lock()
			defer mu.Unlock()
			if closed[s] {
				return tunx.ErrClosed
			}
			closed[s] = true
			return s.Close()
		}
	}, []string{"Close", "CloseAtOnce"}},
	"sends after Close": {func(p *proxy) {
		p.write = func(s tunx.PacketRequestSender, b []byte, to netip.AddrPort) (int, error) {
			if n, err := s.WriteTo(b, to); err == nil {
				return n, nil
			}
			return len(b), nil
		}
	}, []string{"Close"}},
	"receiver is not closed": {func(p *proxy) {
		p.ended = func(tunx.PacketResponseReceiver) error { return nil }
	}, []string{"Close"}},
	"answers after the end": {func(p *proxy) {
		p.ended = func(r tunx.PacketResponseReceiver) error {
			r.Close()
			_, err := r.WriteFrom([]byte("late"), named("1.2.3.4:5"))
			return err
		}
	}, []string{"Close"}},
	"ends when a receiver does": {func(p *proxy) {
		var mu sync.Mutex
		ended := false
		p.answer = func(r tunx.PacketResponseReceiver, b []byte, from net.Addr) (int, error) {
			mu.Lock()
			defer mu.Unlock()
			if ended {
				return len(b), nil
			}
			n, err := r.WriteFrom(b, from)
			ended = err != nil
			return n, err
		}
	}, []string{"ReceiverCloses"}},
	"does not tell about ports": {func(p *proxy) {
		p.write = func(s tunx.PacketRequestSender, b []byte, to netip.AddrPort) (int, error) {
			s.WriteTo(b, to)
			return len(b), nil
		}
	}, []string{"Unreachable"}},
	"tells in its own words": {func(p *proxy) {
		p.write = func(s tunx.PacketRequestSender, b []byte, to netip.AddrPort) (int, error) {
			n, err := s.WriteTo(b, to)
			if err != nil {
				err = errWrong
			}
			return n, err
		}
	}, []string{"Unreachable", "Close"}},
}

// named is an address that says what it says.
type named string

func (named) Network() string  { return "udp" }
func (n named) String() string { return string(n) }

// quiet is a receiver that nobody looks at.
type quiet struct{}

func (*quiet) WriteFrom(p []byte, _ net.Addr) (int, error) { return len(p), nil }
func (*quiet) Close() error                                { return nil }
