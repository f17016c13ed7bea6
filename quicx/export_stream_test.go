package quicx

// Uses counts the dials and the streams that have a QUIC conn of the dialer, or wait for one.
func Uses(d *StreamDialer) (n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for l := range d.all {
		n += l.uses
	}
	return n
}

// Offering counts the QUIC conns of the listener that have handed out a stream, or have one that waits for Accept.
func Offering(l *StreamListener) (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for c := range l.conns {
		c.mu.Lock()
		if c.open > 0 {
			n++
		}
		c.mu.Unlock()
	}
	return n
}
