package tunx_test

import (
	"context"
	"net/netip"
	"sync"

	"github.com/strata-net/strata/tunx"
)

// proxy is a PacketProxy of functions, and keeps what it has made.
type proxy struct {
	open  func() error                                 // of NewSession; nil: none
	write func(s *sender, p []byte, to netip.AddrPort) // nil: the answer is the request
	mu    sync.Mutex
	all   []*sender
}

func (p *proxy) NewSession(r tunx.PacketResponseReceiver) (tunx.PacketRequestSender, error) {
	if p.open != nil {
		if err := p.open(); err != nil {
			return nil, err
		}
	}
	s := &sender{proxy: p, to: r, closed: make(chan struct{})}
	p.mu.Lock()
	p.all = append(p.all, s)
	p.mu.Unlock()
	return s, nil
}

// senders returns what the proxy has made.
func (p *proxy) senders() []*sender {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]*sender(nil), p.all...)
}

// closed counts the senders that are.
func (p *proxy) closed() (n int) {
	for _, s := range p.senders() {
		select {
		case <-s.closed:
			n++
		default:
		}
	}
	return n
}

type sender struct {
	proxy  *proxy
	to     tunx.PacketResponseReceiver
	err    error // of WriteTo
	once   sync.Once
	closed chan struct{}
}

func (s *sender) WriteTo(p []byte, to netip.AddrPort) (int, error) {
	select {
	case <-s.closed:
		return 0, tunx.ErrClosed
	default:
	}
	if s.proxy.write != nil {
		s.proxy.write(s, p, to)
	} else {
		s.to.(tunx.AddrPortReceiver).WriteFromAddrPort(p, to)
	}
	return len(p), s.err
}

func (s *sender) Close() error {
	s.once.Do(func() { close(s.closed) })
	return nil
}

// contextProxy hangs until its context ends.
type contextProxy struct {
	proxy

	began chan struct{}
}

func (p *contextProxy) NewSessionContext(ctx context.Context, _ tunx.PacketResponseReceiver) (tunx.PacketRequestSender, error) {
	close(p.began)
	<-ctx.Done()
	return nil, ctx.Err()
}
