package sockopt

import "syscall"

// Snapshot reads every readable option that the socket has, in table order. Options that mean something in another
// state only, such as IP_MTU before connect, are left out, and so is SO_ERROR, which reading would clear.
// Some of the options cannot be set: see [Info].
func Snapshot(c syscall.Conn) (Options, error) {
	raw, err := c.SyscallConn()
	if err != nil {
		return nil, &Error{Op: "get", Option: "all options", Err: err}
	}
	var list Options
	err = raw.Control(func(fd uintptr) {
		s := describe(fd)
		for i := range rows {
			if v, ok := s.sample(&rows[i]); ok {
				list = append(list, newOption(&rows[i], v))
			}
		}
	})
	if err != nil {
		return nil, &Error{Op: "get", Option: "all options", Err: err}
	}
	return list, nil
}

// sample reads the row itself, not its twin, if the socket has it.
func (s *socket) sample(r *row) (value, bool) {
	if !r.Supported || r.WriteOnly || r.clear || !s.has(r) {
		return value{}, false
	}
	if r.twin != nil && !s.hasLevel(r) {
		return value{}, false
	}
	v, err := r.get(s.fd)
	return v, err == nil
}

// hasLevel reports whether the row is one of those that its logical option consists of on the socket.
func (s *socket) hasLevel(r *row) (has bool) {
	s.levels(r, func(level *row) { has = has || level == r })
	return has
}
