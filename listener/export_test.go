package listener

import "github.com/strata-net/strata/sockopt"

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
