package dialer

import "net"

// LocalOn gives the tests the parser of LocalAddr without a dial.
func LocalOn(s, network string) (net.Addr, string, error) {
	l, err := parseLocal(s)
	if err != nil {
		return nil, "", err
	}
	return l.on(network)
}
