package main

import (
	"maps"
	"slices"
	"time"
)

// patience is how long a node waits for a leader: each time and each node another
// time, so that one of them is the first.
func (n *Node) patience() time.Duration {
	return n.Timing.Election + time.Duration(n.Rand.Int64N(int64(n.Timing.Election)))
}

// follow makes the node a follower in a term, of a leader if that is known.
func (n *Node) follow(term uint64, leader string) {
	if term > n.Term {
		n.Term, n.Vote, n.dirty = term, "", true
	}
	n.role, n.leader = follower, leader
	n.timer.Reset(n.patience())
	for _, index := range slices.Sorted(maps.Keys(n.waiting)) {
		n.answer(index, false)
	}
}

// stand makes the node a candidate in the next term, with its own vote.
func (n *Node) stand() {
	n.role, n.leader = candidate, ""
	n.Term, n.Vote, n.dirty = n.Term+1, n.name, true
	n.votes = map[string]bool{n.name: true}
	n.timer.Reset(n.patience())
	index, term := n.Log.last()
	for _, p := range n.Peers {
		n.tell(p, Message{Kind: kindAsk, Index: index, LogTerm: term})
	}
	n.tally()
}

// asked answers a candidate. It gets the vote of the term if nobody else has it, and
// if its log is not behind: so whoever wins has all that was committed.
func (n *Node) asked(m Message) {
	index, term := n.Log.last()
	behind := m.LogTerm < term || m.LogTerm == term && m.Index < index
	ok := m.Term == n.Term && !behind && (n.Vote == "" || n.Vote == m.From)
	if ok {
		n.Vote, n.dirty = m.From, true
		n.timer.Reset(n.patience())
	}
	n.tell(m.From, Message{Kind: kindVote, OK: ok})
}

// voted counts a vote.
func (n *Node) voted(m Message) {
	if n.role != candidate || m.Term != n.Term || !m.OK {
		return
	}
	n.votes[m.From] = true
	n.tally()
}

// tally makes a candidate with enough votes the leader.
func (n *Node) tally() {
	if len(n.votes) >= n.Quorum {
		n.lead()
	}
}

// lead makes the node the leader of its term. It begins with an entry of its own,
// since only with one of this term it may commit what earlier ones left.
func (n *Node) lead() {
	n.role, n.leader = leader, n.name
	n.Watch.Leads(n.name, n.Term, n.Log)
	n.next, n.match = map[string]uint64{}, map[string]uint64{}
	for _, p := range n.Peers {
		n.next[p] = uint64(len(n.Log)) + 1
	}
	n.add(Entry{})
	n.timer.Reset(n.Timing.Heartbeat)
}
