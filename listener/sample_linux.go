package listener

import (
	"net"
	"os"
	"sync"
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

var counters struct {
	once sync.Once
	ok   bool
}

// hasCounters asks the first conn whether this kernel has all that is needed
// (Linux 4.19).
func hasCounters(c *net.TCPConn) bool {
	counters.once.Do(func() {
		info, err := sockopt.TCPInfo(c)
		counters.ok = err == nil && info.BytesRetrans != sockopt.Absent && info.NotSentBytes != sockopt.Absent
	})
	return counters.ok
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
	})
	if err == nil {
		err = os.NewSyscallError("getsockopt TCP_INFO", infoErr)
	}
	return s, err
}
