package tunx_test

import (
	"errors"
	"net"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/tunx"
)

var web = netip.MustParseAddrPort("192.0.2.1:443")

// closings collects what OnClose is told.
type closings struct {
	mu  sync.Mutex
	all []closing
}

type closing struct {
	info  tunx.SessionInfo
	cause error
}

func (c *closings) add(info tunx.SessionInfo, cause error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.all = append(c.all, closing{info, cause})
}

func (c *closings) list() []closing {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.all)
}

// causes returns the causes by port.
func (c *closings) causes() map[uint16]error {
	m := map[uint16]error{}
	for _, each := range c.list() {
		m[each.info.Local.Port()] = each.cause
	}
	return m
}

func TestSessionsEcho(t *testing.T) {
	noLeak(t)
	a := make(answers, 10)
	s := newSessions(t, direct(t), a, nil)
	for _, address := range []string{"127.0.0.1:0", "[::1]:0"} {
		remote := udpEcho(t, address)
		for _, text := range []string{"hello", "", string(make([]byte, 3000)), string(make([]byte, 65_507-20))} {
			require.NoError(t, s.WriteTo([]byte(text), local(1), remote))
			assert.Equal(t, answer{text, remote, local(1)}, a.next(t))
		}
	}
	eventually(t, "not counted", func() bool { return s.Stats().Sent.Datagrams == 8 })
	stats := s.Stats()
	assert.Equal(t, 1, stats.Open)
	assert.EqualValues(t, 1, stats.Opened)
	want := tunx.Traffic{Datagrams: 8, Bytes: 2 * (5 + 3000 + 65_487)}
	assert.Equal(t, want, stats.Received)
	assert.Equal(t, want, stats.Sent)
	require.NoError(t, s.Close())
	require.NoError(t, s.Close())
	require.ErrorIs(t, s.WriteTo(nil, local(1), web), tunx.ErrClosed)
	assert.Equal(t, want, s.Stats().Sent, "kept")
}

func TestSessionsArguments(t *testing.T) {
	_, err := tunx.NewSessions(nil, nil, &tunx.SessionConfig{
		MaxSessions: -1, MaxPerSource: -1, WriteIdle: -1, ReadIdle: -1, IdleByPort: map[uint16]time.Duration{7: 0},
		QueueBytes: 5, MaxQueuedBytes: 65535, Mapping: 2, AtLimit: 9,
	})
	for _, text := range []string{
		"proxy=nil: must not be nil", "reply=nil: must not be nil", "MaxSessions=-1: must be at least 1", "MaxPerSource=-1: must be at least 1",
		"WriteIdle=-1ns: must not be negative", "ReadIdle=-1ns: must not be negative", "IdleByPort[7]=0s: must be positive",
		"QueueBytes=5: must be at least 65536", "MaxQueuedBytes=65535: must be at least 65536", "Mapping=Mapping(2): is not", "AtLimit=LimitPolicy(9): is not",
	} {
		require.ErrorContains(t, err, text)
	}
	var e *tunx.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, "config", e.Op)
	require.NoError(t, (*tunx.SessionConfig)(nil).Check())

	s := newSessions(t, &proxy{}, make(answers, 1), nil)
	require.ErrorIs(t, s.WriteTo(make([]byte, 65536), local(1), web), tunx.ErrMsgSize)
	require.ErrorContains(t, s.WriteTo(nil, local(1), netip.AddrPort{}), "address=")
	require.ErrorContains(t, s.WriteTo(nil, netip.AddrPort{}, web), "is not a pair")
	assert.Equal(t, "endpoint-independent symmetric evict-idle refuse-new",
		tunx.EndpointIndependent.String()+" "+tunx.Symmetric.String()+" "+tunx.EvictIdle.String()+" "+tunx.RefuseNew.String())
}

// ::ffff:1.2.3.4 is 1.2.3.4, on all sides.
func TestSessionsUnmap(t *testing.T) {
	a := make(answers, 10)
	var got netip.AddrPort
	p := &proxy{write: func(s *sender, p []byte, to netip.AddrPort) {
		got = to
		s.to.WriteFrom(p, &net.UDPAddr{IP: to.Addr().AsSlice(), Port: 1})
		s.to.WriteFrom(p, text("[::ffff:192.0.2.9]:2"))
		_, err := s.to.WriteFrom(p, text("name:2"))
		assert.ErrorContains(t, err, "source=name:2")
		_, err = s.to.WriteFrom(p, nil)
		assert.ErrorContains(t, err, "source=nil")
		_, err = s.to.WriteFrom(p, &net.UDPAddr{})
		assert.ErrorContains(t, err, "source=:0")
	}}
	s := newSessions(t, p, a, &tunx.SessionConfig{Mapping: tunx.EndpointIndependent})
	mapped := func(a netip.AddrPort) netip.AddrPort {
		return netip.AddrPortFrom(netip.AddrFrom16(a.Addr().As16()), a.Port())
	}
	require.NoError(t, s.WriteTo([]byte("x"), mapped(local(5)), mapped(web)))
	assert.Equal(t, answer{"x", netip.MustParseAddrPort("192.0.2.1:1"), local(5)}, a.next(t))
	assert.Equal(t, answer{"x", netip.MustParseAddrPort("192.0.2.9:2"), local(5)}, a.next(t))
	require.NoError(t, s.WriteTo([]byte("x"), local(5), web))
	a.next(t)
	assert.Equal(t, 1, s.Stats().Open)
	assert.Equal(t, web, got)
}

// text is an address that says what it says.
type text string

func (text) Network() string  { return "udp" }
func (s text) String() string { return string(s) }

// A full-cone session takes answers from everywhere, a symmetric one from its remote side.
func TestSessionsMapping(t *testing.T) {
	other := netip.MustParseAddrPort("192.0.2.7:7")
	for _, each := range []struct {
		mapping        tunx.Mapping
		open, answered int
	}{{tunx.EndpointIndependent, 1, 4}, {tunx.Symmetric, 2, 2}} {
		t.Run(each.mapping.String(), func(t *testing.T) {
			a := make(answers, 10)
			p := &proxy{write: func(s *sender, p []byte, to netip.AddrPort) {
				s.to.(tunx.AddrPortReceiver).WriteFromAddrPort(p, other)
				s.to.(tunx.AddrPortReceiver).WriteFromAddrPort(p, to)
			}}
			s := newSessions(t, p, a, &tunx.SessionConfig{Mapping: each.mapping})
			for i := range 2 {
				require.NoError(t, s.WriteTo(nil, local(1), netip.AddrPortFrom(web.Addr(), uint16(1+i))))
			}
			eventually(t, "not answered", func() bool { return len(a) == each.answered })
			eventually(t, "not filtered", func() bool { return s.Stats().Filtered == uint64(4-each.answered) })
			assert.EqualValues(t, 2, s.Stats().Sent.Datagrams)
			assert.Equal(t, each.open, s.Stats().Open)
			for info := range s.All() {
				assert.Equal(t, local(1), info.Local)
				assert.Equal(t, each.mapping == tunx.Symmetric, info.Remote.IsValid())
			}
			for range s.All() {
				break
			}
		})
	}
}

// Idle times, in virtual time.
func TestSessionsIdle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var closed closings
		begin := time.Now().Round(0) // as the infos have it
		a := make(answers, 1000)
		p := &proxy{}
		s := newSessions(t, p, a, &tunx.SessionConfig{
			WriteIdle: time.Minute, IdleByPort: map[uint16]time.Duration{53: 10 * time.Second}, OnClose: closed.add,
		})
		dns := netip.AddrPortFrom(web.Addr(), 53)
		require.NoError(t, s.WriteTo(nil, local(1), dns))
		require.NoError(t, s.WriteTo(nil, local(2), web))
		require.NoError(t, s.WriteTo(nil, local(3), dns))
		require.NoError(t, s.WriteTo(nil, local(3), web)) // longer
		time.Sleep(9 * time.Second)
		require.NoError(t, s.WriteTo(nil, local(1), dns)) // moves
		time.Sleep(9 * time.Second)
		assert.Equal(t, 3, s.Stats().Open)
		time.Sleep(2 * time.Second)
		synctest.Wait()
		require.Len(t, closed.list(), 1)
		got := closed.list()[0]
		assert.Equal(t, tunx.ErrSessionIdle, got.cause)
		assert.Equal(t, local(1), got.info.Local)
		assert.Equal(t, tunx.Traffic{Datagrams: 2}, got.info.Sent)
		assert.Equal(t, begin, got.info.Opened)
		assert.Equal(t, begin.Add(9*time.Second), got.info.LastWrite)
		assert.Equal(t, begin.Add(9*time.Second), got.info.LastRead)
		// An answer does not move the write idle time.
		time.Sleep(39 * time.Second)
		for _, each := range p.senders() {
			each.to.WriteFrom(nil, &net.UDPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 443})
		}
		assert.EqualValues(t, 1, s.Stats().Late, "of the first one")
		time.Sleep(2 * time.Second)
		synctest.Wait()
		assert.Zero(t, s.Stats().Open)
		assert.EqualValues(t, 3, s.Stats().Idle)
		assert.Equal(t, 3, p.closed())
		_, err := p.senders()[0].to.WriteFrom(nil, &net.UDPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 443})
		require.ErrorIs(t, err, tunx.ErrClosed)
		assert.EqualValues(t, 2, s.Stats().Late)
	})
	synctest.Test(t, func(t *testing.T) { // without answers
		p := &proxy{write: func(*sender, []byte, netip.AddrPort) {}}
		s := newSessions(t, p, make(answers, 1), &tunx.SessionConfig{ReadIdle: 5 * time.Second})
		for range 4 {
			require.NoError(t, s.WriteTo(nil, local(1), web))
			time.Sleep(2 * time.Second)
		}
		synctest.Wait()
		assert.EqualValues(t, 2, s.Stats().Opened)
		assert.EqualValues(t, 1, s.Stats().Idle)
	})
	synctest.Test(t, func(t *testing.T) { // one that never opened is idle as well
		leave := make(chan struct{})
		p := &proxy{open: func() error { <-leave; return nil }}
		s := newSessions(t, p, make(answers, 1), &tunx.SessionConfig{WriteIdle: time.Second})
		require.NoError(t, s.WriteTo(nil, local(1), web))
		time.Sleep(2 * time.Second)
		synctest.Wait()
		assert.Zero(t, s.Stats().Open)
		assert.EqualValues(t, 1, s.Stats().Dropped)
		close(leave)
		synctest.Wait()
		assert.Equal(t, 1, p.closed())
	})
}

func TestSessionsEvict(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var closed closings
		a := make(answers, 1000)
		p := &proxy{}
		s := newSessions(t, p, a, &tunx.SessionConfig{MaxSessions: 3, OnClose: closed.add, WriteIdle: time.Hour})
		for i := range 3 {
			require.NoError(t, s.WriteTo(nil, local(i+1), web))
			time.Sleep(2 * time.Second)
		}
		require.NoError(t, s.WriteTo(nil, local(1), web)) // 2 is now the one idle for longest
		time.Sleep(2 * time.Second)
		p.senders()[1].to.WriteFrom(nil, &net.UDPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 443}) // 3 is
		time.Sleep(time.Second)
		require.NoError(t, s.WriteTo(nil, local(4), web))
		synctest.Wait()
		assert.Equal(t, map[uint16]error{3: tunx.ErrSessionLimit}, closed.causes())
		for i := range 100 {
			require.NoError(t, s.WriteTo(nil, local(100+i), web))
			synctest.Wait()
		}
		stats := s.Stats()
		assert.Equal(t, 3, stats.Open)
		assert.EqualValues(t, 101, stats.Evicted)
		assert.Equal(t, 101, p.closed())
		assert.EqualValues(t, 105, stats.Sent.Datagrams)
	})
}

func TestSessionsPerSource(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var closed closings
		a := make(answers, 1000)
		s := newSessions(t, &proxy{}, a, &tunx.SessionConfig{MaxSessions: 100, MaxPerSource: 2, OnClose: closed.add})
		quiet := netip.MustParseAddrPort("10.0.0.9:9")
		require.NoError(t, s.WriteTo(nil, quiet, web))
		for i := range 10 {
			time.Sleep(time.Second)
			require.NoError(t, s.WriteTo(nil, local(i+1), web))
		}
		synctest.Wait()
		assert.Equal(t, 3, s.Stats().Open)
		assert.Len(t, closed.causes(), 8)
		assert.NotContains(t, closed.causes(), quiet.Port(), "another source pays for nobody")
	})
}

func TestSessionsRefuse(t *testing.T) {
	a := make(answers, 10)
	s := newSessions(t, &proxy{}, a, &tunx.SessionConfig{MaxSessions: 2, MaxPerSource: 1, AtLimit: tunx.RefuseNew})
	other := netip.MustParseAddrPort("10.0.0.2:1")
	require.NoError(t, s.WriteTo(nil, local(1), web))
	require.ErrorIs(t, s.WriteTo(nil, local(2), web), tunx.ErrSessionLimit, "of the source")
	require.NoError(t, s.WriteTo(nil, other, web))
	require.ErrorIs(t, s.WriteTo(nil, netip.MustParseAddrPort("10.0.0.3:1"), web), tunx.ErrSessionLimit, "of all")
	require.NoError(t, s.WriteTo(nil, local(1), web))
	assert.EqualValues(t, 2, s.Stats().Refused)
	assert.Equal(t, 2, s.Stats().Open)
}

// A NewSession that hangs holds up its own requests, within bounds, and neither others nor
// Close.
func TestSessionsHang(t *testing.T) {
	noLeak(t)
	leave := make(chan struct{})
	var calls atomic.Int32
	p := &proxy{open: func() error {
		if calls.Add(1) == 1 {
			return nil
		}
		<-leave
		return nil
	}}
	a := make(answers, 10)
	var closed closings
	s := newSessions(t, p, a, &tunx.SessionConfig{MaxSessions: 8, QueueBytes: 65536, OnClose: closed.add})
	require.NoError(t, s.WriteTo([]byte("x"), local(1), web))
	a.next(t)
	full := 0
	for range 1000 {
		if err := s.WriteTo([]byte("y"), local(2), web); err != nil {
			require.ErrorIs(t, err, tunx.ErrQueueFull)
			full++
		}
	}
	assert.Equal(t, 1000-65536/512, full)
	// The first session's datagram may still count when its answer is there.
	eventually(t, "one queue is full", func() bool { return s.Stats().QueuedBytes == 65536 })
	require.NoError(t, s.WriteTo([]byte("x"), local(1), web))
	a.next(t)
	// A flood of sources does not get a goroutine each.
	refused := 0
	for i := range 1000 {
		if s.WriteTo(nil, local(10+i), web) == tunx.ErrSessionLimit {
			refused++
		}
	}
	assert.Positive(t, refused)
	assert.LessOrEqual(t, calls.Load(), int32(1+3*8))
	require.NoError(t, s.Close())
	assert.Zero(t, s.Stats().QueuedBytes)
	assert.Zero(t, s.Stats().Open)
	opened := p.senders()
	assert.Len(t, opened, 1)
	close(leave)
	eventually(t, "a sender that came late is open", func() bool {
		return p.closed() == int(calls.Load()) && len(p.senders()) == int(calls.Load())
	})
}

// A proxy that takes a context is told that the session is not wanted any more.
func TestSessionsCancel(t *testing.T) {
	noLeak(t)
	p := &contextProxy{began: make(chan struct{})}
	d, err := tunx.NewDelegatePacketProxy(p)
	require.NoError(t, err)
	s := newSessions(t, d, make(answers, 1), nil)
	require.NoError(t, s.WriteTo(nil, local(1), web))
	<-p.began
	require.NoError(t, s.Close())
}

// TestSessionsFailure is told what the proxy did not send, whichever of its methods says so.
func TestSessionsFailure(t *testing.T) {
	noLeak(t)
	type failure struct {
		local, remote netip.AddrPort
		cause         error
	}
	told := make(chan failure, 10)
	p := &proxy{open: func() error { return net.ErrWriteToConnected }}
	s := newSessions(t, p, make(answers, 1), &tunx.SessionConfig{
		OnFailure: func(local, remote netip.AddrPort, cause error) { told <- failure{local, remote, cause} },
		OnClose:   func(tunx.SessionInfo, error) { told <- failure{} },
	})
	require.NoError(t, s.WriteTo(nil, local(1), web))
	assert.Equal(t, failure{local(1), web, net.ErrWriteToConnected}, <-told)
	assert.Zero(t, <-told)

	s = newSessions(t, direct(t), make(answers, 1), &tunx.SessionConfig{
		OnFailure:   func(local, remote netip.AddrPort, cause error) { told <- failure{local, remote, cause} },
		Unreachable: func(_, _ netip.AddrPort) { told <- failure{} },
	})
	here := netip.MustParseAddrPort("127.0.0.1:9")
	require.NoError(t, s.WriteTo(make([]byte, 65_508), local(1), here)) // longer than a datagram can be
	got := <-told
	require.ErrorIs(t, got.cause, tunx.ErrMsgSize)
	assert.Equal(t, failure{local(1), here, got.cause}, got)
	assert.EqualValues(t, 1, s.Stats().Failed)
}

func TestSessionsRefusedByProxy(t *testing.T) {
	noLeak(t)
	broken := errors.New("broken")
	p := &proxy{open: func() error { return broken }}
	closed := make(chan closing, 10)
	opened := make(chan tunx.SessionInfo, 10)
	told := make(chan netip.AddrPort, 10)
	a := make(answers, 1)
	s := newSessions(t, p, a, &tunx.SessionConfig{
		OnOpen:      func(i tunx.SessionInfo) { opened <- i },
		OnClose:     func(i tunx.SessionInfo, cause error) { closed <- closing{i, cause} },
		Unreachable: func(_, remote netip.AddrPort) { told <- remote },
	})
	require.NoError(t, s.WriteTo(nil, local(1), web))
	got := <-closed
	require.ErrorIs(t, got.cause, broken)
	assert.EqualError(t, got.cause, "tunx: session: local=10.0.0.1:1: broken")
	assert.Empty(t, opened)
	p.open = func() error { return tunx.ErrPortUnreachable }
	require.NoError(t, s.WriteTo(nil, local(1), web))
	assert.Equal(t, web, <-told)
	<-closed
	p.open = nil
	require.NoError(t, s.WriteTo(nil, local(1), web))
	a.next(t)
	assert.Equal(t, local(1), (<-opened).Local)
	assert.EqualValues(t, 2, s.Stats().Unopened)
	require.NoError(t, s.Close())
	assert.Equal(t, tunx.ErrClosed, (<-closed).cause)
}

// What a sender says about a request.
func TestSessionsSenderFails(t *testing.T) {
	noLeak(t)
	var told atomic.Int32
	p := &proxy{}
	var closed closings
	a := make(answers, 10)
	s := newSessions(t, p, a, &tunx.SessionConfig{OnClose: closed.add, Unreachable: func(_, remote netip.AddrPort) {
		assert.Equal(t, web, remote)
		told.Add(1)
	}})
	p.write = func(s *sender, _ []byte, _ netip.AddrPort) { s.err = errors.New("broken") }
	require.NoError(t, s.WriteTo(nil, local(1), web))
	eventually(t, "not counted", func() bool { return s.Stats().Failed == 1 })
	p.write = func(s *sender, _ []byte, _ netip.AddrPort) {
		s.err = &tunx.Error{Op: "write", Err: tunx.ErrPortUnreachable}
	}
	require.NoError(t, s.WriteTo(nil, local(1), web))
	eventually(t, "not told", func() bool { return told.Load() == 1 })
	assert.Equal(t, 1, s.Stats().Open)
	// The proxy has closed the session on its own: the request opens another one.
	p.senders()[0].Close()
	p.write = nil
	require.NoError(t, s.WriteTo([]byte("z"), local(1), web))
	assert.Equal(t, "z", a.next(t).text)
	assert.Len(t, p.senders(), 2)
	assert.Equal(t, map[uint16]error{1: tunx.ErrSessionEnded}, closed.causes())
	// The proxy says that no more answers come.
	p.senders()[1].to.Close()
	eventually(t, "not ended", func() bool { return s.Stats().Ended == 2 })
	p.senders()[1].to.Close()
	assert.Zero(t, s.Stats().Open)
	// A proxy whose sessions are always closed is not asked for ever.
	p.write = func(s *sender, _ []byte, _ netip.AddrPort) { s.err = net.ErrClosed }
	require.NoError(t, s.WriteTo([]byte("z"), local(1), web))
	eventually(t, "not given up", func() bool { return s.Stats().Ended == 4 })
	assert.Len(t, p.senders(), 4)
}

// An error of the reply function reaches the proxy.
func TestSessionsReplyFails(t *testing.T) {
	got := make(chan error, 1)
	p := &proxy{write: func(s *sender, p []byte, to netip.AddrPort) {
		_, err := s.to.WriteFrom(p, net.UDPAddrFromAddrPort(to))
		got <- err
	}}
	broken := errors.New("broken")
	s, err := tunx.NewSessions(p, func([]byte, netip.AddrPort, netip.AddrPort) error { return broken }, nil)
	require.NoError(t, err)
	defer s.Close()
	require.NoError(t, s.WriteTo(nil, local(1), web))
	require.ErrorIs(t, <-got, broken)
	eventually(t, "not counted", func() bool { return s.Stats().Failed == 1 })
	assert.Zero(t, s.Stats().Received.Datagrams)
}

// All queues together are bounded.
func TestSessionsMemory(t *testing.T) {
	leave := make(chan struct{})
	p := &proxy{write: func(*sender, []byte, netip.AddrPort) { <-leave }}
	s := newSessions(t, p, make(answers, 1), &tunx.SessionConfig{QueueBytes: 1 << 20, MaxQueuedBytes: 1 << 20})
	defer close(leave)
	for i := range 100 {
		for range 100 {
			if err := s.WriteTo(make([]byte, 1000), local(i+1), web); err != nil {
				require.ErrorIs(t, err, tunx.ErrQueueFull)
			}
		}
	}
	stats := s.Stats()
	assert.LessOrEqual(t, stats.QueuedBytes, 1<<20)
	assert.EqualValues(t, 10_000-1<<20/2048, stats.Dropped)
}

// One session whose proxy stalls does not slow the others.
func TestSessionsStall(t *testing.T) {
	noLeak(t)
	leave := make(chan struct{})
	a := make(answers, 1)
	p := &proxy{write: func(s *sender, p []byte, to netip.AddrPort) {
		if string(p) == "stall" {
			<-leave
			return
		}
		s.to.(tunx.AddrPortReceiver).WriteFromAddrPort(p, to)
	}}
	s := newSessions(t, p, a, nil)
	defer close(leave)
	require.NoError(t, s.WriteTo([]byte("stall"), local(1), web))
	for range 1000 {
		require.NoError(t, s.WriteTo([]byte("go"), local(2), web))
		a.next(t)
	}
}

// No datagram costs an allocation.
func TestSessionsAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates, and makes sync.Pool forget")
	}
	done := make(chan struct{}, 1)
	p := &proxy{}
	s, err := tunx.NewSessions(p, func([]byte, netip.AddrPort, netip.AddrPort) error {
		done <- struct{}{}
		return nil
	}, nil)
	require.NoError(t, err)
	defer s.Close()
	b := make([]byte, 1200)
	n := testing.AllocsPerRun(2000, func() {
		if assert.NoError(t, s.WriteTo(b, local(1), web)) {
			<-done
		}
	})
	assert.Zero(t, n)
}

// Many goroutines, few places, and a Close in the middle.
func TestSessionsRace(t *testing.T) {
	noLeak(t)
	var opened, closed atomic.Int32
	s, err := tunx.NewSessions(direct(t), func([]byte, netip.AddrPort, netip.AddrPort) error { return nil }, &tunx.SessionConfig{
		MaxSessions: 20, MaxPerSource: 10, Mapping: tunx.Symmetric, WriteIdle: 2 * time.Millisecond,
		OnOpen: func(tunx.SessionInfo) { opened.Add(1) }, OnClose: func(tunx.SessionInfo, error) { closed.Add(1) },
	})
	require.NoError(t, err)
	echo := udpEcho(t, "127.0.0.1:0")
	var group sync.WaitGroup
	for g := range 4 {
		group.Go(func() {
			for i := 0; ; i++ {
				from := netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 0, byte(i % 5)}), uint16(1+(i+g)%17))
				switch err := s.WriteTo([]byte("x"), from, echo); err {
				case nil, tunx.ErrQueueFull, tunx.ErrSessionLimit:
				default:
					assert.ErrorIs(t, err, tunx.ErrClosed)
					return
				}
				if i%10 == 0 {
					s.Stats()
					for range s.All() {
						break
					}
				}
			}
		})
	}
	eventually(t, "no traffic", func() bool { return s.Stats().Received.Datagrams > 50 && s.Stats().Evicted > 10 })
	require.NoError(t, s.Close())
	group.Wait()
	assert.EqualValues(t, s.Stats().Opened, closed.Load())
	assert.LessOrEqual(t, opened.Load(), closed.Load())
	assert.Zero(t, s.Stats().Open)
	assert.Zero(t, s.Stats().QueuedBytes)
}
