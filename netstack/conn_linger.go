package netstack

import (
	"time"

	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"
)

// linger waits until the peer has acknowledged what was written and the end, or for as long
// as SetLinger said.
func (c *TCPConn) linger() {
	o := c.e.ep.SocketOptions().GetLinger()
	if !o.Enabled || o.Timeout == 0 {
		return
	}
	end := time.NewTimer(o.Timeout)
	defer end.Stop()
	// The engine tells nobody of an acknowledgement that leaves the send buffer empty.
	for pause := time.Millisecond; c.sending(); pause = min(2*pause, 50*time.Millisecond) {
		again := time.NewTimer(pause)
		select {
		case <-again.C:
		case <-end.C:
			again.Stop()
			return
		}
	}
}

// sending reports whether the end of the stream is not acknowledged yet.
func (c *TCPConn) sending() bool {
	switch tcp.EndpointState(c.e.ep.State()) { //nolint:gosec // one of its constants
	case tcp.StateFinWait1, tcp.StateClosing, tcp.StateLastAck:
		return true
	default:
		return false
	}
}
