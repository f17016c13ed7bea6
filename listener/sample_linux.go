package listener

import (
	"net"
	"os"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"github.com/strata-net/strata/sockopt"
)

// kernelCounts reports whether the kernel counts the traffic of a conn. Of a
// Multipath TCP conn it tells that of the first path only; plain says that the
// listening socket is none.
func kernelCounts(c net.Conn, plain bool) bool {
	tcp, ok := c.(*net.TCPConn)
	if !ok || !hasCounters(tcp) {
		return false
	}
	if plain {
		return true
	}
	multipath, err := tcp.MultipathTCP()
	return err == nil && !multipath
}

// counters is whether this kernel counts, nil as long as no conn has told.
var counters atomic.Pointer[bool]

// hasCounters asks the first conn that answers whether this kernel has all that is
// needed (Linux 4.19). One that is closed already says nothing about the others.
func hasCounters(c *net.TCPConn) bool {
	if known := counters.Load(); known != nil {
		return *known
	}
	info, err := sockopt.TCPInfo(c)
	if err != nil {
		return false
	}
	has := info.BytesRetrans != sockopt.Absent && info.NotSentBytes != sockopt.Absent
	counters.Store(&has)
	return has
}

func readSample(c net.Conn) (sample, error) {
	var s sample
	var infoErr error
	err := control(c, func(fd uintptr) {
		var info *unix.TCPInfo
		info, infoErr = unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO)
		if infoErr != nil {
			return
		}
		waiting, _ := unix.IoctlGetInt(int(fd), unix.SIOCINQ) // fails for a conn that is reset: nothing waits
		s = sample{
			traffic:       traffic{info.Bytes_received, info.Bytes_acked},
			written:       info.Bytes_sent - info.Bytes_retrans + uint64(info.Notsent_bytes),
			sinceReceived: time.Duration(info.Last_data_recv) * time.Millisecond,
			sinceAcked:    time.Duration(info.Last_ack_recv) * time.Millisecond,
			unread:        waiting > 0,
			unacked:       info.Unacked > 0 || info.Notsent_bytes > 0,
		}
		if endCounted(info.State) {
			s.received -= min(s.received, 1)
		}
	})
	if err == nil {
		err = os.NewSyscallError("getsockopt TCP_INFO", infoErr)
	}
	return s, err
}

// endCounted reports whether the kernel has counted the end of the peer's stream, the
// FIN, as a byte (tcp_rcv_nxt_update), as far as the state tells: a conn that is over
// may have had one or not.
func endCounted(state uint8) bool {
	return state == unix.BPF_TCP_CLOSE_WAIT || state == unix.BPF_TCP_LAST_ACK || state == unix.BPF_TCP_CLOSING
}
