package quicx

import "golang.org/x/sys/unix"

// ShardConns counts the open conns of each socket.
func ShardConns(l *Listener) []int {
	counts := make([]int, len(l.shards))
	l.gate.mu.Lock()
	defer l.gate.mu.Unlock()
	for t := range l.gate.tickets {
		counts[t.shard]++
	}
	return counts
}

// Unsteer takes the program away, so that the kernel goes by addresses.
func Unsteer(l *Listener) error {
	raw, err := l.SyscallConn()
	if err != nil {
		return err
	}
	var off error
	err = raw.Control(func(fd uintptr) {
		off = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_DETACH_REUSEPORT_BPF, 1)
	})
	if err != nil {
		return err
	}
	return off
}
