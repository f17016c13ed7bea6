// Package udpbatch sends and receives many UDP datagrams with one system call.
//
// [Listen] and [Dial] open a [Conn]. [Conn.WriteBatch] sends any number of
// messages, [Conn.ReadBatch] returns all that have arrived, and neither
// allocates. A Conn is a net.PacketConn too:
//
//	c, err := udpbatch.Listen(ctx, &udpbatch.Config{Address: "udp://:53"})
//	ms := make([]udpbatch.Message, 128)
//	for {
//		n, err := c.ReadBatch(ms)
//		if err != nil {
//			return err
//		}
//		for i := range ms[:n] {
//			ms[i].Data = answer(ms[i].Data)
//		}
//		if _, err := c.WriteBatch(ms[:n]); err != nil {
//			return err // or go on with the message after the one that failed
//		}
//	}
//
// # What is in use
//
// On Linux a call is recvmmsg or sendmmsg. Where the kernel has them, datagrams
// of one size to one destination leave as one, which the kernel or the device
// cuts (generic segmentation offload, GSO), and those of one flow arrive joined
// (GRO). The first Conn of the process tries both with datagrams over loopback.
// None of it shows: a [Message] is always one datagram, order is kept, and a
// destination for which GSO fails gets its datagrams one by one.
// [Conn.Capabilities] says what is in use, and why something is not.
//
// # Platforms
//
//	Linux        many a call, GSO, GRO, source, interface, ECN, hop limit
//	macOS        source, interface, ECN, hop limit
//	FreeBSD      the same, but no interface to send by over IPv4
//	others       one datagram a call, and no more than package net has
//
// What a platform lacks is off where the Config says [Auto], and an error that
// is errors.ErrUnsupported where it asks for it.
//
// # Loss
//
// The kernel drops datagrams that arrive while the socket's buffer is full, as
// with any UDP socket: sockopt.RcvBuf makes it larger. The package loses none
// itself, however they arrive: the number of reads that it offers in a call
// goes with the traffic.
//
// Errors are of type [*Error].
package udpbatch
