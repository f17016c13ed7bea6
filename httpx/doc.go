// Package httpx makes HTTP clients and servers for HTTP/1.1 and HTTP/2, and with a
// transport or server of another module for HTTP/3.
//
// # Clients
//
// [NewTransport] makes an [net/http.Transport] from a [TransportConfig], with a
// limit for every phase and settings that are checked at once. The scheme of a
// URL decides on TLS, Protocols on the version of HTTP; the dialer and the TLS
// config have no say in either. [NewHTTP2Transport] speaks HTTP/2 alone.
//
// A [Pool] spreads requests over the addresses of a name. [Retry], [Hedge],
// [Ejector], [AltSvc] and [Timed] wrap any round tripper; an order that works is
// Timed around Retry around Ejector around AltSvc around a transport.
//
// # Servers
//
// [NewServer] serves one handler by all versions, on listeners that are opened
// elsewhere. Bounds move with progress, so requests of any length work and slow
// clients do not stay. [Server.Run] ends with a context and answers what has
// arrived. [NewReverseProxy] and [NewConnect] are handlers.
//
// # Watching
//
// The OnEvent of a server, a [Pool], [Retry], [Hedge], [Ejector] and [AltSvc] is
// told what happens, as an [Event] in the context of the request; their Stats
// count. [Timed] measures the phases of requests.
package httpx
