package main

import "slices"

// Log is the replicated log. Its first entry has the index 1.
type Log []Entry

// last returns the index and the term of the last entry, 0 for none.
func (l Log) last() (index, term uint64) {
	index = uint64(len(l))
	return index, l.term(index)
}

// term returns the term of an entry, 0 for none.
func (l Log) term(index uint64) uint64 {
	if index == 0 || index > uint64(len(l)) {
		return 0
	}
	return l[index-1].Term
}

// from returns the entries from an index on, at most some.
func (l Log) from(index uint64, most int) []Entry {
	rest := l[min(index-1, uint64(len(l))):]
	return slices.Clone(rest[:min(len(rest), most)])
}

// find returns the index of the entry with an ID, 0 for none.
func (l Log) find(id string) uint64 {
	return uint64(slices.IndexFunc(l, func(e Entry) bool { return e.ID == id }) + 1) //nolint:gosec // not negative
}

// merge puts entries after the one with an index and a term. Without such an entry
// it does nothing and reports false. Only what contradicts the entries is removed:
// a message that was late must not take back what was appended after it was sent.
func (l *Log) merge(index, term uint64, entries []Entry) bool {
	if index > uint64(len(*l)) || l.term(index) != term {
		return false
	}
	for i, e := range entries {
		at := index + uint64(i)
		if l.term(at+1) != e.Term {
			*l = append((*l)[:at:at], entries[i:]...)
			break
		}
	}
	return true
}
