package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/strata-net/strata/virtnet/lonet"
)

// cluster is nodes in processes of their own, and the client that asks them.
type cluster struct {
	nodes     int
	commands  int // of each of the three parts: all nodes run, one is killed, it is back
	data      string
	program   string
	out       io.Writer
	network   string
	names     []string
	processes map[string]*process
	client    Client
	acked     []string // IDs, in their order
}

// process is a node that runs. It ends when its standard input does: so none is left
// if this process is killed.
type process struct {
	cmd   *exec.Cmd
	input io.Closer
}

// run starts the nodes, kills the leader, starts it again, and checks that no node
// lacks an acknowledged command in the end.
func (c *cluster) run(ctx context.Context) (err error) {
	net, err := lonet.Join(ctx, "")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, net.Close()) }()
	host, err := net.NewHost(ctx, clientName)
	if err != nil {
		return err
	}
	c.network = strings.TrimPrefix(net.Network(), "lonet")
	for i := range c.nodes {
		c.names = append(c.names, fmt.Sprintf("n%d", i+1))
	}
	c.client = Client{Host: host, Nodes: c.names, Wait: 2 * time.Second, Pause: 50 * time.Millisecond}
	c.processes = map[string]*process{}
	defer func() { err = errors.Join(err, c.end()) }()
	for _, name := range c.names {
		if err := c.start(name); err != nil {
			return err
		}
	}
	return c.story(ctx)
}

func (c *cluster) story(ctx context.Context) error {
	if err := c.propose(ctx); err != nil {
		return err
	}
	leader := c.client.leader
	if err := c.kill(leader); err != nil {
		return err
	}
	if err := c.propose(ctx); err != nil {
		return err
	}
	if err := c.start(leader); err != nil {
		return err
	}
	if err := c.propose(ctx); err != nil {
		return err
	}
	for _, name := range c.names {
		if err := c.check(ctx, name); err != nil {
			return err
		}
	}
	fmt.Fprintf(c.out, "all %d nodes have all %d commands\n", len(c.names), len(c.acked))
	return nil
}

func (c *cluster) start(name string) error {
	var peers []string
	for _, other := range c.names {
		if other != name {
			peers = append(peers, other)
		}
	}
	//nolint:noctx // its standard input ends it, or kill
	cmd := exec.Command(c.program, "-network", c.network, "-node", name, "-peers", strings.Join(peers, ","), "-data", c.data)
	input, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	cmd.Stdout, cmd.Stderr = c.out, c.out
	if err := cmd.Start(); err != nil {
		return errors.Join(err, input.Close())
	}
	c.processes[name] = &process{cmd, input}
	return nil
}

// kill ends a node as a power failure does.
func (c *cluster) kill(name string) error {
	p := c.processes[name]
	if p == nil {
		return fmt.Errorf("no process is node %q", name)
	}
	delete(c.processes, name)
	err := p.cmd.Process.Kill()
	p.cmd.Wait() //nolint:errcheck // it was killed
	p.input.Close()
	fmt.Fprintf(c.out, "%s is killed\n", name)
	return err
}

// propose has commands committed, one after the other.
func (c *cluster) propose(ctx context.Context) error {
	for range c.commands {
		id := fmt.Sprintf("c%d", len(c.acked)+1)
		if _, err := c.client.Propose(ctx, id, "x="+id[1:]); err != nil {
			return err
		}
		c.acked = append(c.acked, id)
	}
	fmt.Fprintf(c.out, "%d commands are committed, %s leads\n", len(c.acked), c.client.leader)
	return nil
}

// check waits until a node has all commands, which have to be in their order.
func (c *cluster) check(ctx context.Context, name string) error {
	for {
		m, err := c.client.List(ctx, name)
		var has []string
		for _, e := range m.Entries {
			if e.ID != "" {
				has = append(has, e.ID)
			}
		}
		switch {
		case err == nil && slices.Equal(has, c.acked):
			return nil
		case err == nil && (len(has) > len(c.acked) || !slices.Equal(has, c.acked[:len(has)])):
			return fmt.Errorf("%s has %v, acknowledged was %v", name, has, c.acked)
		}
		select {
		case <-ctx.Done():
			return errors.Join(fmt.Errorf("%s has only %d of %d commands: %w", name, len(has), len(c.acked), ctx.Err()), err)
		case <-time.After(c.client.Pause):
		}
	}
}

// end lets all processes end, and waits for them.
func (c *cluster) end() error {
	var group sync.WaitGroup
	errs := make([]error, len(c.names))
	for i, name := range c.names {
		if p := c.processes[name]; p != nil {
			group.Go(func() {
				p.input.Close()
				killer := time.AfterFunc(time.Minute, func() { p.cmd.Process.Kill() }) //nolint:errcheck // it has ended then
				defer killer.Stop()
				if err := p.cmd.Wait(); err != nil {
					errs[i] = fmt.Errorf("%s: %w", name, err)
				}
			})
		}
	}
	group.Wait()
	return errors.Join(errs...)
}

// untilEOF returns a context that ends with what is read.
func untilEOF(ctx context.Context, r io.Reader) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		io.Copy(io.Discard, r) //nolint:errcheck // either way it is the end
		cancel()
	}()
	return ctx, cancel
}

// program is this program.
func program() string {
	path, err := os.Executable()
	if err != nil {
		return os.Args[0]
	}
	return path
}
