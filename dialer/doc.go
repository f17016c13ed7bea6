// Package dialer opens TCP, UDP, IP, unix and TLS connections with socket
// options, local addresses, timeouts, rewrites, proxies, network namespaces, TCP
// Fast Open and Multipath TCP.
//
// [New] turns a [Config] into a [Dialer], the interface that [net.Dialer],
// tls.Dialer and the other modules of this SDK share:
//
//	d, err := dialer.New(&dialer.Config{
//		Timeout: 5 * time.Second,
//		Options: sockopt.Options{sockopt.TCPNoDelay.Value(false)},
//	})
//	conn, err := d.Dial("tcp", "example.com:80")
//
// # Networks
//
// All networks of package net: tcp, tcp4, tcp6, udp, udp4, udp6, unix,
// unixgram, unixpacket, and ip, ip4, ip6 with a protocol ("ip4:icmp").
// Another one is a [net.UnknownNetworkError].
//
// # Socket options
//
// Each option is applied at its stage: those of the bind stage before bind and
// connect, those of the established stage after connect, because there package
// net sets TCP_NODELAY and the keep-alive options itself. An option that the
// asked network cannot have is an error before anything is opened, unless it
// was marked with sockopt.Prefer. An option for one address family only does
// not disturb a dual-stack dial: each attempt gets what fits it.
//
// # Names
//
// Package net reports the first failed address of a name, a dial of this package
// all of them ([Attempts]). Two versions of IP race as in RFC 8305. An IP address
// is left to package net as it is.
//
// # Sources
//
// A dial comes from [Config.LocalAddr] or an address of a pool, from a range of
// ports, through an interface, from a network namespace. On Linux an address has
// its ports once for each target, not once for all.
//
// # First bytes
//
// [DialData] sends data with the dial, in the SYN if TCP Fast Open allows it. The
// socket option TCP_FASTOPEN_CONNECT alone makes connect(2) succeed without a
// server; here a dial waits for it all the same.
//
// # Rewrites
//
// A [Rewrite] makes a dial of one target go to another one, also from tcp to
// unix and back. TLS still sends and verifies the name that was dialled.
//
// # Proxies
//
// A chain of SOCKS5 and HTTP proxies ([Config.Proxies]), or the proxy of the
// environment, leads to tcp targets. [Config.ProxyProtocol] tells the target on whose
// behalf the dial is. The order on a conn: socket, proxies, PROXY protocol header,
// TLS with the dialled name.
//
// # Watching
//
// [Config.OnEvent] is told when a dial begins and when it is done: what was
// resolved, which addresses were tried and which one won, how long each step took,
// and what failed. The events carry the context of the caller.
//
// # What comes back
//
// Without TLS the caller gets the bare *net.TCPConn, *net.UDPConn, *net.IPConn
// or *net.UnixConn, with TLS a *tls.Conn whose handshake is done. A conn through an
// https proxy is a *tls.Conn to that proxy. Errors are of type [*Error].
//
// # Platforms
//
// The module builds everywhere. Multipath TCP, TCP Fast Open, network namespaces
// and port ranges are Linux only; which socket
// options exist is told by the sockopt module.
package dialer
