package httpx

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"
)

// A poolLookup is how a host learns its addresses. The host's lock guards it.
type poolLookup struct {
	running bool
	early   bool // asked for before RefreshInterval is over
	cancel  context.CancelFunc
	count   int // that ended
	at      time.Time
	err     error // of the last one
}

func (l *poolLookup) stop() {
	if l.cancel != nil {
		l.cancel()
	}
}

// lookupFirst gets addresses for a host without any. The error is that of a
// lookup that ended after the request had come.
func (h *poolHost) lookupFirst(call *poolCall) error {
	if h.lookup.err != nil && h.lookup.count > call.lookups {
		return h.lookup.err
	}
	h.startLookup()
	return nil
}

// lookupStale refreshes what has become old while nobody asked.
func (h *poolHost) lookupStale(now time.Time) {
	if now.Sub(h.lookup.at) > h.pool.cfg.RefreshInterval {
		h.startLookup()
	}
}

// lookupSoon asks for new addresses because those that are known fail.
func (h *poolHost) lookupSoon() {
	if time.Since(h.lookup.at) >= h.pool.cfg.MinRefresh {
		h.startLookup()
		return
	}
	h.lookup.early = true
}

// refresh looks the name up again when it is time and the name in use. Who
// waits may try an address that has rested by now.
func (h *poolHost) refresh(now time.Time) {
	h.mu.Lock()
	idle := h.settle()
	h.refreshLocked(now)
	h.mu.Unlock()
	h.closeAll(idle)
}

func (h *poolHost) refreshLocked(now time.Time) {
	h.wakeAll()
	l := &h.lookup
	wait := h.pool.cfg.RefreshInterval
	if l.early {
		wait = min(wait, h.pool.cfg.MinRefresh)
	}
	if h.gone == nil && len(h.addrs) > 0 && h.used.After(l.at) && now.Sub(l.at) >= wait {
		h.startLookup()
	}
}

// startLookup begins a lookup unless there is one, or nothing to look up.
func (h *poolHost) startLookup() {
	if h.lookup.running || h.fixed || h.gone != nil {
		return
	}
	ctx, cancel := context.WithTimeout(h.pool.ctx, h.pool.cfg.LookupTimeout)
	if !h.pool.work.start(func() { h.runLookup(ctx) }) {
		cancel()
		return
	}
	h.lookup.running, h.lookup.early, h.lookup.cancel = true, false, cancel
}

func (h *poolHost) runLookup(ctx context.Context) {
	addrs, err := h.resolve(ctx)
	if err != nil {
		err = &Error{Op: "lookup " + h.key.name, Err: err}
	} else {
		h.setAddresses(addrs)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	l := &h.lookup
	l.cancel()
	l.running, l.early, l.err, l.at = false, err != nil, err, time.Now()
	l.count++
	h.wakeAll()
}

// resolve returns the addresses of the name without doubles.
func (h *poolHost) resolve(ctx context.Context) ([]netip.AddrPort, error) {
	cfg := h.pool.cfg
	found, err := cfg.Lookup(ctx, cfg.Network, h.key.name)
	if err != nil {
		return nil, err
	}
	var addrs []netip.AddrPort
	for _, ip := range found {
		ip = ip.Unmap()
		if !ip.IsValid() || cfg.Network == "ip4" && !ip.Is4() || cfg.Network == "ip6" && !ip.Is6() {
			continue
		}
		if addr := netip.AddrPortFrom(ip, h.port); !slices.Contains(addrs, addr) {
			addrs = append(addrs, addr)
		}
	}
	if len(addrs) == 0 {
		return nil, fmt.Errorf("%w for network %s among %d", errPoolNoAddress, cfg.Network, len(found))
	}
	return addrs, nil
}

var errPoolNoAddress = errors.New("no address")
