package dnsintercept_test

import (
	"net"
	"net/netip"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/dns/dnsmessage"

	"github.com/strata-net/strata/tunx"
	"github.com/strata-net/strata/tunx/dnsintercept"
)

const patience = 30 * time.Second

var (
	server = netip.MustParseAddrPort("192.0.2.1:53")
	web    = netip.MustParseAddrPort("192.0.2.1:443")
)

// noLeak checks at the end of the test that it has left no goroutine.
func noLeak(t *testing.T) {
	t.Helper()
	before := runtime.NumGoroutine()
	t.Cleanup(func() {
		var now int
		for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
			if now = runtime.NumGoroutine(); now <= before {
				return
			}
		}
		assert.Failf(t, "leak", "goroutines: %d, before: %d", now, before)
	})
}

// receiver keeps what it got.
type receiver struct {
	got    chan []byte
	once   sync.Once
	closed chan struct{}
}

func newReceiver() *receiver {
	return &receiver{got: make(chan []byte, 100), closed: make(chan struct{})}
}

func (r *receiver) WriteFrom(p []byte, _ net.Addr) (int, error) {
	r.got <- append([]byte(nil), p...)
	return len(p), nil
}

func (r *receiver) Close() error {
	r.once.Do(func() { close(r.closed) })
	return nil
}

func (r *receiver) answer(t *testing.T) (m dnsmessage.Message) {
	t.Helper()
	require.NoError(t, m.Unpack(receive(t, r.got)))
	return m
}

// receive waits for what has to come.
func receive[T any](t *testing.T, c <-chan T) T {
	t.Helper()
	select {
	case got := <-c:
		return got
	case <-time.After(patience):
		require.Fail(t, "nothing comes")
		panic("unreachable")
	}
}

// next is a proxy that says what it gets.
type next struct {
	sessions chan *session
	fail     func() error // nil: never
}

type session struct {
	to     tunx.PacketResponseReceiver
	got    chan string
	closed chan struct{}
	once   sync.Once
}

func newNext() *next { return &next{sessions: make(chan *session, 10)} }

func (n *next) NewSession(r tunx.PacketResponseReceiver) (tunx.PacketRequestSender, error) {
	if n.fail != nil {
		if err := n.fail(); err != nil {
			return nil, err
		}
	}
	s := &session{to: r, got: make(chan string, 100), closed: make(chan struct{})}
	n.sessions <- s
	return s, nil
}

func (s *session) WriteTo(p []byte, to netip.AddrPort) (int, error) {
	s.got <- to.String() + " " + string(p)
	return len(p), nil
}

func (s *session) Close() error {
	s.once.Do(func() {
		close(s.closed)
		s.to.Close()
	})
	return nil
}

// open begins a session of a proxy that has to be possible.
func open(t *testing.T, n tunx.PacketProxy, c dnsintercept.Config) (tunx.PacketRequestSender, *receiver) {
	t.Helper()
	p, err := dnsintercept.NewPacketProxy(n, &c)
	require.NoError(t, err)
	r := newReceiver()
	s, err := p.NewSession(r)
	require.NoError(t, err)
	t.Cleanup(func() { s.Close() })
	return s, r
}

// query is one for a name.
func query(t *testing.T, name string) []byte {
	t.Helper()
	p, err := (&dnsmessage.Message{
		Header:    dnsmessage.Header{ID: 4711, RecursionDesired: true},
		Questions: []dnsmessage.Question{{Name: dnsmessage.MustNewName(name), Type: dnsmessage.TypeA, Class: dnsmessage.ClassINET}},
	}).Pack()
	require.NoError(t, err)
	return p
}

// answer answers a query with a number of addresses.
func answer(query []byte, count int) ([]byte, error) {
	var m dnsmessage.Message
	if err := m.Unpack(query); err != nil {
		return nil, err
	}
	m.Response = true
	for i := range count {
		m.Answers = append(m.Answers, dnsmessage.Resource{
			Header: dnsmessage.ResourceHeader{Name: m.Questions[0].Name, Class: dnsmessage.ClassINET, TTL: 1},
			Body:   &dnsmessage.AResource{A: [4]byte{10, 0, byte(i >> 8), byte(i)}},
		})
	}
	return m.Pack()
}
