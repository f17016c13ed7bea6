package dialer

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"runtime"
	"strings"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// A namespace is where sockets are opened, see Config.Netns.
type namespace struct {
	name  string
	path  string
	setns func(fd int) error // of the thread; another one in tests
}

// newNamespace returns nil for no name. The namespace need not exist yet.
func newNamespace(name string) (*namespace, error) {
	if name == "" {
		return nil, nil //nolint:nilnil // none is no error
	}
	path := name
	if !strings.Contains(name, "/") {
		path = "/run/netns/" + name
	}
	return &namespace{name: name, path: path, setns: func(fd int) error { return unix.Setns(fd, unix.CLONE_NEWNET) }}, nil
}

// dial is d.DialContext with a socket of the namespace. The address is a literal of one version of IP, because for two
// package net opens sockets in goroutines of its own.
func (n *namespace) dial(ctx context.Context, d net.Dialer, network, address string) (net.Conn, error) {
	if d.MultipathTCP() {
		probe()
	}
	if d.Timeout > 0 { // for all tries
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, d.Timeout)
		defer cancel()
	}
	const tries = 4 // package net has three sockets, and another one after Multipath TCP
	for i := 1; ; i++ {
		conn, err := n.visit(ctx, d, network, address)
		var second *secondSocket
		if !errors.As(err, &second) || i == tries {
			return conn, err
		}
		if second.plain {
			d.SetMultipathTCP(false)
		}
	}
}

// probe makes package net find out what IPv6 can do, which it remembers for the whole process, outside of a namespace
// that may lack it. When it opens an MPTCP socket it would ask inside.
var probe = sync.OnceFunc(func() {
	if c, err := net.ListenPacket("udp", ":0"); err == nil {
		c.Close()
	}
})

// visit dials with one socket of the namespace.
func (n *namespace) visit(ctx context.Context, d net.Dialer, network, address string) (net.Conn, error) {
	type result struct {
		conn net.Conn
		err  error
	}
	done := make(chan result)
	go onThread(func() {
		v := &visit{namespace: n, bind: d.Control}
		err := v.enter()
		var conn net.Conn
		if err == nil {
			d.Control = v.control
			if address, err = v.zones(&d, network, address); err == nil {
				conn, err = d.DialContext(ctx, network, address)
			}
			if lost := v.leave(); lost != nil { // Control was not called
				err = v.fail(errors.Join(err, lost))
			}
		}
		done <- result{conn, err}
	})
	r := <-done
	return r.conn, r.err
}

// onThread runs f on a locked thread, which f unlocks or not: then the thread ends with the goroutine. It is not the
// main thread, which cannot end, and whose namespace all see as that of the process in /proc/self and /proc/net.
func onThread(f func()) {
	runtime.LockOSThread()
	if unix.Gettid() != unix.Getpid() {
		f()
		return
	}
	locked := make(chan struct{})
	go func() { // cannot get this thread as long as it is locked here
		runtime.LockOSThread()
		close(locked)
		f()
	}()
	<-locked
	runtime.UnlockOSThread()
}

// A visit is the stay of a thread in a namespace: from before package net opens the socket until its Control, so that
// no thread is held while the socket connects.
type visit struct {
	*namespace

	bind   control // of the options
	home   int     // the namespace to return to
	tid    int     // of the thread
	inside bool
	lost   error // why the thread cannot return
	second *secondSocket
}

// enter leaves the thread locked only if it succeeds.
func (v *visit) enter() error {
	target, err := unix.Open(v.path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		runtime.UnlockOSThread()
		return v.fail(&os.PathError{Op: "open", Path: v.path, Err: err})
	}
	defer unix.Close(target)
	const self = "/proc/thread-self/ns/net"
	if v.home, err = unix.Open(self, unix.O_RDONLY|unix.O_CLOEXEC, 0); err != nil {
		runtime.UnlockOSThread()
		return v.fail(&os.PathError{Op: "open", Path: self, Err: err})
	}
	if err := v.setns(target); err != nil {
		unix.Close(v.home)
		runtime.UnlockOSThread()
		return v.fail(os.NewSyscallError("setns", err))
	}
	v.inside, v.tid = true, unix.Gettid()
	return nil
}

// leave brings the thread home and unlocks it. If it cannot return it stays locked.
func (v *visit) leave() error {
	if !v.inside {
		return nil
	}
	v.inside = false
	err := v.setns(v.home)
	unix.Close(v.home)
	if err != nil {
		v.lost = fmt.Errorf("return from the namespace: %w", os.NewSyscallError("setns", err))
		return v.lost
	}
	runtime.UnlockOSThread()
	return nil
}

// control is called for the socket once it is open. Package net may call it again for another one, which is of the
// right namespace only if the first was refused by an option.
func (v *visit) control(network, address string, c syscall.RawConn) error {
	switch {
	case v.lost != nil:
		return v.fail(v.lost)
	case !v.inside && v.second == nil:
		v.second = &secondSocket{plain: isPlainTCP(c)}
		fallthrough
	case !v.inside:
		return v.second
	case unix.Gettid() != v.tid:
		return v.fail(errors.New("the socket was opened by another thread"))
	}
	if v.bind != nil {
		if err := v.bind(network, address, c); err != nil {
			return err
		}
	}
	if err := v.leave(); err != nil {
		return v.fail(err)
	}
	return nil
}

func (v *visit) fail(err error) error {
	return &Error{Op: "dial", Field: "Netns", Value: v.name, Err: err}
}

// secondSocket stops package net when it opens another socket after the thread has returned: in place of an MPTCP one,
// or because an address was not available (or was both ends of the conn).
type secondSocket struct{ plain bool }

func (s *secondSocket) Error() string { return s.Unwrap().Error() }
func (s *secondSocket) Unwrap() error { return syscall.EADDRNOTAVAIL }

func isPlainTCP(c syscall.RawConn) bool {
	protocol := 0
	err := c.Control(func(fd uintptr) {
		protocol, _ = unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_PROTOCOL)
	})
	return err == nil && protocol == unix.IPPROTO_TCP
}
