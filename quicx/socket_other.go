//go:build !linux

package quicx

import (
	"os"
	"runtime"
	"strconv"
)

// wanted is the size in bytes, as the kernel says it, up to which quic-go enlarges the buffers of what it is given, and
// our default. It was measured against losses by quic-go's authors; OpenBSD has no more than 2 MiB.
var wanted = func() int {
	if runtime.GOOS == "openbsd" {
		return 2 << 20
	}
	return 7 << 20
}()

// gso reports whether quic-go cuts large writes in the kernel: not here.
func (*socket) gso() bool { return false }

// ecn reports whether quic-go marks packets, and reads marks.
func (*socket) ecn() bool {
	off, err := strconv.ParseBool(os.Getenv("QUIC_GO_DISABLE_ECN"))
	return (runtime.GOOS == "darwin" || runtime.GOOS == "freebsd") && !(err == nil && off)
}
