package virtnet

import (
	"errors"
	"maps"
	"slices"
)

// AutoClose makes the network close itself when the last of its open hosts is
// closed. It panics if none is open, for then that would never happen.
func (n *SubNetwork) AutoClose() {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.open == 0 {
		panic("virtnet: AutoClose of a network without open hosts")
	}
	n.autoClose = true
}

// Close closes all hosts, conns and listeners, and then the network's engine and
// registry. Whoever is blocked on one of them is woken and told [ErrNetDown]. The
// error is an [*Error]: what the engine or the registry said, or why the network had
// gone down before. A second Close waits for the first one and returns the same.
func (n *SubNetwork) Close() error {
	if n.closing.CompareAndSwap(false, true) {
		n.err = n.close()
		close(n.closed)
	}
	<-n.closed
	return n.err
}

func (n *SubNetwork) close() error {
	n.shutdown()
	n.calls.Wait()
	closed := []error{n.engine.Close(), n.registry.Close()}
	n.mu.Lock()
	defer n.mu.Unlock()
	if err := join(append(n.failed, closed...)); err != nil {
		return &Error{Network: n.network, Op: opClose, Err: err}
	}
	return nil
}

// shutdown marks the network, its hosts and their sockets before it closes any of
// them: nobody sees the end of another's socket and takes it for something else.
func (n *SubNetwork) shutdown() {
	hosts := n.mark()
	for _, h := range hosts {
		h.mark()
	}
	n.cancel()
	for _, h := range hosts {
		h.close()
	}
}

// mark says that the network is down and returns its hosts.
func (n *SubNetwork) mark() []*Host {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.down.Store(true)
	n.open = 0
	return slices.Collect(maps.Values(n.hosts))
}

// fail keeps what Close will return.
func (n *SubNetwork) fail(err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.failed = append(n.failed, err)
}

// join is errors.Join, but leaves a single error as it is.
func join(errs []error) error {
	errs = slices.DeleteFunc(errs, func(err error) bool { return err == nil })
	if len(errs) == 1 {
		return errs[0]
	}
	return errors.Join(errs...)
}
