package virtnet

// Mark does the first part of Close: the host and its sockets are down, and nobody has
// been woken.
func Mark(h *Host) { h.mark() }
