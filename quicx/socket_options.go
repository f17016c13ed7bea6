package quicx

import (
	"errors"
	"fmt"

	"github.com/strata-net/strata/sockopt"
)

// refused is what no socket of QUIC can have, by name, and why: the option would do nothing, or harm.
var refused = func() map[string]string {
	const (
		ecn    = "quic-go sets the whole byte for every packet, for ECN"
		df     = "quic-go sets it for its path MTU discovery: see QUIC.DisablePathMTUDiscovery"
		ends   = "an ICMP message for one conn ends others of the socket"
		merged = "quic-go reads one packet at a time"
	)
	return map[string]string{
		"IP_TOS": ecn, "IPV6_TCLASS": ecn, "IP_RECVTOS": ecn, "IPV6_RECVTCLASS": ecn,
		"IP_MTU_DISCOVER": df, "IPV6_MTU_DISCOVER": df,
		"IP_DONTFRAG": df, "IPV6_DONTFRAG": df, "IP_DONTFRAGMENT": df,
		"IP_RECVERR": ends, "IPV6_RECVERR": ends, "IP_RECVERR_RFC4884": ends, "IPV6_RECVERR_RFC4884": ends,
		"UDP_GRO": merged, "UDP_RECV_MAX_COALESCED_SIZE": merged,
		"UDP_SEGMENT":       "quic-go sets it for every write, see SocketInfo.GSO",
		"UDP_SEND_MSG_SIZE": "it would cut the packets of QUIC",
		"UDP_CORK":          "it would hold every packet back",
		"UDP_ENCAP":         "the kernel would take the packets of QUIC for those of another protocol",
	}
}()

// refuseOptions finds the options that are not for QUIC.
func refuseOptions(p *problems, options sockopt.Options) {
	for _, o := range options {
		if why, ok := refused[o.Name()]; ok && !o.Preferred() {
			p.add("Options", o.String(), fmt.Errorf("%w: not on a socket of QUIC: %s", errors.ErrUnsupported, why))
		}
	}
}

// effective leaves out those of them that are preferred only.
func effective(options sockopt.Options) sockopt.Options {
	var list sockopt.Options
	for _, o := range options {
		if _, ok := refused[o.Name()]; !ok {
			list = append(list, o)
		}
	}
	return list
}
