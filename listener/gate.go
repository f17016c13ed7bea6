package listener

import (
	"context"
	"errors"
	"net"
	"os"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/strata-net/strata/sockopt/access"
)

// gate is what New returns: sockets, and what a conn has to pass on its way from
// one of them to Accept. What is nil is not asked for.
type gate struct {
	streams []*stream
	rules   *access.Rules
	sources *access.Counts
	pace    *pace
	slots   *slots
	proxy   *proxy
	bounds  *bounds
	sweeper *sweeper // of the bounds
	tracker *tracker // not nil means that conns are wrapped
	queue   *queue   // nil means that Accept takes conns from the one socket itself
	counts  counts
	onEvent func(Event)
	opened  time.Time     // of the clock of links
	taking  sync.RWMutex  // read-locked by those who take a conn from a socket
	done    chan struct{} // closed by Close
	closing sync.Once
	stop    func() error // closes the sockets, once; the same error each time
}

func newGate(c *Config, streams []*stream) *gate {
	g := &gate{
		streams: streams,
		rules:   access.New(c.Allow, c.Deny),
		sources: access.NewCounts(c.MaxConnsPerSource, c.sourceWidth()),
		pace:    newPace(c),
		slots:   newSlots(c, len(streams)),
		proxy:   newProxy(c),
		bounds:  newBounds(c),
		onEvent: c.OnEvent,
		opened:  time.Now(),
		done:    make(chan struct{}),
	}
	g.sweeper = newSweeper(g.bounds)
	if c.tracks() {
		g.tracker = &tracker{}
	}
	g.stop = sync.OnceValue(g.closeSockets)
	return g
}

func (g *gate) closeSockets() error {
	var failures []error
	for _, s := range g.streams {
		failures = append(failures, s.Close())
	}
	return errors.Join(failures...)
}

// start starts the goroutines, if any are needed.
func (g *gate) start(ctx context.Context, c *Config) {
	if c.TLS == nil && g.proxy == nil && len(g.streams) == 1 {
		return
	}
	g.queue = newQueue(ctx, g, c)
	for _, s := range g.streams {
		g.queue.group.Go(func() { g.queue.serve(s) })
	}
}

// Accept returns the next conn that has passed everything.
func (g *gate) Accept() (net.Conn, error) {
	conn, err := g.accept()
	if err != nil {
		return nil, err
	}
	g.counts.accepted.Add(1)
	if g.onEvent != nil {
		g.welcome(conn)
	}
	return conn, nil
}

func (g *gate) accept() (net.Conn, error) {
	if g.queue != nil {
		return g.queue.accept()
	}
	v, err := g.next(g.streams[0])
	return v.Conn, err
}

// Close closes the sockets, and the conns that Accept has not returned. The
// bounds of the others still hold.
func (g *gate) Close() error {
	err := error(g.streams[0].failed("close", net.ErrClosed))
	g.closing.Do(func() {
		close(g.done)
		g.tracker.refuse()
		err = g.stop()
		if g.queue != nil {
			g.queue.stop()
		}
		g.sweeper.close()
	})
	return err
}

func (g *gate) closed() bool {
	select {
	case <-g.done:
		return true
	default:
		return false
	}
}

// Addr returns the address of the first socket.
func (g *gate) Addr() net.Addr { return g.streams[0].Addr() }

// Addrs returns the addresses, each once: shards share theirs.
func (g *gate) Addrs() []net.Addr {
	var list []net.Addr
	for _, s := range g.streams {
		a := s.Addr()
		same := func(b net.Addr) bool { return b.Network() == a.Network() && b.String() == a.String() }
		if !slices.ContainsFunc(list, same) {
			list = append(list, a)
		}
	}
	return list
}

// SyscallConn gives access to the first socket.
func (g *gate) SyscallConn() (syscall.RawConn, error) { return g.streams[0].SyscallConn() }

// Files returns duplicates of the sockets.
func (g *gate) Files() ([]*os.File, error) {
	var files []*os.File
	for _, s := range g.streams {
		f, err := s.File()
		if err != nil {
			for _, f := range files {
				f.Close()
			}
			return nil, err
		}
		files = append(files, f)
	}
	for _, s := range g.streams {
		s.leave()
	}
	return files, nil
}

func (g *gate) whyPlain() error {
	for _, s := range g.streams {
		if s.plain != nil {
			return s.plain
		}
	}
	return nil
}
