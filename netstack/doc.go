// Package netstack is a TCP/IP stack that runs inside the process.
//
// A [Stack] is configured by attaching devices as NICs, adding addresses and setting a
// route table. Then it hands out endpoints, which never block, or standard conns through
// Dial and Listen.
//
// # Devices
//
// Any [tunx.IPDevice] is a NIC: a TUN interface, the end of a pipe, a tap around another. A
// [tunx.OffloadDevice] moves TCP packets of up to 64 KiB both ways, and a
// [tunx.MultiQueue] has a reader a queue. A NIC waits for its device and drops nothing,
// with one exception: answers by ICMP and resets that the stack gives while it reads, of
// which 256 wait at most.
//
// # Time
//
// No timer of the stack is shorter than 10 ms, which only what TCP does about a lost packet
// notices: on links with a round trip of microseconds it would otherwise take every peer
// that is not scheduled at once for a loss.
//
// # The engine
//
// The protocols are those of gVisor. Its log, which goes to standard error by default, is
// turned off for the process by the first [New].
package netstack
