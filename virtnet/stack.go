package virtnet

import (
	"context"
	"io"
)

// call passes a call of the host on to the stack. The host waits for it before it
// leaves the stack, so that what the call opens belongs to this host, and not to the
// next one with its name.
func call[T io.Closer](ctx context.Context, h *Host, op, addr string,
	f func(context.Context, string, string) (T, error),
) (T, error) {
	var none T
	if err := h.enter(ctx); err != nil {
		return none, h.callError(op, addr, err)
	}
	defer h.calls.Done()
	merged, cancel := merge(ctx, h.ctx)
	defer cancel()
	opened, err := f(merged, h.name, addr)
	if !h.isDown() {
		return opened, err
	}
	if err == nil {
		opened.Close() // what it has to say is what the caller is told
	}
	return none, h.callError(op, addr, h.cause().err())
}

// enter counts a call, unless it has no chance.
func (h *Host) enter(ctx context.Context) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.isDown() {
		return h.cause().err()
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	h.calls.Add(1)
	return nil
}

// callError names the address where it is one of virtnet's.
func (h *Host) callError(op, addr string, err error) error {
	if op == "listen" {
		addr = orAny(addr)
	}
	a, _ := h.parse(addr) // another form of address is the stack's business
	return h.opError(op, a, err)
}
