package main

import "slices"

// most is how many entries go into a message.
const most = 64

// add appends an entry of this term and sends it to all.
func (n *Node) add(e Entry) {
	e.Term = n.Term
	n.Log, n.dirty = append(n.Log, e), true
	for _, p := range n.Peers {
		n.replicate(p)
	}
	n.count() // of a cluster of one
}

// replicate sends a peer what it lacks, or that the leader is there. It takes for
// granted that this arrives; an ack says if not.
func (n *Node) replicate(to string) {
	before := n.next[to] - 1
	entries := n.Log.from(n.next[to], most)
	n.next[to] += uint64(len(entries))
	n.tell(to, Message{Kind: kindAppend, Index: before, LogTerm: n.Log.term(before), Entries: entries, Commit: n.commit})
}

// appended takes what a leader sent.
func (n *Node) appended(m Message) {
	if m.Term < n.Term {
		n.tell(m.From, Message{Kind: kindAck})
		return
	}
	n.follow(m.Term, m.From)
	if !n.Log.merge(m.Index, m.LogTerm, m.Entries) {
		// What is behind the leader's log, or contradicts it, it has to send again.
		n.tell(m.From, Message{Kind: kindAck, Index: min(uint64(len(n.Log)), m.Index-1)})
		return
	}
	n.dirty = n.dirty || len(m.Entries) > 0
	has := m.Index + uint64(len(m.Entries))
	n.committed(min(m.Commit, has))
	n.tell(m.From, Message{Kind: kindAck, OK: true, Index: has})
}

// acked learns how much a peer has.
func (n *Node) acked(m Message) {
	if n.role != leader || m.Term != n.Term {
		return
	}
	if !m.OK {
		n.next[m.From] = max(min(n.next[m.From]-1, m.Index+1), n.match[m.From]+1)
		n.replicate(m.From)
		return
	}
	n.match[m.From] = max(n.match[m.From], m.Index)
	n.next[m.From] = max(n.next[m.From], m.Index+1)
	n.count()
	if n.next[m.From] <= uint64(len(n.Log)) {
		n.replicate(m.From)
	}
}

// count commits what enough nodes have, if it is of this term: what an earlier leader
// left can still be replaced, however many have it.
func (n *Node) count() {
	has := []uint64{uint64(len(n.Log))}
	for _, p := range n.Peers {
		has = append(has, n.match[p])
	}
	slices.Sort(has)
	if index := has[len(has)-n.Quorum]; n.Log.term(index) == n.Term {
		n.committed(index)
	}
}

// committed notes that entries up to an index are committed, and tells whoever waits.
func (n *Node) committed(index uint64) {
	for n.commit < index {
		n.commit++
		n.Watch.Commits(n.name, n.commit, n.Log[n.commit-1])
		n.answer(n.commit, true)
	}
}
