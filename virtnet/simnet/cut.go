package simnet

import (
	"errors"
	"slices"
	"strings"
)

// cut is a partition, in words: hosts and subnets have a number, and those that
// are not named have 0. It keeps what it does for hosts that come later.
type cut struct {
	text   string
	groups map[string]int
	oneWay bool // only what goes from 1 to 2 is lost
}

// maxCuts bounds how many partitions there are before they are healed.
const maxCuts = 1024

var errCuts = errors.New("there are too many partitions: heal some first")

// blocked reports whether a partition is between two hosts. What goes to a NAT's address
// passes, as far as the host that it is translated to.
func (f *fabric) blocked(from, to *node) bool {
	return from != to && to.kind == hostNode && slices.ContainsFunc(f.cuts, func(c cut) bool { return c.blocks(from, to) })
}

func (c *cut) blocks(from, to *node) bool {
	if c.oneWay {
		return (c.groups[from.name]|c.groups[from.home()])&1 != 0 && (c.groups[to.name]|c.groups[to.home()])&2 != 0
	}
	return c.group(from) != c.group(to)
}

// group returns the number of a host: its own, or its subnet's.
func (c *cut) group(n *node) int {
	if g, ok := c.groups[n.name]; ok {
		return g
	}
	return c.groups[n.home()]
}

// add begins a partition, unless it is there already.
func (f *fabric) add(c cut) error {
	if slices.ContainsFunc(f.cuts, func(old cut) bool { return old.text == c.text }) {
		return nil
	}
	if len(f.cuts) >= maxCuts {
		return errCuts
	}
	f.cuts = append(f.cuts, c)
	f.note()
	return nil
}

// partitioned returns the cut between groups of names.
func partitioned(text string, groups [][]string) cut {
	c := cut{text: text, groups: map[string]int{}}
	for i, g := range groups {
		for _, name := range g {
			c.groups[name] = i + 1
		}
	}
	return c
}

// oneWay returns the cut of what goes from some names to others.
func oneWay(text string, from, to []string) cut {
	c := cut{text: text, groups: map[string]int{}, oneWay: true}
	for _, name := range from {
		c.groups[name] |= 1
	}
	for _, name := range to {
		c.groups[name] |= 2
	}
	return c
}

// joinGroups returns "[a b] [c]".
func joinGroups(groups [][]string) string {
	var all []string
	for _, g := range groups {
		all = append(all, "["+strings.Join(g, " ")+"]")
	}
	return strings.Join(all, " ")
}
