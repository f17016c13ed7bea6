package udpsession

import "github.com/strata-net/strata/listener/udpbatch"

// end takes a session out of the table, unless that has been done before.
func (l *Listener) end(c *Conn, why Reason) bool {
	l.mu.Lock()
	if c.state == ended {
		l.mu.Unlock()
		return false
	}
	e := l.remove(c, why)
	l.mu.Unlock()
	l.told(e)
	return true
}

// remove ends a session that is in the table. The mutex is held.
func (l *Listener) remove(c *Conn, why Reason) Event {
	if c == l.fresh {
		l.fresh = c.links[byAge].next
	}
	if c.state == pending {
		l.pending--
	}
	c.state = ended
	l.byUse.remove(c)
	l.byAge.remove(c)
	delete(l.sessions, c.key)
	if c.counted {
		l.sources.Drop(c.source)
	}
	l.ends[why]++
	c.finish(why.cause())
	if l.draining && len(l.sessions) == 0 {
		l.empty.Do(func() { close(l.drained) })
	}
	return Event{Kind: EventEnded, Reason: why, Peer: c.key.peer, Local: c.key.local, Count: 1}
}

// admit returns why a peer gets no session, 0 if it does. The mutex is held.
func (l *Listener) admit(k key, size int) Reason {
	switch {
	case !l.rules.Admits(k.peer.Addr()):
		return Denied
	case l.draining:
		return ShuttingDown
	case l.sources.Full(k.peer.Addr()):
		return SourceFull
	case l.pending >= l.config.Backlog:
		return BacklogFull
	case size > l.config.QueueBytes || !l.room(size, false):
		return MemoryFull
	case len(l.sessions) >= l.config.MaxSessions && l.config.OnFull == Refuse:
		return Full
	}
	return 0
}

// room reports whether so many bytes may be queued. Half of the memory is only
// for sessions that Accept has returned, else forged peers could fill it with
// what nobody is going to read for a while.
func (l *Listener) room(size int, accepted bool) bool {
	most := l.config.MaxBytes
	if !accepted {
		most /= 2
	}
	return l.queued.Load()+int64(size) <= int64(most)
}

// create makes a session for a peer that was admitted. The mutex is held, and is
// given up while the event is told.
func (l *Listener) create(k key, m *udpbatch.Message, now int64) {
	if len(l.sessions) >= l.config.MaxSessions {
		e := l.remove(l.byUse.head, Evicted)
		l.collect(e)
	}
	c := &Conn{listener: l, key: k, created: now}
	c.used.Store(now)
	if k.local.IsLinkLocalUnicast() && k.local.Is6() {
		c.link = m.Interface
	}
	l.sessions[k] = c
	l.byUse.append(c)
	l.byAge.append(c)
	if l.fresh == nil {
		l.fresh = c
	}
	c.source, c.counted, _ = l.sources.Take(k.peer.Addr()) // admit has seen to it that there is room
	l.created++
	c.push(m.Data) // and here
	l.collect(Event{Kind: EventCreated, Peer: k.peer, Local: k.local, Count: 1})
	l.tell()
	l.publish(c)
}

// collect keeps an event of the reader for tell.
func (l *Listener) collect(e Event) {
	if l.config.OnEvent != nil {
		l.events = append(l.events, e)
	}
}

// publish lets Accept return the session, if it has not ended while its event
// was told.
func (l *Listener) publish(c *Conn) {
	if c.state != hidden {
		return
	}
	c.state = pending
	l.pending++
	l.wakeAccept()
}

// touch moves the idle timeout of a session. The mutex is held.
func (l *Listener) touch(c *Conn, now int64) {
	c.used.Store(now)
	l.byUse.moveToEnd(c)
}
