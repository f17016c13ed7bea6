//go:build darwin || freebsd

package cmsg

import "net/netip"

// Level6 reports whether messages of the IPv6 level go with a datagram: it is
// that of the socket.
func Level6(v6 bool, _ netip.Addr) bool { return v6 }
