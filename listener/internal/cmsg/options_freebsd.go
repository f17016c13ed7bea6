package cmsg

import "github.com/strata-net/strata/sockopt"

func destination4() sockopt.Options {
	return sockopt.Options{sockopt.IPRecvDstAddr.Value(true), sockopt.IPRecvIf.Value(true)}
}
