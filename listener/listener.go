package listener

import (
	"context"
	"errors"
	"net"
)

// New opens a listener. The context limits the opening only, name resolution
// included. A bad Config is reported as a whole: the error joins an [*Error]
// for every bad field. If anything fails nothing stays open.
//
// The listener is safe for concurrent use and is a syscall.Conn, so that its
// socket options can be read back. Close wakes Accept, ends handshakes in
// progress and waits for the listener's goroutines; accepted conns stay open. A
// second Close returns an error that is [net.ErrClosed].
func New(ctx context.Context, cfg *Config) (net.Listener, error) {
	c := cfg.clone()
	if err := c.validate(); err != nil {
		return nil, err
	}
	all, err := openAll(ctx, c)
	if err != nil {
		return nil, err
	}
	if len(all) > 1 {
		for _, s := range all {
			s.abandon()
		}
		return nil, &Error{Op: "listen", Field: "Addresses", Err: errors.ErrUnsupported}
	}
	l := all[0]
	if c.TLS != nil {
		return newSecure(ctx, l, c), nil
	}
	return l, nil
}
