package sockopt

// A socket is what there is to know of an open socket before an option is set on it.
// Its network is known from the start; the rest is asked for when an option makes a difference of it.
type socket struct {
	fd      uintptr
	network Networks // one bit, and MPTCP
	looked  bool     // state has been asked for
	state   state
	dual    tristate
}

// A state is how far a socket is. The zero state is that of a socket in Control.
type state struct {
	listening bool
	connected bool
	bound     bool
	blocking  bool // its system calls block: not a socket of package net
	mapped    bool // AF_INET6 and connected to an IPv4-mapped address
}

// mapped reports whether an IPv6 address stands for an IPv4 one.
func mapped(a [16]byte) bool { return [12]byte(a[:12]) == [12]byte{10: 0xff, 11: 0xff} }

// tristate is a boolean that is asked for once.
type tristate uint8

const (
	unknown tristate = iota
	no
	yes
)

// look returns the state of the socket.
func (s *socket) look() *state {
	if !s.looked {
		s.looked = true
		s.state = stateOf(s.fd, s.network)
	}
	return &s.state
}

// name is the network's name in errors: "tcp4".
func (s *socket) name() string { return (s.network &^ MPTCP).String() }

// has reports whether the row, or its twin, works on the socket.
func (s *socket) has(r *row) bool {
	return s.native(r).worksOn(s.network)
}

// lacks is the cause of an error about a row that the socket does not have.
func (s *socket) lacks(r *row) error {
	if s.network&MPTCP != 0 && r.networks()&s.network&^MPTCP != 0 {
		return errMultipath
	}
	return unsupportedError{reason: "only for " + r.networks().String()}
}

// worksOn reports whether the row itself works on a kind of socket.
func (r *row) worksOn(n Networks) bool {
	return r.Networks&n&^MPTCP != 0 && (n&MPTCP == 0 || r.Networks&MPTCP != 0)
}

// native is the one of a row and its twin that belongs to the socket's address family.
func (s *socket) native(r *row) *row {
	switch {
	case r.twin == nil || s.network&inet == 0:
		return r
	case s.network&inet4 != 0:
		return r.version(inet4)
	}
	return r.version(inet6)
}

// primary is the one to read: on a dual-stack socket that talks to an IPv4 address, the traffic follows IPv4.
func (s *socket) primary(r *row) *row {
	if r.twin != nil && s.look().mapped && s.dualStack() && r.version(inet4).worksOn(s.network4()) {
		return r.version(inet4)
	}
	return s.native(r)
}

// network4 is the socket's kind over the other version of IP, for an IPv6 socket.
func (s *socket) network4() Networks { return s.network&inet6>>1 | s.network&MPTCP }

// levels calls f for each row that the logical option consists of on the socket: that of its address family,
// and that of IPv4 too when an IPv6 socket carries both.
func (s *socket) levels(r *row, f func(*row)) {
	f(s.native(r))
	if r.twin != nil && s.network&inet6 != 0 && r.version(inet4).worksOn(s.network4()) && s.dualStack() {
		f(r.version(inet4))
	}
}

// single reports whether the row is the only level of its logical option on the socket, as far as can be told without
// asking the kernel.
func (s *socket) single(r *row) bool {
	return r.twin == nil || s.network&inet4 != 0 && r.Networks&inet4 != 0
}

// version is the one of a row and its twin that belongs to a version of IP.
func (r *row) version(v Networks) *row {
	if r.Networks&v != 0 {
		return r
	}
	return r.twin
}

// otherLeg reports whether the row is for the same network over the other version of IP only.
// A dual-stack dial has a socket for each, and an option applies to the one that it fits.
func (s *socket) otherLeg(r *row) bool {
	sibling := s.network&inet4<<1 | s.network&inet6>>1
	return r.networks()&sibling != 0
}

// concerns reports whether the row is for a socket in this state: those of the Established stage are left for the
// conns of a listener, and those of the Listening stage for the listener of a conn.
func (s *socket) concerns(r *row) bool {
	switch r.Stage {
	case Established:
		return !s.look().listening
	case Listening:
		return !s.look().connected
	}
	return true
}

// tooLate reports whether setting the row has no effect any more.
func (s *socket) tooLate(r *row) bool {
	switch r.Until {
	case BeforeBind:
		return s.look().bound || s.look().connected || s.look().listening
	case BeforeConnect:
		return s.look().connected || s.look().listening
	}
	return false
}

// dualStack reports whether an IPv6 socket has the options of IPv4 too, for IPv4-mapped traffic. Raw sockets never do.
func (s *socket) dualStack() bool {
	if s.dual == unknown {
		s.dual = no
		if s.network&raw == 0 && takesIPv4(s.fd) {
			s.dual = yes
		}
	}
	return s.dual == yes
}
