package pipenet

import (
	"context"
	"sync"

	"github.com/strata-net/strata/virtnet"
)

// remembered is how many closed hosts are known still.
const remembered = 1024

// A registry is the hosts of a network in a map. Whoever dials a host that was
// closed is refused, as it is at a port without listener; that the host is no more
// is said only of those that were closed long ago.
type registry struct {
	name string

	mu     sync.Mutex
	hosts  map[string]uint64 // 0 for those that are open, for others which close it was
	closes uint64
	closed map[uint64]string // the last ones, by number
	down   bool
}

func newRegistry(name string) *registry {
	return &registry{name: name, hosts: make(map[string]uint64), closed: make(map[uint64]string)}
}

// Announce enters a name that nobody has.
func (r *registry) Announce(_ context.Context, hostname, hostdata string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	closed, known := r.hosts[hostname]
	var err error
	switch {
	case r.down:
		err = virtnet.ErrRegistryDown
	case known && closed == 0:
		err = virtnet.ErrHostDup
	default:
		delete(r.closed, closed)
		r.hosts[hostname] = 0
		return nil
	}
	return &virtnet.RegistryError{Registry: r.name, Op: "announce", Args: []string{hostname, hostdata}, Err: err}
}

// Query returns no data: there is none.
func (r *registry) Query(_ context.Context, hostname string) (string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, known := r.hosts[hostname]
	var err error
	switch {
	case r.down:
		err = virtnet.ErrRegistryDown
	case !known:
		err = virtnet.ErrNoHost
	default:
		return "", nil
	}
	return "", &virtnet.RegistryError{Registry: r.name, Op: "query", Args: hostname, Err: err}
}

// withdraw makes a name free, and forgets the host that was closed remembered
// closes before, if its name is free still.
func (r *registry) withdraw(hostname string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closes++
	r.hosts[hostname] = r.closes
	r.closed[r.closes] = hostname
	if old, ok := r.closed[r.closes-remembered]; ok {
		delete(r.hosts, old)
		delete(r.closed, r.closes-remembered)
	}
}

// Close forgets everything.
func (r *registry) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.hosts, r.closed, r.down = nil, nil, true
	return nil
}
