//go:build !linux && !darwin && !freebsd

package cmsg

import "net/netip"

// Supported says whether this platform's control messages are known here.
const Supported = false

// Cut is of no use where Supported is false.
const Cut = 0

// Parse is never called where Supported is false.
func Parse([]byte, *Info) error { return errShort }

// AppendSource is never called where Supported is false.
func AppendSource(b []byte, _ bool, _ netip.Addr, _ int) []byte { return b }

// AppendTOS is never called where Supported is false.
func AppendTOS(b []byte, _ bool, _ int) []byte { return b }

// Level6 is never of use where Supported is false.
func Level6(bool, netip.Addr) bool { return false }

// TOS is 0 where it cannot be chosen for a datagram.
func TOS(uintptr, bool) (int, error) { return 0, nil }
