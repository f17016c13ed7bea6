// Package http3x makes HTTP/3 transports and servers (RFC 9114) on quic-go's http3, with the sockets and limits of
// package quicx.
//
// # Clients
//
// [NewTransport] makes an *http3.Transport from a [Config]: it dials as quicx does, with verified sockets, and gives a
// silent server up sooner than quic-go by itself. With [Config.Address] it follows Alt-Svc in module httpx.
//
// # Servers
//
// [NewServer] makes a [Server] from a [ServerConfig]. It bounds what clients cost, serves by itself or as the HTTP/3
// side of a server for all versions, and its Shutdown does not wait for clients that have vanished.
//
// # Extended CONNECT
//
// [NewExtendedDialer] and [OpenExtended] open streams of other protocols on an HTTP/3 conn (RFC 9220), WebSocket for
// one, and [AcceptExtended] takes them over, each as a net.Conn. Package connectudp carries UDP through proxies.
package http3x
