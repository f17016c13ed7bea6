package main

import (
	"github.com/strata-net/strata/internal/bench/lab"
)

// A path leads from the sender's namespace to the receiver's.
type path struct {
	name  string
	whole bool // a train of datagrams arrives as it was sent, not one by one
	open  func() (*stage, error)
}

// A stage is a path that is there.
type stage struct {
	from, to *lab.Namespace
	address  string // of the receiver
	close    func()
}

func paths() []path {
	return []path{
		{"loopback", true, func() (*stage, error) {
			return &stage{address: "127.0.0.1", close: func() {}}, nil
		}},
		{"veth", true, func() (*stage, error) { return overVeth(func(*lab.Pair) error { return nil }) }},
		{"veth without offload", false, func() (*stage, error) { return overVeth((*lab.Pair).WithoutOffload) }},
	}
}

func overVeth(change func(*lab.Pair) error) (*stage, error) {
	p, err := lab.NewVeth()
	if err != nil {
		return nil, err
	}
	if err := change(p); err != nil {
		p.Close()
		return nil, err
	}
	return &stage{from: p.A, to: p.B, address: lab.AddressB, close: p.Close}, nil
}
