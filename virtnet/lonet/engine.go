package lonet

import (
	"context"
	"net"
	"sync"

	"github.com/strata-net/strata/virtnet"
)

// engine is the virtnet.Engine of one process, and its TCP listener, where all
// of its hosts are.
type engine struct {
	network  string // full name
	registry *registry
	listener *net.TCPListener
	notify   virtnet.Notifier

	ctx     context.Context // ends with Close
	cancel  context.CancelFunc
	pending pending
	waiting waiting
	work    sync.WaitGroup
}

// newEngine listens for dials from other processes.
func newEngine(ctx context.Context, network string, r *registry) (*engine, error) {
	l, err := listen(ctx)
	if err != nil {
		return nil, err
	}
	e := &engine{network: network, registry: r, listener: l}
	e.ctx, e.cancel = context.WithCancel(context.Background())
	return e, nil
}

// listen listens on a free port of the loopback interface. An MPTCP listener
// would only be slower there, and keep-alives find nobody dead whom the kernel
// does not know.
func listen(ctx context.Context) (*net.TCPListener, error) {
	lc := net.ListenConfig{KeepAlive: -1}
	lc.SetMultipathTCP(false)
	l, err := lc.Listen(ctx, "tcp4", "127.0.0.1:0")
	if err != nil {
		var failed error
		if l, failed = lc.Listen(ctx, "tcp6", "[::1]:0"); failed != nil {
			return nil, both(err, failed)
		}
	}
	return l.(*net.TCPListener), nil
}

// VNetNewHost announces a host.
func (e *engine) VNetNewHost(ctx context.Context, hostname string, registry virtnet.Registry) error {
	return registry.Announce(ctx, hostname, e.listener.Addr().String())
}

// VNetCloseHost gives the name of a host back.
func (e *engine) VNetCloseHost(hostname string, _ error) error {
	return e.registry.withdraw(hostname)
}

// Close ends everything that is under way and waits for it.
func (e *engine) Close() error {
	e.cancel()
	err := e.listener.Close()
	e.pending.close()
	e.work.Wait()
	e.waiting.close()
	return err
}
