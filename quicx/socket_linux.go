package quicx

import (
	"os"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/sys/unix"

	"github.com/strata-net/strata/sockopt"
)

// wanted is the size in bytes, as the kernel says it, up to which quic-go enlarges the buffers of what it is given, and
// our default. It was measured against losses by quic-go's authors.
const wanted = 7 << 20

// modern reports whether the kernel is one on which quic-go uses GSO and ECN: 5.0 or newer.
var modern = sync.OnceValue(func() bool {
	var u unix.Utsname
	_ = unix.Uname(&u) // cannot fail; without a release it would be no number
	major, _, _ := strings.Cut(unix.ByteSliceToString(u.Release[:]), ".")
	n, err := strconv.Atoi(major)
	return err == nil && n >= 5
})

// gso reports whether quic-go cuts large writes in the kernel.
func (s *socket) gso() bool {
	_, err := sockopt.UDPSegment.Get(s.udp)
	return err == nil && modern() && !disabled("GSO")
}

// ecn reports whether quic-go marks packets, and reads marks.
func (s *socket) ecn() bool { return modern() && !disabled("ECN") }

// disabled reports whether a variable of the environment switches a feature of quic-go off.
func disabled(feature string) bool {
	off, err := strconv.ParseBool(os.Getenv("QUIC_GO_DISABLE_" + feature))
	return err == nil && off
}
