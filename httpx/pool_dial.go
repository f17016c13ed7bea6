package httpx

import (
	"context"
	"net/http"
	"time"
)

// dial connects to the address in a goroutine of the pool. The host's lock is held.
// The values of the request's context, a trace among them, are the dialer's to see.
func (a *poolAddress) dial(ctx context.Context) {
	p := a.host.pool
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), p.cfg.DialTimeout)
	end := context.AfterFunc(p.ctx, cancel)
	a.dialing++
	a.stop = cancel
	if !p.work.start(func() {
		defer cancel()
		defer end()
		a.connect(ctx)
	}) {
		cancel()
		a.dialing-- // closed: whoever waits will hear of it
	}
}

// abandon ends a dial that no request waits for.
func (a *poolAddress) abandon() {
	if a.dialing > 0 {
		a.stopped = true
		a.stop()
	}
}

func (a *poolAddress) connect(ctx context.Context) {
	pin := &poolPin{to: a.addr}
	key := a.host.key
	start := time.Now()
	cc, err := a.host.transport().NewClientConn(context.WithValue(ctx, poolPinKey{}, pin), key.scheme, key.address())
	if a.host.pool.cfg.OnEvent != nil {
		took := time.Since(start)
		defer func() { a.told(context.WithoutCancel(ctx), start, took, err) }() // when the conn is in use
	}
	if err != nil {
		a.refused(a.dialError(err))
		return
	}
	c := &poolConn{cc: cc, raw: pin.conn, addr: a, since: time.Now()}
	c.many.Store(a.host.pool.strict) // even if it has one stream only
	a.joined(c)
	cc.SetStateHook(c.changed)
	c.changed(cc) // what the hook has missed
}

// told tells the hook of a dial.
func (a *poolAddress) told(ctx context.Context, start time.Time, took time.Duration, err error) {
	e := Event{
		Kind: PoolDialed, Context: ctx, Upstream: a.host.key.scheme + "://" + a.host.key.address(),
		Start: start, Duration: took, Err: err,
	}
	if a.addr.IsValid() {
		e.Address = a.addr.String()
	}
	a.host.pool.cfg.OnEvent(e)
}

func (h *poolHost) transport() *http.Transport {
	if h.key.http1 {
		return h.pool.http1
	}
	return h.pool.both
}

// joined takes in a new conn, to which the address may have been lost by now.
func (a *poolAddress) joined(c *poolConn) {
	h := a.host
	h.mu.Lock()
	defer h.mu.Unlock()
	a.dialing--
	a.stopped = false
	if a.gone {
		h.detach(c)
		return // the caller's look at it closes it
	}
	a.conns = append(a.conns, c)
	first := a.places == 0
	if a.places = max(1, c.cc.Available()); a.places > 1 && a.streams > 0 {
		a.places = a.streams // the hundred that net/http begins with is no word of the server
	}
	c.sync() // what there is to close, the second look does
	if first {
		h.wakeAll() // with HTTP/1 each one who waits needs a conn
	}
}

// dialError says what was dialled, which the dialer of a strict pool does itself.
func (a *poolAddress) dialError(err error) error {
	if !a.addr.IsValid() {
		return err
	}
	return &Error{Op: "dial " + a.addr.String() + " for " + a.host.key.name, Err: err}
}

// refused tells those who wait for the address that the dial failed.
func (a *poolAddress) refused(err error) {
	h := a.host
	h.mu.Lock()
	defer h.mu.Unlock()
	a.dialing--
	if a.stopped {
		a.stopped = false
		h.wakeAll() // who came since then
		return
	}
	if !a.gone {
		a.fail(time.Now(), err)
		h.lookupSoon()
	}
	h.tell(a, err)
}
