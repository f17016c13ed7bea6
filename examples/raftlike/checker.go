package main

import (
	"errors"
	"fmt"
	"sync"
)

// Checker watches all nodes, and finds what must never be:
//
//   - two leaders of one term,
//   - a leader that lacks something committed,
//   - two nodes that committed different entries at an index, or one that left one out,
//   - a term that is lower than that of the entry before,
//   - a command that was acknowledged to its client and is not, or is twice, in the log.
type Checker struct {
	Failed func(error) // is called once, if it is set

	mu        sync.Mutex
	leaders   map[uint64]string // by term
	log       Log               // what was committed by anybody
	commits   map[string]uint64 // by node
	acked     map[string]uint64 // index of what clients know, by ID
	err       error
	elections int
}

// NewChecker makes a checker that has seen nothing.
func NewChecker() *Checker {
	return &Checker{leaders: map[uint64]string{}, commits: map[string]uint64{}, acked: map[string]uint64{}}
}

// Starts forgets how far a node was: that it has not on its disk.
func (c *Checker) Starts(node string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.commits[node] = 0
}

// Leads checks a leader at the beginning of its term.
func (c *Checker) Leads(node string, term uint64, log Log) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.elections++
	if other, ok := c.leaders[term]; ok && other != node {
		c.failf("%s and %s are both leader of term %d", other, node, term)
	}
	c.leaders[term] = node
	for i, e := range c.log {
		if i >= len(log) || log[i] != e {
			c.failf("%s leads term %d without entry %d, which is committed: %v", node, term, i+1, e)
			return
		}
	}
}

// Commits checks an entry that a node takes for committed.
func (c *Checker) Commits(node string, index uint64, e Entry) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if index != c.commits[node]+1 {
		c.failf("%s commits entry %d after %d", node, index, c.commits[node])
	}
	c.commits[node] = index
	switch last, term := c.log.last(); {
	case index > last+1:
		c.failf("%s commits entry %d, but nobody has committed %d", node, index, last+1)
	case index == last+1:
		if e.Term < term {
			c.failf("%s commits entry %d of term %d after one of term %d", node, index, e.Term, term)
		}
		if first := c.log.find(e.ID); e.ID != "" && first != 0 {
			c.failf("%s commits %s as entry %d and as %d", node, e.ID, first, index)
		}
		c.log = append(c.log, e)
	case c.log[index-1] != e:
		c.failf("%s commits entry %d as %v, which is %v elsewhere", node, index, e, c.log[index-1])
	}
}

// Acked checks what a client was told. A client has one command after the other.
func (c *Checker) Acked(id string, index uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if at := c.log.find(id); at == 0 || at != index {
		c.failf("the client was told that %s is entry %d, but it is %d", id, index, at)
	}
	c.acked[id] = index
}

// End checks that some nodes have all that was committed, and returns what was wrong
// first.
func (c *Checker) End(nodes []string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	last, _ := c.log.last()
	for _, node := range nodes {
		if c.commits[node] != last {
			c.failf("%s has committed %d of %d entries in the end", node, c.commits[node], last)
		}
	}
	if len(c.acked) == 0 {
		c.failf("nothing was ever acknowledged")
	}
	return c.err
}

// Err returns what was wrong first, nil if nothing was.
func (c *Checker) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// failf keeps the first violation: all others may follow from it.
func (c *Checker) failf(format string, args ...any) {
	if c.err != nil {
		return
	}
	c.err = &Violation{fmt.Errorf(format, args...)}
	if c.Failed != nil {
		c.Failed(c.err)
	}
}

// Violation is something that must never be.
type Violation struct{ error }

func (v *Violation) Unwrap() error { return v.error }

// violated tells such an error from those of a network or a disk.
func violated(err error) bool {
	_, ok := errors.AsType[*Violation](err)
	return ok
}
