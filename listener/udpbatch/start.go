package udpbatch

import "github.com/strata-net/strata/listener/internal/cmsg"

// startPortable makes the Conn one that sends and receives a datagram a call,
// and says why.
func (c *Conn) startPortable(why error) error {
	c.able.off("Batch", why)
	for _, f := range []struct {
		name string
		mode Mode
	}{{"GSO", c.config.GSO}, {"GRO", c.config.GRO}} {
		if err := c.without(f.name, f.mode, why); err != nil {
			return err
		}
	}
	s := &single{conn: c}
	s.control = make([]byte, 0, cmsg.Room)
	c.out = s
	return nil
}

// without notes that a feature is off, which is an error if it is required.
func (c *Conn) without(field string, mode Mode, why error) error {
	if mode == Off {
		why = errNotAsked
	}
	if mode == Require {
		return &Error{Op: "config", Field: field, Value: mode.String(), Err: why}
	}
	c.able.off(field, why)
	return nil
}
