package main

import (
	"slices"
	"strings"

	"github.com/strata-net/strata/sockopt"
)

// order is that of the table's texts.
var order = []string{"tcp", "tcp4", "tcp6", "udp", "udp4", "udp6", "ip", "ip4", "ip6", "unix", "unixgram", "unixpacket", "mptcp"}

// shorten writes "tcp" for tcp4 and tcp6, and "all" for everything.
func shorten(networks []string) string {
	var short []string
	for _, network := range networks {
		base := strings.TrimRight(network, "46")
		if slices.Contains(networks, base+"4") && slices.Contains(networks, base+"6") {
			network = base
		}
		if !slices.Contains(short, network) {
			short = append(short, network)
		}
	}
	slices.SortFunc(short, func(a, b string) int { return slices.Index(order, a) - slices.Index(order, b) })
	return strings.Join(short, " ")
}

// every is what options of the socket level have.
const every = sockopt.TCP4 | sockopt.TCP6 | sockopt.UDP4 | sockopt.UDP6 | sockopt.IP4 | sockopt.IP6 |
	sockopt.Unix | sockopt.Unixgram | sockopt.Unixpacket

// networks are those of the option itself, without its twin's.
func networks(i sockopt.Info) string {
	if i.Networks&every != every {
		return shorten(strings.Fields(i.Networks.String()))
	}
	if i.Networks&sockopt.MPTCP == 0 {
		return "all but mptcp"
	}
	return "all"
}
