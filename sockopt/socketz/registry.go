package socketz

import (
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// A Registry knows the sockets that a process has shown it. The zero Registry is ready, and safe for concurrent use. It
// must not be copied.
//
// It holds what it was shown by weak pointers: it keeps no conn alive, changes none, and closes none. One that was closed
// is left out at once, if it has a descriptor or a context that tells, and else when the garbage collector has taken it.
type Registry struct {
	last     atomic.Uint64 // id that was given last
	shards   [shardCount]shard
	counters counterSet
	asker    asker
}

// shardCount is how many locks share the sockets: a look holds each of them for a moment only.
const shardCount = 16

// A shard is some of the sockets, as a list, so that its memory goes with them.
type shard struct {
	mu    sync.Mutex
	first *record
	_     [40]byte // to the next cache line
}

// A record is a socket that was shown. It must not lead to the socket itself.
type record struct {
	id         uint64
	since      time.Time
	socket     Socket // without Conn
	ref        ref
	cleanup    runtime.Cleanup // of what ref leads to
	asking     [3]question     // of probe, tls and counters
	gone       bool            // guarded by the shard's mu, like next and prev
	next, prev *record
}

// Add shows the registry a socket. remove makes it forget the socket, and can be called any number of times; it is needed
// only where the end cannot be seen otherwise, as with streams of QUIC.
//
// Conn must be a pointer: a value of another kind cannot be followed without keeping it alive. An error says so, and
// remove does nothing then.
func (r *Registry) Add(s Socket) (remove func(), err error) {
	ref, err := refer(s.Conn)
	if err != nil {
		return func() {}, err
	}
	e := &record{id: r.last.Add(1), since: time.Now(), socket: s, ref: ref}
	e.socket.Conn, e.socket.Name = nil, printable(s.Name)
	remove = func() { r.remove(e) }
	e.cleanup = ref.onEnd(remove)
	r.shard(e).add(e)
	runtime.KeepAlive(s.Conn)
	return remove, nil
}

func (r *Registry) shard(e *record) *shard { return &r.shards[e.id%shardCount] }

// remove forgets a record. The cleanup holds it, and what the functions of the socket lead to.
func (r *Registry) remove(e *record) {
	r.shard(e).remove(e)
	e.cleanup.Stop()
}

func (s *shard) add(e *record) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e.next = s.first
	if e.next != nil {
		e.next.prev = e
	}
	s.first = e
}

func (s *shard) remove(e *record) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e.gone {
		return
	}
	e.gone = true
	if e.next != nil {
		e.next.prev = e.prev
	}
	if e.prev != nil {
		e.prev.next = e.next
	} else {
		s.first = e.next
	}
	e.next, e.prev = nil, nil
}

// records returns what is there now, by id.
func (r *Registry) records() []*record {
	var list []*record
	for i := range r.shards {
		list = r.shards[i].append(list)
	}
	slices.SortFunc(list, func(a, b *record) int {
		if a.id < b.id {
			return -1
		}
		return 1
	})
	return list
}

func (s *shard) append(list []*record) []*record {
	s.mu.Lock()
	defer s.mu.Unlock()
	for e := s.first; e != nil; e = e.next {
		list = append(list, e)
	}
	return list
}

// Counters adds numbers that belong to no socket, under a name: read returns them, for instance a struct of a package's
// Stats. It is called while somebody looks, and its result is shown as encoding/json has it. What has the same name is
// replaced. remove takes them away again.
func (r *Registry) Counters(name string, read func() any) (remove func()) {
	return r.counters.add(name, read)
}

// find returns the socket with an id; nil if there is none.
func (r *Registry) find(id uint64) *record {
	s := &r.shards[id%shardCount]
	s.mu.Lock()
	defer s.mu.Unlock()
	for e := s.first; e != nil; e = e.next {
		if e.id == id {
			return e
		}
	}
	return nil
}
