package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/strata-net/strata/virtnet/simnet"
)

// Simulation is a cluster on a simulated network. It has to run in a bubble of
// testing/synctest, where an hour takes seconds and each seed has its one course.
type Simulation struct {
	Seed   uint64
	Nodes  int
	For    time.Duration
	Quorum int // as in Config
}

// calm is how long the end of a simulation has no faults: long enough for all conns
// to recover and all nodes to agree.
const calm = 2 * time.Minute

// clientName is the host of the client.
const clientName = "client"

// think is for how long the client does nothing between two commands.
const think = 5 * time.Second

// Result is what happened.
type Result struct {
	Net       *simnet.Network
	Hosts     []string // the client's and the nodes'
	Elections int
	Commands  int // that were acknowledged
	Entries   int // that were committed
	Crashes   int
	Partings  int           // partitions and cuts
	Violated  time.Duration // when, if the error is a Violation
}

// run is a simulation that runs.
type run struct {
	Simulation
	net     *simnet.Network
	rand    *rand.Rand
	names   []string
	nodes   map[string]*running
	stores  map[string]Store
	checker *Checker
	result  *Result
	failed  chan error // a node or the network did
}

// running is a node with its goroutine.
type running struct {
	stop context.CancelFunc
	done chan struct{}
}

// link is what lies between nodes in different places.
var link = simnet.Link{Latency: 20 * time.Millisecond, Jitter: 10 * time.Millisecond, Loss: 0.005, Bandwidth: 100e6}

// Run simulates. Everything has ended when it returns, and the trace can be read. The
// error is a Violation, or tells what else went wrong.
func (s Simulation) Run(ctx context.Context) (*Result, error) {
	net, err := simnet.New(simnet.Config{Name: "raft", Seed: s.Seed, Link: link, Names: true, CaptureBytes: 1500})
	if err != nil {
		return nil, err
	}
	r := &run{
		Simulation: s, net: net, rand: rand.New(rand.NewPCG(s.Seed, 0)), //nolint:gosec // the same for each seed
		nodes: map[string]*running{}, stores: map[string]Store{}, checker: NewChecker(),
		result: &Result{Net: net}, failed: make(chan error, 1),
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	r.checker.Failed = func(error) {
		r.result.Violated = net.Now()
		cancel()
	}
	err = r.all(ctx)
	for _, name := range r.names {
		r.halt(name)
	}
	r.result.Elections, r.result.Entries = r.checker.elections, len(r.checker.log)
	return r.result, errors.Join(err, net.Close())
}

func (r *run) all(ctx context.Context) error {
	for i := range r.Nodes {
		r.names = append(r.names, fmt.Sprintf("n%d", i+1))
	}
	r.result.Hosts = append([]string{clientName}, r.names...)
	for _, name := range r.result.Hosts {
		if _, err := r.net.NewHost(ctx, name); err != nil {
			return err
		}
	}
	for _, name := range r.names {
		r.stores[name] = &memory{}
		if err := r.start(name); err != nil {
			return err
		}
	}
	var client sync.WaitGroup
	asking, stop := context.WithTimeout(ctx, r.For-calm/2)
	client.Go(func() { r.ask(asking) })
	err := r.scenario(ctx)
	stop()
	client.Wait()
	if err == nil {
		err = r.checker.End(r.names)
	}
	return err
}

// start lets a node run with what its store has.
func (r *run) start(name string) error {
	host := r.net.Host(name)
	var peers []string
	for _, other := range r.names {
		if other != name {
			peers = append(peers, other)
		}
	}
	node, err := NewNode(Config{
		Host: host, Peers: peers, Store: r.stores[name], Timing: wan, Watch: r.checker, Quorum: r.Quorum,
		Rand: rand.New(rand.NewPCG(r.rand.Uint64(), 1)), //nolint:gosec // as above
	})
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(context.Background())
	n := &running{stop: stop, done: make(chan struct{})}
	r.nodes[name] = n
	go func() {
		defer close(n.done)
		if err := node.Run(ctx); err != nil {
			select {
			case r.failed <- err:
			default:
			}
		}
	}()
	return nil
}

// halt ends a node and waits for it.
func (r *run) halt(name string) {
	if n := r.nodes[name]; n != nil {
		n.stop()
		<-n.done
		delete(r.nodes, name)
	}
}

// ask is the client.
func (r *run) ask(ctx context.Context) {
	c := Client{Host: r.net.Host(clientName), Nodes: r.names, Wait: 3 * time.Second, Pause: time.Second}
	for i := 1; ; i++ {
		id := fmt.Sprintf("c%d", i)
		index, err := c.Propose(ctx, id, fmt.Sprintf("x=%d", i))
		if err != nil {
			return
		}
		r.result.Commands++
		r.checker.Acked(id, index)
		select {
		case <-time.After(think):
		case <-ctx.Done():
			return
		}
	}
}
