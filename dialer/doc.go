// Package dialer opens TCP, UDP, IP, unix and TLS connections with socket
// options, a local address, timeouts and Multipath TCP.
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
// # What comes back
//
// Without TLS the caller gets the bare *net.TCPConn, *net.UDPConn, *net.IPConn
// or *net.UnixConn, with TLS a *tls.Conn whose handshake is done. A conn through an
// https proxy is a *tls.Conn to that proxy. Errors are of type [*Error].
//
// # Platforms
//
// The module builds everywhere. Multipath TCP is Linux only; which socket
// options exist is told by the sockopt module.
package dialer
