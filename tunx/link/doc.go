// Package link gives a network interface its MTU, addresses, routes and rules, and takes
// them away again: what ip(8) does for a TUN interface of package tunx/tun.
//
// # Taking back
//
// [Setup] does all or nothing. Close of its [Link] takes away what was added, and nothing
// else.
//
// # Platforms
//
// It is for Linux, through netlink, and needs CAP_NET_ADMIN. Elsewhere [Setup] is
// errors.ErrUnsupported: use netsh(1) on Windows, ifconfig(8) and route(8) on macOS.
package link
