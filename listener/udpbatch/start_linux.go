package udpbatch

import (
	"errors"

	"github.com/strata-net/strata/listener/internal/cmsg"
	"github.com/strata-net/strata/sockopt"
)

// start finds out what the socket can do.
func (c *Conn) start() error {
	if c.config.portable {
		return c.startPortable(errors.New("turned off by a test"))
	}
	c.able.Batch = c.config.Batch
	if err := c.startGSO(); err != nil {
		return err
	}
	if err := c.startGRO(); err != nil {
		return err
	}
	c.out = newSender(c)
	return nil
}

func (c *Conn) startGSO() error {
	if c.config.GSO == Off {
		return c.without("GSO", Off, nil)
	}
	// Setting it to 0 changes nothing and fails where it is unknown.
	err := sockopt.UDPSegment.Set(c.udp, 0)
	if err == nil {
		c.able.Segments, err = probe.segments()
	}
	if err != nil {
		return c.without("GSO", c.config.GSO, err)
	}
	c.able.GSO = true
	return nil
}

func (c *Conn) startGRO() error {
	if c.config.GRO == Off {
		return c.without("GRO", Off, nil)
	}
	err := probe.joins()
	if err == nil {
		err = sockopt.UDPGRO.Set(c.udp, true)
	}
	if err != nil {
		return c.without("GRO", c.config.GRO, err)
	}
	c.able.GRO = true
	return nil
}

func (c *Conn) newSource() source {
	if c.config.portable {
		return newSingle(c)
	}
	return newReceiver(c)
}

// room is what the control messages of a datagram received may take, in bytes.
func (c *Conn) room() int {
	switch {
	case len(c.config.Options) > 0: // they may ask for more than this package knows of
		return 4 * cmsg.Room
	case c.able.GRO || c.config.want().Any():
		return cmsg.Room
	}
	return 0
}
