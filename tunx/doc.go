// Package tunx is the network layer below sockets: devices that read and write IP packets,
// and proxies that take the packets of UDP sessions.
//
// An [IPDevice] moves IP packets; [Pipe] is two of them in memory, package tunx/tun has
// those of the system. A [PacketProxy] answers for UDP sessions, a [StreamDialer] for TCP
// flows. A network stack, for instance package netstack/forward, joins them, so that a
// device's traffic becomes dialled connections.
//
// # UDP
//
// [Sessions] keeps a session of a [PacketProxy] for each local address and port, as a NAT
// does: bounded, with idle times, and without waiting for anybody. A proxy is made of
// sockets with [NewPacketProxyFromPacketListener], or of any dialler with
// [NewPacketProxyFromDialer]. One that is made of functions implements [PacketProxy], whose
// answers are pushed to a receiver, or [PacketRelay], where they are pulled.
//
// A receiver may be an [AddrPortReceiver] or an [UnreachableReceiver] as well, a proxy a
// [ContextPacketProxy]; both sides look for what the other can.
//
// # Errors
//
// Errors are an [*Error], or one of the variables, which also are their kin in the standard
// library. All of them work with errors.Is and errors.As.
package tunx
