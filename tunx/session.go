package tunx

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// errEnded says that a session is not in the table any more.
var errEnded = errors.New("session has ended")

// touchEvery is how exact the order of sessions by their last request is: moving one for
// each datagram would cost more than it is worth.
const touchEvery = int64(time.Second)

// session is what a local address has with the proxy. It is the proxy's receiver.
type session struct {
	table    *Sessions
	key      sessionKey
	source   *source
	all, own link // places in the table's list and the source's
	run      func()
	timer    *time.Timer
	opened   time.Time
	begun    int64 // the same since epoch, as all times that follow
	touched  int64 // when it was moved to the front; under the table's lock
	port     uint16
	idle     atomic.Int64

	lastWrite, lastRead atomic.Int64
	sent, received      counter
	drops, failures     atomic.Uint64
	filtered            atomic.Uint64
	ended               atomic.Bool // set with the lock

	mu         sync.Mutex
	head, tail *datagram
	bytes      int // of memory, of the queue
	running    bool
	sender     PacketRequestSender
	try        TryPacketRequestSender // the sender, if it is one
	cancel     context.CancelFunc     // while NewSession runs
	events     sync.Mutex             // held while a function of the config is called
}

// newSession puts a session into the lists. The table's lock is held.
func newSession(s *Sessions, key sessionKey, from *source, port uint16, now int64) *session {
	u := &session{table: s, key: key, source: from, port: port, opened: time.Now().Round(0), begun: now, touched: now}
	u.all.session, u.own.session = u, u
	u.run = u.work // made once: a closure for each start would allocate
	u.lastWrite.Store(now)
	u.lastRead.Store(now)
	u.idle.Store(int64(s.idleOf(port)))
	s.recent.push(&u.all)
	from.recent.push(&u.own)
	u.mu.Lock()
	defer u.mu.Unlock()
	u.timer = time.AfterFunc(u.left(), u.expire)
	return u
}

// touch notes a request. The table's lock is held.
func (u *session) touch(port uint16, now int64) {
	u.lastWrite.Store(now)
	if port != u.port {
		u.port = port
		u.idle.Store(max(u.idle.Load(), int64(u.table.idleOf(port))))
	}
	if now-u.touched > touchEvery {
		u.touched = now
		u.table.recent.toFront(&u.all)
		u.source.recent.toFront(&u.own)
	}
}

func (u *session) lastUse() int64 { return max(u.lastWrite.Load(), u.lastRead.Load()) }

// put sends a datagram in the caller's goroutine if nothing is before it and that needs no
// wait, and puts it into the queue if not.
func (u *session) put(p []byte, remote netip.AddrPort, again bool) error {
	try := u.claim()
	if try == nil {
		u.mu.Lock()
		defer u.mu.Unlock()
		return u.enqueue(p, remote, again)
	}
	sent := try.TryWriteTo(p, remote)
	if sent {
		u.sent.add(len(p))
	}
	return u.release(p, remote, again, sent)
}

// claim makes the caller the one who sends, instead of a goroutine, so that what comes
// meanwhile waits in the queue. It returns nil if there is one already.
func (u *session) claim() TryPacketRequestSender {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.try == nil || u.running || u.ended.Load() {
		return nil
	}
	u.running = true
	u.table.workers.Add(1)
	return u.try
}

// release ends what claim began. A goroutine sends what was not, and what came meanwhile.
func (u *session) release(p []byte, remote netip.AddrPort, again, sent bool) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	var err error
	if !sent {
		later, last := u.head, u.tail
		u.head, u.tail = nil, nil
		err = u.enqueue(p, remote, again)
		switch {
		case later == nil:
		case u.head == nil:
			u.head, u.tail = later, last
		default:
			u.tail.next, u.tail = later, last
		}
	}
	if u.head != nil {
		go u.run()
		return err
	}
	u.running = false
	u.table.workers.Done()
	return err
}

// enqueue puts a datagram into the queue, and sees that somebody empties it. The lock is
// held.
func (u *session) enqueue(p []byte, remote netip.AddrPort, again bool) error {
	size := room(len(p))
	if u.ended.Load() {
		return errEnded
	}
	if u.bytes+size > u.table.config.QueueBytes || !u.table.reserve(size) {
		u.drops.Add(1)
		return ErrQueueFull
	}
	d := newDatagram(len(p))
	d.data, d.remote, d.again = append(d.data, p...), remote, again
	if u.tail == nil {
		u.head = d
	} else {
		u.tail.next = d
	}
	u.tail = d
	u.bytes += size
	if !u.running {
		u.running = true
		u.table.workers.Add(1)
		go u.run()
	}
	return nil
}

// reserve takes memory for a queue, unless there is too much in all of them.
func (s *Sessions) reserve(n int) bool {
	if s.queued.Add(int64(n)) <= int64(s.config.MaxQueuedBytes) {
		return true
	}
	s.queued.Add(int64(-n))
	return false
}

// work sends what is in the queue, until it is empty.
func (u *session) work() {
	if u.sender == nil && !u.open() { // only this goroutine sets it
		return
	}
	for {
		u.mu.Lock()
		d := u.head
		u.head, u.tail = nil, nil
		u.running = d != nil
		u.mu.Unlock()
		if d == nil {
			break
		}
		for d != nil {
			next := d.next
			u.send(d)
			d = next
		}
	}
	u.table.workers.Done()
}

// open gets the sender. It reports whether there is one, and there is more to do.
// While the proxy is at it, Close does not wait for this goroutine.
func (u *session) open() bool {
	s := u.table
	ctx, cancel := context.WithCancel(s.ctx)
	defer cancel()
	u.mu.Lock()
	u.cancel = cancel
	ended := u.ended.Load()
	u.mu.Unlock()
	if ended {
		s.workers.Done()
		return false
	}
	s.mu.Lock()
	s.pending++
	s.mu.Unlock()
	defer s.settle()
	s.workers.Done()
	sender, err := newProxySession(ctx, s.proxy, u)
	if !u.begin(sender, err == nil) {
		if err == nil {
			sender.Close()
		}
		return false
	}
	if err != nil {
		u.fail(err)
		s.workers.Done()
		return false
	}
	defer u.events.Unlock()
	if s.config.OnOpen != nil {
		s.config.OnOpen(u.info())
	}
	return true
}

// newProxySession gives the context to proxies that take one.
func newProxySession(ctx context.Context, proxy PacketProxy, r PacketResponseReceiver) (PacketRequestSender, error) {
	if p, ok := proxy.(ContextPacketProxy); ok {
		return p.NewSessionContext(ctx, r)
	}
	return proxy.NewSession(r)
}

// begin takes the sender and reports whether the session goes on.
func (u *session) begin(sender PacketRequestSender, ok bool) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.cancel = nil
	if u.ended.Load() {
		return false
	}
	u.table.workers.Add(1) // Close has not ended this session, so it does not wait yet
	if ok {
		u.sender = sender
		u.try, _ = sender.(TryPacketRequestSender)
		u.events.Lock() // so that OnClose waits for OnOpen
	}
	return true
}

// fail ends a session that the proxy has refused. Its first request stands for all of them.
func (u *session) fail(err error) {
	var remote netip.AddrPort
	u.mu.Lock()
	if u.head != nil { // who ends the session meanwhile frees it
		remote = u.head.remote
	}
	u.mu.Unlock()
	if remote.IsValid() {
		u.unsent(remote, err)
	}
	u.end(&Error{Op: "session", Field: "local", Value: u.key.local.String(), Err: err})
}

// send sends a datagram and frees it.
func (u *session) send(d *datagram) {
	memory := cap(d.data)
	u.sent.add(len(d.data)) // before, for the answer may end the session
	_, err := u.sender.WriteTo(d.data, d.remote)
	if err != nil {
		u.sent.take(len(d.data))
		u.failures.Add(1)
		u.tell(d, err)
	}
	u.mu.Lock()
	u.bytes -= memory
	u.mu.Unlock()
	u.table.queued.Add(int64(-memory))
	d.free()
}

// tell deals with a request that was not sent.
func (u *session) tell(d *datagram, err error) {
	if errors.Is(err, net.ErrClosed) {
		u.resend(d)
	} else {
		u.unsent(d.remote, err)
	}
}

// unsent tells why a request was not sent.
func (u *session) unsent(remote netip.AddrPort, err error) {
	if isRefused(err) {
		u.Unreachable(remote)
	} else if f := u.table.config.OnFailure; f != nil && !u.ended.Load() {
		f(u.key.local, remote, err)
	}
}

// resend gives a datagram that the proxy's session did not take any more, because it ended
// by itself, to a new one. Once: the next proxy may do the same.
func (u *session) resend(d *datagram) {
	u.end(ErrSessionEnded)
	if !d.again {
		_ = u.table.submit(d.data, u.key.local, d.remote, true)
	}
}

// left is the time until the session is idle.
func (u *session) left() time.Duration {
	left := idleLeft(time.Duration(u.idle.Load()), u.lastWrite.Load())
	if idle := u.table.config.ReadIdle; idle > 0 {
		left = min(left, idleLeft(idle, u.lastRead.Load()))
	}
	return left
}

// expire is what the timer calls: it is set again only when it has run off, since each
// request moves the time.
func (u *session) expire() {
	u.mu.Lock()
	left := u.left()
	switch {
	case u.ended.Load():
	case left <= 0:
		u.table.workers.Go(func() { u.end(ErrSessionIdle) })
	default:
		u.timer.Reset(left)
	}
	u.mu.Unlock()
}

// end ends the session, for whoever is first.
func (u *session) end(cause error) {
	u.mu.Lock()
	if u.ended.Load() {
		u.mu.Unlock()
		return
	}
	u.ended.Store(true)
	sender, cancel, timer, list := u.sender, u.cancel, u.timer, u.head
	u.head, u.tail = nil, nil
	u.mu.Unlock()
	count, memory := freeAll(list)
	u.drops.Add(uint64(count)) //nolint:gosec // a count
	u.table.queued.Add(int64(-memory))
	u.table.leave(u, cause)
	timer.Stop()
	if cancel != nil {
		cancel()
	}
	if sender != nil {
		sender.Close()
	}
	if f := u.table.config.OnClose; f != nil {
		u.events.Lock()
		defer u.events.Unlock()
		f(u.info(), cause)
	}
}

// WriteFrom takes an answer.
func (u *session) WriteFrom(p []byte, source net.Addr) (int, error) {
	from, err := addrPort(source)
	if err != nil {
		return 0, err
	}
	return u.WriteFromAddrPort(p, from)
}

// WriteFromAddrPort is WriteFrom without a net.Addr.
func (u *session) WriteFromAddrPort(p []byte, source netip.AddrPort) (int, error) {
	if u.ended.Load() {
		u.table.late.Add(1)
		return 0, ErrClosed
	}
	source = unmap(source)
	if u.key.remote.IsValid() && u.key.remote != source {
		u.filtered.Add(1)
		return len(p), nil
	}
	u.lastRead.Store(sinceEpoch())
	u.received.add(len(p)) // before, as in send
	if err := u.table.reply(p, source, u.key.local); err != nil {
		u.received.take(len(p))
		u.failures.Add(1)
		return 0, err
	}
	return len(p), nil
}

// Close is the proxy's word that there are no more answers. It may hold a lock of its own,
// so that the sender is closed by another goroutine.
func (u *session) Close() error {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.ended.Load() {
		return nil
	}
	u.table.workers.Go(func() { u.end(ErrSessionEnded) })
	return nil
}

// Unreachable takes the proxy's word that nobody listens there.
func (u *session) Unreachable(destination netip.AddrPort) {
	if f := u.table.config.Unreachable; f != nil && !u.ended.Load() {
		f(u.key.local, unmap(destination))
	}
}
