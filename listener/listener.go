package listener

import (
	"context"
	"net"
	"os"
	"syscall"
)

// Listener is what New returns.
type Listener interface {
	net.Listener // Addr is the first of Addrs
	syscall.Conn // the first socket

	// Addrs returns the addresses that are listened on, each once.
	Addrs() []net.Addr
	// Stats returns the counters as they are now. They go on after Close.
	Stats() Stats
	// Shutdown closes the sockets. Clients that were taken from them before are
	// still served: their handshakes go on, and Accept returns them before it
	// says that the listener is closed; keep calling it. Then Shutdown waits
	// until the conns that Accept has returned are closed. Close ends all of
	// this but the waiting for conns. When ctx is done first, it closes them
	// and returns an error that says how many and unwraps to that of ctx. It
	// needs Config.Track or an option that implies it: without, the listener
	// is closed and the error is errors.ErrUnsupported. It may follow a Close.
	Shutdown(ctx context.Context) error
	// Files returns duplicates of the sockets, to hand over to another process
	// with [Pass]. The caller closes them. The files of unix sockets are the
	// other process's from then on: Close leaves them, and should nobody take
	// them over, the next listener replaces them. Unix only.
	Files() ([]*os.File, error)
}

// New opens a listener, which is a [Listener]. The context limits the opening
// only, name resolution included. A bad Config is reported as a whole: the
// error joins an [*Error] for every bad field. If anything fails nothing stays
// open.
//
// The listener is safe for concurrent use and is a syscall.Conn, so that its
// socket options can be read back. Close wakes Accept, ends handshakes in
// progress and waits for the listener's goroutines; accepted conns stay open. A
// second Close returns an error that is [net.ErrClosed].
func New(ctx context.Context, cfg *Config) (net.Listener, error) {
	c := cfg.clone()
	if err := c.validate(activated); err != nil {
		return nil, err
	}
	streams, err := openAll(ctx, c)
	if err != nil {
		return nil, err
	}
	g := newGate(c, streams)
	g.start(ctx, c)
	return g, nil
}
