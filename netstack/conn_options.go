package netstack

import (
	"errors"
	"net"
	"time"
)

// setDefaults gives a new conn the options that those of package net have.
func (c *TCPConn) setDefaults() {
	k := c.e.s.config.KeepAlive
	if k == (net.KeepAliveConfig{}) {
		k.Enable = true
	}
	// Both are known to be in range.
	_ = c.e.SetSockOpt(KeepAliveOption(k))
	_ = c.e.SetSockOpt(NoDelayOption(true))
}

// SetNoDelay says whether small writes are sent at once: true, the default, or collected
// until what was sent is acknowledged (Nagle's algorithm).
func (c *TCPConn) SetNoDelay(noDelay bool) error { return c.set(NoDelayOption(noDelay)) }

// SetKeepAlive turns probes of a silent peer on or off. Config.KeepAlive says what new conns
// have: by default probes after 15 s of silence, then 15 s apart; when 9 were not answered
// the conn ends with ETIMEDOUT.
func (c *TCPConn) SetKeepAlive(on bool) error {
	return c.set(KeepAliveOption{Enable: on, Idle: -1, Interval: -1, Count: -1})
}

// SetKeepAlivePeriod sets the silence before the first probe; 0 is 15 s. Probes have to be
// on for it to matter.
func (c *TCPConn) SetKeepAlivePeriod(d time.Duration) error {
	if d < 0 {
		return c.fail("set", &Error{Op: "set", Field: "period", Value: d.String(), Err: ErrInvalidOptionValue})
	}
	var now KeepAliveOption
	if err := c.e.GetSockOpt(&now); err != nil {
		return c.fail("set", err)
	}
	now.Idle = d
	return c.set(now)
}

// SetKeepAliveConfig sets all about keep-alive. A field that is 0 is the default, a negative
// one stays as it is.
func (c *TCPConn) SetKeepAliveConfig(config net.KeepAliveConfig) error {
	return c.set(KeepAliveOption(config))
}

// SetUserTimeout bounds how long data that was sent may stay unacknowledged before the conn
// ends with ETIMEDOUT (RFC 5482). 0 is the stack's own limit.
func (c *TCPConn) SetUserTimeout(d time.Duration) error { return c.set(UserTimeoutOption(d)) }

// SetReadBuffer sets the receive buffer in bytes, within Config.ReceiveBuffer, and ends its
// moderation.
func (c *TCPConn) SetReadBuffer(bytes int) error { return c.set(ReceiveBufferSizeOption(bytes)) }

// SetWriteBuffer sets the send buffer in bytes, within Config.SendBuffer, and ends its
// moderation.
func (c *TCPConn) SetWriteBuffer(bytes int) error { return c.set(SendBufferSizeOption(bytes)) }

// SetLinger says what Close does with data that is not acknowledged. Negative, the default:
// it is sent after Close has returned. 0: it is dropped and the peer gets a reset.
// Otherwise Close waits until it is acknowledged, at most sec seconds; what is left then is
// still sent.
func (c *TCPConn) SetLinger(sec int) error {
	return c.set(LingerOption{Enabled: sec >= 0, Timeout: time.Duration(max(sec, 0)) * time.Second})
}

func (c *TCPConn) set(o SettableOption) error {
	if c.closed() {
		return c.fail("set", net.ErrClosed)
	}
	if err := c.e.SetSockOpt(o); err != nil {
		return c.fail("set", err)
	}
	return nil
}

// SetReadBuffer sets how many bytes wait for a read, within Config.ReceiveBuffer; what
// comes then is dropped.
func (c *packetConn) SetReadBuffer(bytes int) error { return c.set(ReceiveBufferSizeOption(bytes)) }

// SetWriteBuffer sets how many bytes wait for the device, within Config.SendBuffer; a write
// waits then.
func (c *packetConn) SetWriteBuffer(bytes int) error { return c.set(SendBufferSizeOption(bytes)) }

func (c *packetConn) set(o SettableOption) error {
	if err := c.in.err(); errors.Is(err, net.ErrClosed) {
		return c.fail("set", c.remote, err)
	}
	return c.fail("set", c.remote, c.e.SetSockOpt(o))
}
