package bench

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"

	"golang.org/x/sys/unix"

	"github.com/strata-net/strata/listener"
)

// dialers is how many goroutines dial at a time.
const dialers = 8

// shardCases accept conns that several goroutines dial at the same time, with one socket and with more.
func shardCases() []Case {
	var ways []Way
	for _, n := range []int{1, 2, 4} {
		ways = append(ways, shardWay(fmt.Sprintf("net.ListenConfig, sockets=%d", n), func() ([]net.Listener, error) {
			return reusePort(n)
		}))
	}
	for _, n := range []int{1, 2, 4} {
		ways = append(ways, shardWay(fmt.Sprintf("listener.New, Shards=%d", n), func() ([]net.Listener, error) {
			l, err := listenConfig(&listener.Config{Shards: n})
			return []net.Listener{l}, err
		}))
	}
	return []Case{{Name: fmt.Sprintf("dial by %d goroutines, accept", dialers), Batch: 400, Ways: ways}}
}

// reusePort opens n sockets on one port.
func reusePort(n int) (all []net.Listener, err error) {
	if n == 1 {
		l, err := listen()
		return []net.Listener{l}, err
	}
	config := net.ListenConfig{Control: byHand([]setting{{level: unix.SOL_SOCKET, number: unix.SO_REUSEPORT, value: 1}})}
	address := loopback
	for range n {
		l, err := config.Listen(context.Background(), "tcp4", address)
		if err != nil {
			closeAll(all)
			return nil, err
		}
		all = append(all, l)
		address = l.Addr().String()
	}
	return all, nil
}

func closeAll(all []net.Listener) {
	for _, l := range all {
		l.Close()
	}
}

// shardWay accepts in one goroutine for each listener.
func shardWay(name string, open func() ([]net.Listener, error)) Way {
	return Way{Name: name, Prepare: func(n int) (*Run, error) {
		all, err := open()
		if err != nil {
			return nil, err
		}
		r := &rush{listeners: all}
		return &Run{Close: r.close, Do: func() error { return r.run(n) }}, nil
	}}
}

// A rush is many clients at a time.
type rush struct {
	listeners []net.Listener
	mu        sync.Mutex
	clients   []net.Conn
	servers   []net.Conn
}

func (r *rush) run(n int) error {
	accepted := make(chan error, n+len(r.listeners))
	for _, l := range r.listeners {
		go r.accept(l, accepted)
	}
	dialled := make(chan error, dialers)
	for i := range dialers {
		go func() { dialled <- r.dial(share(n, i)) }()
	}
	var err error
	for range dialers {
		err = errors.Join(err, <-dialled)
	}
	if err != nil {
		return err
	}
	for range n {
		if err := <-accepted; err != nil {
			return err
		}
	}
	return nil
}

// share is the part of n that dialer i has.
func share(n, i int) int { return (n + i) / dialers }

func (r *rush) dial(n int) error {
	var d net.Dialer
	address := r.listeners[0].Addr().String()
	for range n {
		c, err := d.DialContext(context.Background(), "tcp4", address)
		if err != nil {
			return err
		}
		r.keep(&r.clients, c)
	}
	return nil
}

func (r *rush) accept(l net.Listener, accepted chan<- error) {
	for {
		c, err := l.Accept()
		if err == nil {
			r.keep(&r.servers, c)
		}
		accepted <- err
		if err != nil {
			return
		}
	}
}

func (r *rush) keep(list *[]net.Conn, c net.Conn) {
	r.mu.Lock()
	*list = append(*list, c)
	r.mu.Unlock()
}

func (r *rush) close() {
	closeAll(r.listeners)
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range r.clients {
		reset(c)
	}
	for _, c := range r.servers {
		c.Close()
	}
}
