package quicx

import (
	"net"
	"os"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// steer gives each packet to the socket that the first byte of its destination
// connection ID says, modulo their number: to connectionIDs' own, and spread
// evenly if the client has chosen the ID, as it does for its first packets
// (RFC 9000, section 7.2). They are numbered in the order in which they were
// bound (net/core/sock_reuseport.c), and share the program, for which a packet
// begins behind the UDP header. One that is too short goes to the first socket.
func steer(first *net.UDPConn, sockets int) error {
	const (
		longHeader = 0x80 // RFC 9000, section 17.2
		idOfLong   = 6    // behind type, version, length of the ID
		idOfShort  = 1    // behind the type
	)
	program, err := bpf.Assemble([]bpf.Instruction{
		bpf.LoadAbsolute{Off: 0, Size: 1},
		bpf.JumpIf{Cond: bpf.JumpBitsSet, Val: longHeader, SkipFalse: 2},
		bpf.LoadAbsolute{Off: idOfLong, Size: 1},
		bpf.Jump{Skip: 1},
		bpf.LoadAbsolute{Off: idOfShort, Size: 1},
		bpf.ALUOpConstant{Op: bpf.ALUOpMod, Val: uint32(sockets)}, //nolint:gosec // at most maxShards
		bpf.RetA{},
	})
	if err != nil {
		return err
	}
	filter := make([]unix.SockFilter, len(program))
	for i, r := range program {
		filter[i] = unix.SockFilter{Code: r.Op, Jt: r.Jt, Jf: r.Jf, K: r.K}
	}
	prog := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]} //nolint:gosec // seven instructions
	raw, err := first.SyscallConn()
	if err != nil {
		return err
	}
	var setErr error
	if err := raw.Control(func(fd uintptr) {
		setErr = unix.SetsockoptSockFprog(int(fd), unix.SOL_SOCKET, unix.SO_ATTACH_REUSEPORT_CBPF, &prog)
	}); err != nil {
		return err
	}
	return os.NewSyscallError("setsockopt SO_ATTACH_REUSEPORT_CBPF", setErr)
}

// steers reports whether sockets can share a port here.
const steers = true
