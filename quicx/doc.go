// Package quicx dials and accepts QUIC conns (RFC 9000) with quic-go: from sockets with options that are verified,
// with stores and limits that are bounded, and as net.Conn, net.Listener and net.PacketConn for what speaks those.
//
// # Sockets
//
// quic-go gets a bare *net.UDPConn, so that it can send and read several packets in one system call and see ECN marks:
// behind a plain net.PacketConn it has a third of its speed. Only where the socket's buffers are smaller than quic-go
// wants does it get a *net.UDPConn inside of a type that leaves them alone; all else stays on.
//
// # Configs
//
// A quic.Config and a tls.Config are copied and checked field by field. What quic-go would cut, ignore or fail on later
// is an error here: it names the field, "QUIC.MaxIncomingStreams", its value, and what is allowed.
//
// # Dialling
//
// A [Client] shares one socket for each version of IP between its conns. Dials of names race their addresses. Sessions
// and tokens are kept in bounded stores, so that a second conn to a server resumes, and [Client.DialEarly] can send
// with the first packets. [Client.Migrate] moves a conn to another local address.
package quicx
