// Package tun opens the operating system's TUN devices: network interfaces whose packets a
// program reads and writes.
//
// [Open] makes an interface, [FromFD] and [FromFile] take one that somebody else has
// opened, a VPN service for instance. Package tunx/link gives an interface its addresses
// and routes.
//
// # Platforms
//
//	           Linux                          Windows, macOS     others
//	Open       yes, CAP_NET_ADMIN             yes, administrator errors.ErrUnsupported
//	FromFD     yes                            macOS only         errors.ErrUnsupported
//	offloads   checksums, TCP, UDP (6.2)      none               -
//	queues     up to 256                      one                -
//	namespaces yes                            none               -
//
// # Offloads
//
// With offloads, which are on unless [Config.NoOffload] is set, one call moves up to 64 KiB
// of a TCP or UDP flow: [Device.ReadOffload] and [Device.WriteOffload]. [Device.Read] may
// be used all the same: it cuts such packets into those that they stand for.
//
// # Windows and macOS
//
// There this package uses golang.zx2c4.com/wireguard/tun, and on Windows
// wintun.dll, which must be beside the program or in the system's folder. Programs for
// Linux link none of it.
package tun
