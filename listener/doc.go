// Package listener opens listeners for TCP, unix and TLS, and packet conns for
// UDP, IP and unixgram, with socket options and Multipath TCP.
//
// [New] turns a [Config] into a net.Listener, [NewPacketConn] a [PacketConfig]
// into a net.PacketConn:
//
//	l, err := listener.New(ctx, &listener.Config{
//		Address: "tcp://127.0.0.1:8443",
//		TLS:     tlsConfig,
//		Options: sockopt.Options{sockopt.ReusePort.Value(true)},
//	})
//	pc, err := listener.NewPacketConn(ctx, &listener.PacketConfig{Address: "udp://:53"})
//
// # Addresses
//
// A listener can have several: TCP ports and ranges of them, unix sockets, and
// sockets that the process has inherited, by number ("fd://3") or by the name
// that systemd gave them ("systemd://web"). [New] opens all or none. A file that
// a dead process has left at a unix path is replaced, one that is in use never;
// Close removes the listener's file and no successor's. [Credentials] tells who
// is at the other end of a unix conn. Config.Shards opens several sockets for
// each port. Package net has no vsock, and neither has this one.
//
// To replace a process without refusing a client, pass the Files of a [Listener]
// to the new one with [Pass], wait until that serves, and call Shutdown. The
// program in examples/restart does so.
//
// # Socket options
//
// Each option is applied at its stage: those of the bind stage before bind,
// those of the listening stage to the listener, those of the established stage
// to each accepted conn, after package net has set TCP_NODELAY and the
// keep-alive options itself. A packet conn gets those of the bind and of the
// established stage. If a required option fails the socket is closed again.
//
// # From the socket to Accept
//
// Each client passes, in this order: Allow and Deny, MaxConnsPerSource,
// AcceptRate, MaxConns, its PROXY header, its TLS handshake. What is not
// configured costs nothing. A client that a rule or limit refuses is reset at
// once; that costs no slot, and leaves no socket behind in FIN-WAIT or
// TIME-WAIT, as a plain close would. It is counted in [Stats], and
// Config.OnEvent is told, as it is of conns that are accepted and, with
// Config.Track, closed; nothing is logged.
//
// PROXY headers and handshakes run beside Accept: a slow client delays nobody,
// one that fails is never returned, and silent ones cannot hold all places (see
// Config.MaxHandshakes). With several sockets, each has a goroutine that
// accepts, and limits hold for all of them together.
//
// A failure of accept that passes, such as a lack of descriptors, is waited for
// inside of Accept, from 5 ms up to 1 s at a time. Errors are of type [*Error].
// One that an option caused on a single accepted conn says Temporary: Accept
// can be called again, and http.Server does.
//
// # What Accept returns
//
// With one socket and neither TLS nor PROXY headers no goroutine is started. The
// conn is a bare *net.TCPConn or *net.UnixConn, unless something has to know
// when it ends (see Config.Track). Then it is a wrapper: it has NetConn, which
// returns the bare conn, SyscallConn, CloseRead, CloseWrite and the rest, and
// io.Copy stays in the kernel where it does between bare conns (splice). It
// costs one allocation of about 100 bytes a conn, and none per Read or Write.
//
// With TLS it is a *tls.Conn whose handshake is done, with the other one inside,
// so that net/http sets Request.TLS and speaks HTTP/2 when NextProtos has "h2".
//
// IdleTimeout, MaxAge and MinReceiveRate cut conns that Accept has returned.
//
// # Packets
//
// [ReadPacket] and [WritePacket] work on the bare *net.UDPConn that
// [NewPacketConn] returns: with the destination address and the interface, the
// ECN bits and the hop limit of each datagram, if the PacketConfig asks for
// them (Linux, macOS, FreeBSD), and from a source of choice. Package udpbatch
// beside this one does the same for many datagrams a call.
//
// # Platforms
//
// The module builds everywhere. Multipath TCP is Linux only. On Windows a TCP
// listener takes its port exclusively (SO_EXCLUSIVEADDRUSE), and
// SO_REUSEADDR=true is refused: there it lets any process take the port over.
package listener
