package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"time"
)

// Host is a host of a network. That is all that a node knows about the network: the
// hosts of package virtnet are such, whether they are simulated or of a process.
type Host interface {
	Name() string
	Listen(laddr string) (net.Listener, error)
	Dial(ctx context.Context, addr string) (net.Conn, error)
}

// port is where all nodes listen.
const port = ":1"

// Watcher is told what nodes come to know. It is called by them one after the other
// or concurrently, and must not keep the slices.
type Watcher interface {
	Starts(node string)
	Leads(node string, term uint64, log Log)
	Commits(node string, index uint64, e Entry)
}

// Config is what a node is made of.
type Config struct {
	Host   Host
	Peers  []string // names of the other nodes
	Store  Store
	Timing Timing
	Rand   *rand.Rand
	Watch  Watcher
	Quorum int // votes that decide; 0: the majority. All else is wrong, for tests.
}

type role uint8

const (
	follower role = iota
	candidate
	leader
)

// Node is a node of the cluster. One goroutine, that of Run, has all of its state;
// others bring messages and take them away.
type Node struct {
	Config
	name  string
	inbox chan request
	peers map[string]*peer

	State
	role   role
	leader string // of this term, if it is known
	commit uint64
	votes  map[string]bool
	next   map[string]uint64 // of a leader: what to send to whom next
	match  map[string]uint64 // and who has how much for sure

	waiting map[uint64]func(Message) // clients, by the index of their command
	timer   *time.Timer
	dirty   bool     // the state is to be saved
	out     []letter // what is to be sent when that is done
}

// request is a message that came, with where the answer to a client goes.
type request struct {
	Message
	answer func(Message)
}

// letter is a message that leaves, to a peer or to a client.
type letter struct {
	Message
	send func(Message)
}

// NewNode makes a node with what its store has.
func NewNode(c Config) (*Node, error) {
	s, err := c.Store.Load()
	if err != nil {
		return nil, fmt.Errorf("node %s: load: %w", c.Host.Name(), err)
	}
	if c.Quorum == 0 {
		c.Quorum = (len(c.Peers)+1)/2 + 1
	}
	n := &Node{Config: c, name: c.Host.Name(), State: s, inbox: make(chan request), peers: map[string]*peer{}, waiting: map[uint64]func(Message){}}
	for _, name := range c.Peers {
		n.peers[name] = newPeer(name, c)
	}
	return n, nil
}

// Run takes part until the context ends. Nothing is left of it then.
func (n *Node) Run(ctx context.Context) error {
	l, err := n.Host.Listen(port)
	if err != nil {
		return fmt.Errorf("node %s: %w", n.name, err)
	}
	var group sync.WaitGroup
	defer group.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	group.Go(func() { n.serve(ctx, l) })
	for _, p := range n.peers {
		group.Go(func() { p.run(ctx) })
	}
	n.timer = time.NewTimer(n.patience())
	defer n.timer.Stop()
	n.Watch.Starts(n.name)
	for {
		select {
		case <-ctx.Done():
			return nil
		case r := <-n.inbox:
			n.receive(r)
		case <-n.timer.C:
			n.tick()
		}
		if err := n.flush(); err != nil {
			return fmt.Errorf("node %s: save: %w", n.name, err)
		}
	}
}

// flush saves what changed, and only then tells others of it.
func (n *Node) flush() error {
	if n.dirty {
		if err := n.Store.Save(n.State); err != nil {
			return err
		}
		n.dirty = false
	}
	for _, l := range n.out {
		l.send(l.Message)
	}
	n.out = n.out[:0]
	return nil
}

// tell sends a message to a peer, after flush.
func (n *Node) tell(to string, m Message) {
	m.From, m.Term = n.name, n.Term
	n.out = append(n.out, letter{m, n.peers[to].send})
}

// receive takes a message. A higher term makes everybody a follower.
func (n *Node) receive(r request) {
	switch r.Kind {
	case kindPropose:
		n.propose(r)
		return
	case kindList:
		n.list(r)
		return
	}
	p := n.peers[r.From]
	if p == nil {
		return // a stranger
	}
	p.heard()
	if r.Term > n.Term {
		n.follow(r.Term, "")
	}
	switch r.Kind {
	case kindAsk:
		n.asked(r.Message)
	case kindVote:
		n.voted(r.Message)
	case kindAppend:
		n.appended(r.Message)
	case kindAck:
		n.acked(r.Message)
	}
}

// tick is the end of the patience of a follower or a candidate, and the heartbeat of
// a leader.
func (n *Node) tick() {
	if n.role != leader {
		n.stand()
		return
	}
	for _, p := range n.Peers {
		n.replicate(p)
	}
	n.timer.Reset(n.Timing.Heartbeat)
}
