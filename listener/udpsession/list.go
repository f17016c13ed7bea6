package udpsession

// The lists that each session is in.
const (
	byUse = iota // the one idle for longest first
	byAge        // the oldest first
	numLists
)

// links are a session's neighbours in one list.
type links struct{ prev, next *Conn }

// list is a doubly linked list through the sessions themselves, so that neither
// moving nor removing one allocates or searches. Listener.mu guards it.
type list struct {
	which      int // index of the links
	head, tail *Conn
}

// append puts c, which is in no list of this kind, at the end.
func (l *list) append(c *Conn) {
	c.links[l.which] = links{prev: l.tail}
	if l.tail == nil {
		l.head = c
	} else {
		l.tail.links[l.which].next = c
	}
	l.tail = c
}

// remove takes c out.
func (l *list) remove(c *Conn) {
	at := &c.links[l.which]
	if at.prev == nil {
		l.head = at.next
	} else {
		at.prev.links[l.which].next = at.next
	}
	if at.next == nil {
		l.tail = at.prev
	} else {
		at.next.links[l.which].prev = at.prev
	}
	*at = links{}
}

// moveToEnd makes c the last one.
func (l *list) moveToEnd(c *Conn) {
	if l.tail != c {
		l.remove(c)
		l.append(c)
	}
}
