package main

// propose takes a command of a client. One that is tried again is in the log only
// once.
func (n *Node) propose(r request) {
	if n.role != leader {
		n.out = append(n.out, letter{Message{Kind: kindDone, From: n.name, Leader: n.leader, ID: r.ID}, r.answer})
		return
	}
	index := n.Log.find(r.ID)
	if index == 0 {
		n.add(Entry{ID: r.ID, Command: r.Command})
		index = uint64(len(n.Log))
	}
	n.answer(index, false) // whoever waited for it has given up
	n.waiting[index] = r.answer
	if index <= n.commit {
		n.answer(index, true)
	}
}

// answer tells the client that waits for an index whether its command is committed.
// If not it may be later: the client has to ask again.
func (n *Node) answer(index uint64, ok bool) {
	if send := n.waiting[index]; send != nil {
		delete(n.waiting, index)
		n.out = append(n.out, letter{Message{Kind: kindDone, From: n.name, OK: ok, Index: index, ID: n.Log[index-1].ID, Leader: n.leader}, send})
	}
}

// list shows a client what is committed as far as this node knows.
func (n *Node) list(r request) {
	n.out = append(n.out, letter{Message{Kind: kindListed, From: n.name, OK: true, Term: n.Term, Commit: n.commit, Entries: n.Log[:n.commit:n.commit], Leader: n.leader}, r.answer})
}
