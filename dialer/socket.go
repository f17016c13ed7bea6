package dialer

import (
	"net"
	"syscall"

	"github.com/strata-net/strata/sockopt"
)

// apply sets the established stage. It takes the raw conn because Options.Apply
// would have to ask the kernel what is known here.
func apply(o sockopt.Options, conn net.Conn) error {
	raw, err := conn.(syscall.Conn).SyscallConn() // all conns of net have it
	if err != nil {
		return err
	}
	return o.ApplyStage(sockopt.Established, sockopt.NetworkOf(conn.LocalAddr()), raw)
}
