package tunx

import (
	"context"
	"errors"
	"iter"
	"net"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Sessions is the table of a NAT for UDP: it gives each local address and port, or each
// pair of a local and a remote one, a session of a [PacketProxy]. Its methods may be
// called at the same time.
//
// A session has no goroutine but while requests wait in it, and those of the proxy.
type Sessions struct {
	proxy    PacketProxy
	reply    func(p []byte, remote, local netip.AddrPort) error
	config   SessionConfig
	ctx      context.Context // of openings
	cancel   context.CancelFunc
	workers  sync.WaitGroup
	queued   atomic.Int64 // bytes of all queues
	late     atomic.Uint64
	dropped  atomic.Uint64 // of those that found no session
	mu       sync.Mutex
	closed   bool
	sessions map[sessionKey]*session
	sources  map[netip.Addr]*source
	recent   list // the one that was idle for longest is last
	pending  int  // goroutines that open or end a session
	past     SessionStats
}

// sessionKey has no remote side unless the mapping is symmetric.
type sessionKey struct{ local, remote netip.AddrPort }

// source is what the sessions of a local address have together.
type source struct{ recent list }

// NewSessions returns a table without sessions. Answers go to reply, which may be called
// by many goroutines at the same time, must not keep p, and holds up only the session that
// it is called for. cfg is copied; nil is the zero SessionConfig.
func NewSessions(proxy PacketProxy, reply func(p []byte, remote, local netip.AddrPort) error, cfg *SessionConfig) (*Sessions, error) {
	var p problems
	if proxy == nil {
		p.add("proxy", "nil", errNil)
	}
	if reply == nil {
		p.add("reply", "nil", errNil)
	}
	if err := errors.Join(p.err(), cfg.Check()); err != nil {
		return nil, err
	}
	s := &Sessions{
		proxy: proxy, reply: reply, config: cfg.clone(),
		sessions: make(map[sessionKey]*session), sources: make(map[netip.Addr]*source),
	}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	return s, nil
}

// WriteTo gives the datagram p, which may be empty, to the session for local and remote. It never waits, and keeps
// nothing of p. It fails with [ErrQueueFull] when p is dropped because the session does not
// keep up, with [ErrSessionLimit] when it has no session and cannot get one, with
// [ErrMsgSize] when it is longer than 65,535 bytes, and with [ErrClosed].
//
// What goes wrong later is told to the functions of the config, and counted.
func (s *Sessions) WriteTo(p []byte, local, remote netip.AddrPort) error {
	local, remote = unmap(local), unmap(remote)
	if len(p) > maxPacket {
		return ErrMsgSize
	}
	if !local.IsValid() || !remote.IsValid() {
		return &Error{Op: "write", Field: "address", Value: local.String() + ">" + remote.String(), Err: errAddress}
	}
	return s.submit(p, local, remote, false)
}

var errAddress = errors.New("is not a pair of addresses")

// unmap makes ::ffff:1.2.3.4 1.2.3.4: the two must be the same session.
func unmap(a netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
}

// submit finds a session and puts p into its queue. One that ends meanwhile has left the
// table, so that the next try finds another.
func (s *Sessions) submit(p []byte, local, remote netip.AddrPort, again bool) error {
	for {
		u, err := s.find(local, remote)
		if err != nil {
			s.dropped.Add(1)
			return err
		}
		if err := u.put(p, remote, again); err != errEnded { //nolint:errorlint // our own, bare
			return err
		}
	}
}

// find returns the session for local and remote, which it makes when there is none.
func (s *Sessions) find(local, remote netip.AddrPort) (*session, error) {
	key := sessionKey{local: local}
	if s.config.Mapping == Symmetric {
		key.remote = remote
	}
	now := sinceEpoch()
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.sessions[key]
	switch {
	case s.closed:
		return nil, ErrClosed
	case u == nil:
		var err error
		if u, err = s.begin(key, remote, now); err != nil {
			return nil, err
		}
	}
	u.touch(remote.Port(), now)
	return u, nil
}

// begin makes a session. The lock is held.
func (s *Sessions) begin(key sessionKey, remote netip.AddrPort, now int64) (*session, error) {
	from := s.sources[key.local.Addr()]
	if from == nil {
		from = &source{}
	}
	if err := s.makeRoom(from); err != nil {
		s.past.Refused++
		return nil, err
	}
	s.sources[key.local.Addr()] = from // evicting its last one took it out
	u := newSession(s, key, from, remote.Port(), now)
	s.sessions[key] = u
	s.past.Opened++
	return u, nil
}

// makeRoom ends sessions, or refuses. The lock is held.
func (s *Sessions) makeRoom(from *source) error {
	full := &s.recent
	switch {
	case from.recent.count >= s.config.MaxPerSource:
		full = &from.recent
	case len(s.sessions) < s.config.MaxSessions && s.pending < s.config.MaxSessions:
		return nil
	}
	// pending bounds what a proxy that hangs in NewSession can hold.
	if s.config.AtLimit == RefuseNew || s.pending >= s.config.MaxSessions {
		return ErrSessionLimit
	}
	victim := full.idlest()
	s.remove(victim)
	s.past.Evicted++
	s.pending++
	s.workers.Go(func() {
		victim.end(ErrSessionLimit)
		s.settle()
	})
	return nil
}

// settle ends what begin or makeRoom counted as pending.
func (s *Sessions) settle() {
	s.mu.Lock()
	s.pending--
	s.mu.Unlock()
}

// remove takes a session out of the table, and adds its counters to those of the past. The
// lock is held.
func (s *Sessions) remove(u *session) {
	if s.sessions[u.key] != u {
		return
	}
	delete(s.sessions, u.key)
	s.recent.remove(&u.all)
	u.source.recent.remove(&u.own)
	if u.source.recent.count == 0 {
		delete(s.sources, u.key.local.Addr())
	}
}

// idleOf is the time that sessions to a remote port may be idle.
func (s *Sessions) idleOf(port uint16) time.Duration {
	if d, ok := s.config.IdleByPort[port]; ok {
		return d
	}
	return s.config.WriteIdle
}

// Close ends all sessions and returns when no request is on its way to the proxy any more.
// A NewSession that still hangs is not waited for: what it returns is closed. Answers that
// come later are dropped. A second Close does nothing. It must not be called by a function
// of the config.
func (s *Sessions) Close() error {
	s.mu.Lock()
	s.closed = true
	all := make([]*session, 0, len(s.sessions))
	for _, u := range s.sessions {
		all = append(all, u)
	}
	s.mu.Unlock()
	s.cancel()
	for _, u := range all {
		u.end(ErrClosed)
	}
	s.workers.Wait()
	return nil
}

// All returns the sessions that are open now, in no order.
func (s *Sessions) All() iter.Seq[SessionInfo] {
	s.mu.Lock()
	infos := make([]SessionInfo, 0, len(s.sessions))
	for _, u := range s.sessions {
		infos = append(infos, u.info())
	}
	s.mu.Unlock()
	return slices.Values(infos)
}

// addrPort returns the address of a net.Addr, as proxies give them.
func addrPort(a net.Addr) (netip.AddrPort, error) {
	if u, ok := a.(interface{ AddrPort() netip.AddrPort }); ok { // *net.UDPAddr and *net.TCPAddr
		if ap := u.AddrPort(); ap.IsValid() {
			return unmap(ap), nil
		}
	} else if a != nil {
		if ap, err := netip.ParseAddrPort(a.String()); err == nil {
			return unmap(ap), nil
		}
	}
	return netip.AddrPort{}, &Error{Op: "reply", Field: "source", Value: text(a), Err: errors.New("is no address and port")}
}

func text(a net.Addr) string {
	if a == nil {
		return "nil"
	}
	return a.String()
}
