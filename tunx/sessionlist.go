package tunx

// list is a ring of sessions, with the one that was touched last first.
type list struct {
	first, last *link
	count       int
}

// link is a session's place in a list.
type link struct {
	prev, next *link
	session    *session
}

func (l *list) remove(k *link) {
	if k.prev != nil {
		k.prev.next = k.next
	} else {
		l.first = k.next
	}
	if k.next != nil {
		k.next.prev = k.prev
	} else {
		l.last = k.prev
	}
	k.prev, k.next = nil, nil
	l.count--
}

func (l *list) push(k *link) {
	k.next = l.first
	if l.first != nil {
		l.first.prev = k
	} else {
		l.last = k
	}
	l.first = k
	l.count++
}

func (l *list) toFront(k *link) {
	if l.first != k {
		l.remove(k)
		l.push(k)
	}
}

// idlest returns the session that is without traffic for longest. The order of the list is
// that of requests: those at its end that had answers since get a second chance, but not
// more of them than a caller should wait for.
func (l *list) idlest() *session {
	best := l.last.session
	idle := best.lastUse()
	for k, n := l.last.prev, 0; k != nil && n < 32; k, n = k.prev, n+1 {
		if use := k.session.lastUse(); use < idle {
			best, idle = k.session, use
		}
	}
	return best
}
