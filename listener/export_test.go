package listener

import (
	"context"

	"github.com/strata-net/strata/sockopt"
)

// ParseStream and ParsePacket give the tests the address parser without a socket.
func ParseStream(s string) (network, text string, err error) {
	a, err := parseAddress(s, streams, "tcp")
	return a.full(), a.text, err
}

func ParsePacket(s string) (network, text string, err error) {
	a, err := parseAddress(s, packets, "udp")
	return a.full(), a.text, err
}

// Exclusive gives the tests the rule for Windows on every platform.
func Exclusive(o sockopt.Options) (sockopt.Options, error) { return exclusive(o) }

// Stream is one listening socket.
type Stream = stream

// OpenAll gives the tests the sockets that New puts together.
func OpenAll(ctx context.Context, cfg *Config) ([]*Stream, error) {
	c := cfg.clone()
	if err := c.validate(activated); err != nil {
		return nil, err
	}
	return openAll(ctx, c)
}

// ParseStreams gives the tests all that an address of New stands for, written
// out in full.
func ParseStreams(s string) ([]string, error) {
	all, err := parseStreams(s, activated)
	var list []string
	for _, a := range all {
		list = append(list, a.full()+"://"+a.text)
	}
	return list, err
}

// SetFirstFD moves the inherited descriptors to numbers that the tests can use,
// which have not been used before.
func SetFirstFD(fd int) (restore func()) {
	old := firstFD
	firstFD = fd
	return func() { firstFD = old }
}

// Balanced is the option that spreads conns among the sockets of a port.
func Balanced() (sockopt.Option, bool) { return balanced() }
