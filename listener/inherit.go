package listener

import (
	"errors"
	"fmt"
	"net"
	"sync"

	"github.com/strata-net/strata/sockopt"
)

// inherit returns a stream on a socket that was there before. Options of the
// bind stage come too late: each must have its value already.
func inherit(c *Config, a address) (*stream, error) {
	s := &stream{address: a, established: accepted(c.Options)}
	if a.network == "systemd" {
		if err := activation.hold(a.fd); err != nil {
			return nil, s.failed("listen", err)
		}
		s.held = true
	}
	if err := s.adopt(c); err != nil {
		s.abandon()
		return nil, err
	}
	return s, nil
}

// adopt puts a duplicate of the descriptor into the stream.
func (s *stream) adopt(c *Config) error {
	l, err := duplicate(s.address)
	if err != nil {
		return s.failed("listen", err)
	}
	s.Listener = l
	network := sockopt.NetworkOf(s.Addr())
	if err := checkTLS(c.TLS, network); err != nil {
		return s.failed("listen", err)
	}
	if err := s.inheritMultipath(c, network); err != nil {
		return err
	}
	if err := c.Options.Apply(s); err != nil {
		return s.failed("set option", err)
	}
	if s.keepAlive, err = inheritedKeepAlive(c.KeepAlive, s); err != nil {
		return s.failed("listen", err)
	}
	return nil
}

// inheritMultipath finds out what the socket is, which cannot be changed.
func (s *stream) inheritMultipath(c *Config, network string) error {
	is, err := isMPTCP(s)
	switch {
	case err != nil:
		return s.failed("listen", err)
	case !is && (network == "unix" || network == "unixpacket"):
		s.plain = fmt.Errorf("listener: MPTCP on network %s: %w", network, errors.ErrUnsupported)
	case !is:
		s.plain = errors.New("listener: the inherited socket is plain TCP")
	case c.Multipath == sockopt.MultipathOff:
		return s.wrongMultipath(c, errors.New("the inherited socket is MPTCP"))
	}
	if !is && c.Multipath == sockopt.MultipathRequire {
		return s.wrongMultipath(c, s.plain)
	}
	return nil
}

// inheritedKeepAlive returns what Accept must set, because package net uses its
// defaults on the conns of a listener that it did not open. Where the Config
// leaves a time to the system, that is what the listener has.
func inheritedKeepAlive(k net.KeepAliveConfig, s *stream) (net.KeepAliveConfig, error) {
	if _, ok := s.Listener.(*net.TCPListener); !ok || !k.Enable {
		return net.KeepAliveConfig{}, nil
	}
	var err error
	if k.Idle < 0 {
		k.Idle, err = sockopt.TCPKeepIdle.Get(s)
	}
	if k.Interval < 0 && err == nil {
		k.Interval, err = sockopt.TCPKeepIntvl.Get(s)
	}
	if k.Count < 0 && err == nil {
		k.Count, err = sockopt.TCPKeepCnt.Get(s)
	}
	return k, err
}

// activation counts the listeners that use each descriptor of systemd://. The
// number stays taken while one does. The last one closes it, so that nobody can
// connect any more; then it can belong to anything.
var activation = takeover{users: map[int]int{}, closed: map[int]bool{}}

type takeover struct {
	mu     sync.Mutex
	users  map[int]int
	closed map[int]bool
}

// hold keeps the descriptor open until leave or release.
func (t *takeover) hold(fd int) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed[fd] {
		return fmt.Errorf("descriptor %d was closed together with the listener that used it: %w", fd, net.ErrClosed)
	}
	t.users[fd]++
	return nil
}

// leave is for a listener that could not be opened: another can be.
func (t *takeover) leave(fd int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.users[fd]--
}

// release is for a listener that is closed.
func (t *takeover) release(fd int) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.users[fd]--
	if t.users[fd] > 0 {
		return nil
	}
	t.closed[fd] = true
	return closeDescriptor(fd)
}
