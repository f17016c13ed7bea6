// Package hostport reads the addresses of virtual networks.
package hostport

import (
	"math"
	"net"
	"strconv"
)

// Max is the largest port that a host of a virtual network can have. TCP's
// 65,535 bounds what [virtnet.ParseAddr] reads; a host that has more sockets
// than that goes on counting.
const Max = math.MaxInt32

// Parse splits "host:port". The port is a decimal number of 0 to limit without
// a sign; the host may be empty. The error is a [*net.AddrError].
func Parse(addr string, limit int) (host string, port int, err error) {
	host, text, err := net.SplitHostPort(addr)
	if err != nil {
		return "", 0, err
	}
	// 31 bits hold every limit, and no sign is read.
	n, err := strconv.ParseUint(text, 10, 31)
	if err != nil || int(n) > limit {
		return "", 0, &net.AddrError{Err: "invalid port", Addr: addr}
	}
	return host, int(n), nil
}
