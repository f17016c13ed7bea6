package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"path/filepath"

	"github.com/strata-net/strata/virtnet/lonet"
)

// member is one node as a process of its own, on a network of lonet.
type member struct {
	network, node string
	peers         []string
	data          string // folder
}

// run takes part until the context ends.
func (m *member) run(ctx context.Context, out io.Writer) (err error) {
	net, err := lonet.Join(ctx, m.network)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, net.Close()) }()
	host, err := net.NewHost(ctx, m.node)
	if err != nil {
		return err
	}
	node, err := NewNode(Config{
		Host: host, Peers: m.peers, Timing: local, Store: file{filepath.Join(m.data, m.node+".json")},
		Watch: reporter{&shared{out: out}}, Rand: rand.New(rand.NewPCG(rand.Uint64(), 0)), //nolint:gosec // not a secret
	})
	if err != nil {
		return err
	}
	return node.Run(ctx)
}

// reporter prints what a node comes to know.
type reporter struct{ out io.Writer }

func (r reporter) Starts(node string) { fmt.Fprintf(r.out, "%s starts\n", node) }

func (r reporter) Leads(node string, term uint64, _ Log) {
	fmt.Fprintf(r.out, "%s leads term %d\n", node, term)
}

func (r reporter) Commits(string, uint64, Entry) {}
