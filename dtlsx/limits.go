package dtlsx

import "net/netip"

// predecessor returns the conn that one from the same address is to replace, nil
// if there is none: one with a connection ID may have moved. The mutex is held.
func (l *Listener) predecessor(from netip.AddrPort) *peer {
	if old := l.open[from]; old != nil && len(old.ids) == 0 {
		return old
	}
	return nil
}

// crowded reports whether MaxConns leaves no room for one more, which takes the
// place of old if that is not nil. Handshakes that were dropped do not count: their
// goroutines are on their way out. The mutex is held.
func (l *Listener) crowded(old *peer) bool {
	n := l.active - l.places.leaving
	if old != nil {
		n--
	}
	return l.config.MaxConns > 0 && n >= l.config.MaxConns
}

// count counts a peer for MaxConnsPerSource. It takes over what old counts: a
// client that has lost its state, and begins again on its port, must not be kept
// out by a conn of which it knows nothing. The mutex is held.
func (l *Listener) count(s, old *peer) (ok bool) {
	if old != nil && old.counted {
		old.counted, s.counted, s.old = false, true, old
		return true
	}
	_, s.counted, ok = l.perSource.Take(s.key.Addr().WithZone(""))
	return ok
}

// uncount ends that, and gives back what was taken over. The mutex is held.
func (l *Listener) uncount(s *peer) {
	switch {
	case !s.counted:
	case s.old != nil && s.old.state != ended:
		s.old.counted = true
	default:
		l.perSource.Drop(s.source)
	}
	s.counted, s.old = false, nil
}
