package netstack

import (
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/stack"

	"github.com/strata-net/strata/tunx"
)

// Engine returns the engine of a stack.
func (s *Stack) Engine() *stack.Stack { return s.engine }

// Wrap returns this package's error for one of the engine's.
func Wrap(err tcpip.Error) error { return wrap(err) }

// Segments returns the packets that p stands for.
func Segments(p []byte, o tunx.Offload) ([][]byte, error) {
	var all [][]byte
	err := segments(p, o, func(q []byte) { all = append(all, append([]byte(nil), q...)) })
	return all, err
}

// SetPatience changes for how long a client's next SYN may be late.
func SetPatience(d time.Duration) (restore func()) {
	old := patience.Swap(int64(d))
	return func() { patience.Store(old) }
}

// Sum16 is the sum of a packet's header.
func Sum16(p []byte) uint16 { return sum16(p, 0) }

// ParsePacket returns the length of the transport's part of a packet.
func ParsePacket(p []byte) (int, bool) {
	v, ok := parse(p)
	return len(v.transport), ok
}

// LinkError returns the stack's error for a device's.
func LinkError(err error) error { return wrap(linkError(err)) }

// Fragments returns the parts of an IPv4 packet.
func Fragments(p []byte, mtu int) ([][]byte, error) {
	var all [][]byte
	err := fragments(p, mtu, func(q []byte) { all = append(all, append([]byte(nil), q...)) })
	return all, err
}

// NewEngineClock returns a Clock as the engine knows it, and what closes it.
func NewEngineClock(c Clock) (clock tcpip.Clock, closeClock func()) {
	t := newEngineClock(c)
	return t, t.close
}
