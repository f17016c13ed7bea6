//go:build windows

package sockopt

import "syscall"

// ReadText reads a row in text form, as its handle does.
func ReadText(c syscall.Conn, name string) (string, error) {
	r := byName[name]
	v, err := r.read1(c)
	return r.Kind.format(v), err
}

// SetPast sets an option past the check that keeps it from the sockets of package net.
func SetPast(fd uintptr, o Option) error {
	var b [64]byte
	n := o.row.encode(b[:], o.val)
	return o.row.explain(setsockopt(fd, o.row.Level, o.row.Number, b[:n], false))
}
