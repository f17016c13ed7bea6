package httpx

import (
	"context"
	"net"
	"net/http"
	"net/http/httptrace"
	"sync"
	"time"
)

// A Pool is an [http.RoundTripper] that spreads the requests for a name over
// all of its addresses. A plain http.Transport connects to one of them and,
// with HTTP/2, stays there: one pod of a headless service gets all the load.
//
// The name is what TLS verifies, what SNI and Host (:authority) say. Addresses
// are looked up again at an interval and after failures; one that is gone gets
// no new requests, and its conns are closed when their last request ended.
// One that fails is left to itself for a growing time and then tried by one
// dial, while the others take its load.
//
// A request is sent again, on another conn, only if the first one provably did
// not take it (nothing was written, GOAWAY, REFUSED_STREAM), or if it is
// idempotent and a conn that had worked broke before any byte of the response:
// the rules of net/http. Its body must be unread or have GetBody.
//
// IP literals are their own only address. Everything else is as in net/http.
// A Pool is safe for concurrent use.
type Pool struct {
	cfg     *PoolConfig
	both    *http.Transport // as the config says
	http1   *http.Transport // for WebSocket over TLS, which HTTP/2 has no upgrade for
	ctx     context.Context // ends with Close
	cancel  context.CancelFunc
	work    poolWork     // dials, lookups, the janitor
	mu      sync.RWMutex // before the lock of a host
	hosts   map[poolKey]*poolHost
	leaving map[*poolHost]struct{} // forgotten, with requests in flight
	closed  bool
	cleaned bool // the janitor runs
	strict  bool // the dialer gets names, and there is one conn for each
}

// A poolKey is what conns are made for.
type poolKey struct {
	scheme, name, port string
	http1              bool
}

// NewPool checks the config, which may be nil, and opens nothing.
func NewPool(cfg *PoolConfig) (*Pool, error) {
	c := cfg.withDefaults()
	if err := c.check(); err != nil {
		return nil, err
	}
	if c.Transport == nil {
		t, err := NewTransport(nil)
		if err != nil {
			return nil, err
		}
		c.Transport = t
	}
	return newPool(c), nil
}

func newPool(c *PoolConfig) *Pool {
	p := &Pool{cfg: c, hosts: make(map[poolKey]*poolHost), leaving: make(map[*poolHost]struct{})}
	p.transports()
	if c.Lookup == nil {
		c.Lookup = net.DefaultResolver.LookupNetIP
	}
	p.ctx, p.cancel = context.WithCancel(context.Background())
	return p
}

// RoundTrip sends the request on a conn to one of the addresses of the name in
// its URL. The error of a pool that is closed is net.ErrClosed.
func (p *Pool) RoundTrip(req *http.Request) (*http.Response, error) {
	key, err := p.keyOf(req)
	if err != nil {
		closeBody(req)
		return nil, err
	}
	send := newPoolRequest(req)
	call := poolCall{ctx: req.Context(), cancel: req.Cancel} //nolint:staticcheck // callers of old use it
	if t := httptrace.ContextClientTrace(call.ctx); t != nil && t.GetConn != nil {
		t.GetConn(key.address())
	}
	for {
		c, err := p.conn(key, &call)
		if err != nil {
			send.close()
			return nil, err
		}
		res, err := send.on(c)
		if err == nil {
			return res, nil
		}
		if !call.again(c, send, err) {
			send.close()
			return nil, plainPoolError(err)
		}
		if err := send.rewind(); err != nil {
			return nil, &Error{Op: "round trip", Err: err}
		}
	}
}

// conn finds a conn with a place for one request, which is reserved.
func (p *Pool) conn(key poolKey, call *poolCall) (*poolConn, error) {
	for {
		if err := context.Cause(call.ctx); err != nil {
			return nil, err
		}
		h, err := p.host(key)
		if err != nil {
			return nil, err
		}
		c, err := h.acquire(call)
		if err != errPoolForgotten { //nolint:errorlint // never leaves this package, never wrapped
			return c, err
		}
		call.restart()
	}
}

// host returns what is known of the name, which may be nothing yet.
func (p *Pool) host(key poolKey) (*poolHost, error) {
	p.mu.RLock()
	h, closed := p.hosts[key], p.closed
	p.mu.RUnlock()
	if closed {
		return nil, errPoolClosed
	}
	if h != nil {
		return h, nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, errPoolClosed
	}
	if h := p.hosts[key]; h != nil {
		return h, nil
	}
	h, err := newPoolHost(p, key)
	if err != nil {
		return nil, err
	}
	if len(p.hosts) >= p.cfg.MaxHosts {
		p.forget(p.oldest())
	}
	p.hosts[key] = h
	p.clean()
	return h, nil
}

// oldest returns the host that was used least recently, one that no request
// waits for if there is one.
func (p *Pool) oldest() *poolHost {
	var oldest *poolHost
	var since time.Time
	var awaited bool
	for _, h := range p.hosts {
		used, waiters := h.lastUsed()
		switch w := waiters > 0; {
		case oldest == nil, awaited && !w, awaited == w && used.Before(since):
			oldest, since, awaited = h, used, w
		}
	}
	return oldest
}

// forget takes the host out of the map and lets its requests end.
func (p *Pool) forget(h *poolHost) {
	delete(p.hosts, h.key)
	if !h.leave() {
		p.leaving[h] = struct{}{}
	}
}

// CloseIdleConnections closes the conns that no request is on.
func (p *Pool) CloseIdleConnections() {
	for _, h := range p.all() {
		h.closeIdle(time.Time{})
	}
}

// Close ends the pool: dials, lookups and waiting requests fail, all conns are
// closed, those with requests in flight too (upgraded ones belong to whom has
// them). It returns when the pool's goroutines have ended, always with nil.
func (p *Pool) Close() error {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.cancel()
	for _, h := range p.all() {
		h.close()
	}
	p.work.wait()
	return nil
}

func (p *Pool) all() []*poolHost {
	p.mu.RLock()
	defer p.mu.RUnlock()
	all := make([]*poolHost, 0, len(p.hosts)+len(p.leaving))
	for _, h := range p.hosts {
		all = append(all, h)
	}
	for h := range p.leaving {
		all = append(all, h)
	}
	return all
}
