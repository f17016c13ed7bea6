package sockopt

import (
	"syscall"
	"time"
)

// Value is the types that values of options have in Go.
type Value interface {
	bool | int | uint32 | uint64 | string | time.Duration | PortRange
}

// A Handle is one option of the table. On a platform that lacks the option, Set and Get answer [errors.ErrUnsupported].
// Handles are safe for concurrent use. The zero Handle is not valid: all it does is an error.
type Handle[T Value] struct{ row *row }

// Info returns what the table knows of the option.
func (h Handle[T]) Info() Info { return Option{row: h.row}.Info() }

// Value returns the option with a value to be applied later. The value is checked then, see [Options.Check].
func (h Handle[T]) Value(v T) Option { return newOption(h.row, toValue(v)) }

// Set sets the option on an open socket, whatever its stage. It is an error if it can have no effect any more.
func (h Handle[T]) Set(c syscall.Conn, v T) error {
	p := newPlan(Options{h.Value(v)}, 0)
	p.direct = true
	return p.on(c)
}

// Get reads the option from an open socket. Of an option with a twin it reads the version of IP that the socket's
// traffic uses.
func (h Handle[T]) Get(c syscall.Conn) (T, error) {
	var zero T
	if h.row == nil {
		return zero, &Error{Op: "get", Err: errZero}
	}
	v, err := h.row.read1(c)
	if err != nil {
		return zero, err
	}
	return fromValue[T](v), nil
}

// read1 reads the row, or its twin, from an open socket.
func (r *row) read1(c syscall.Conn) (v value, err error) {
	fail := func(network string, err error) error {
		return &Error{Op: "get", Option: r.Name, Network: network, Err: err}
	}
	if !r.Supported {
		return v, fail("", r.unsupported(""))
	}
	raw, err := c.SyscallConn()
	if err != nil {
		return v, fail("", err)
	}
	var network string
	cerr := raw.Control(func(fd uintptr) {
		s := describe(fd)
		network = s.name()
		v, err = s.read(r)
	})
	if err == nil {
		err = cerr
	}
	if err != nil {
		return value{}, fail(network, err)
	}
	return v, nil
}

// read reads a logical option from the socket.
func (s *socket) read(r *row) (value, error) {
	switch {
	case !s.has(r):
		return value{}, s.lacks(r)
	case s.primary(r).WriteOnly:
		return value{}, errWriteOnly
	}
	return s.primary(r).get(s.fd)
}

func toValue[T Value](v T) value {
	switch x := any(v).(type) {
	case bool:
		return boolValue(x)
	case int:
		return value{n: int64(x)}
	case uint32:
		return value{n: int64(x)}
	case uint64:
		return value{n: int64(x)}
	case string:
		return value{s: x}
	case time.Duration:
		return value{n: int64(x)}
	case PortRange:
		return portRangeValue(x)
	}
	panic("unreachable: Value has no other types")
}

func fromValue[T Value](v value) (t T) {
	switch x := any(&t).(type) {
	case *bool:
		*x = v.n != 0
	case *int:
		*x = int(v.n)
	case *uint32:
		*x = uint32(v.n)
	case *uint64:
		*x = uint64(v.n)
	case *string:
		*x = v.s
	case *time.Duration:
		*x = time.Duration(v.n)
	case *PortRange:
		*x = v.portRange()
	}
	return t
}
