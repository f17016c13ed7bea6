package listener

import (
	"os"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// steer gives a conn to the n-th socket of the group if its first packet is
// handled by CPU n, modulo the number of sockets. They are numbered in the order
// in which they began to listen (net/core/sock_reuseport.c), and share the
// program.
func steer(s *stream, sockets int) error {
	program, err := bpf.Assemble([]bpf.Instruction{
		bpf.LoadExtension{Num: bpf.ExtCPUID},
		bpf.ALUOpConstant{Op: bpf.ALUOpMod, Val: uint32(sockets)}, //nolint:gosec // at most maxSockets
		bpf.RetA{},
	})
	if err != nil {
		return err
	}
	filter := make([]unix.SockFilter, len(program))
	for i, r := range program {
		filter[i] = unix.SockFilter{Code: r.Op, Jt: r.Jt, Jf: r.Jf, K: r.K}
	}
	prog := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]} //nolint:gosec // three instructions
	var setErr error
	err = control(s, func(fd uintptr) {
		setErr = unix.SetsockoptSockFprog(int(fd), unix.SOL_SOCKET, unix.SO_ATTACH_REUSEPORT_CBPF, &prog)
	})
	if err == nil {
		err = os.NewSyscallError("setsockopt SO_ATTACH_REUSEPORT_CBPF", setErr)
	}
	return err
}
