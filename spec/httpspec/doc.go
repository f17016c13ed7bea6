// Package httpspec makes clients and servers of HTTP/1.1 and HTTP/2 from messages
// of the schema, by package httpx.
//
// # Mappers and builders
//
// [HTTPTransport], [HTTP2Transport] and [NewServerFromSpec] build. The functions
// called ...Config return the config of httpx, so that a program can add what no
// message holds, such as funcs and handlers, before it gives the config to httpx.
// They open nothing, but read the files that TLS names. Where a message asks for
// tls.reload, these files are followed until the context ends.
//
// # Errors
//
// Errors are joined *[spec.Error]s, one for each bad field, with paths from the
// message on. They unwrap to those of httpx and deeper. Messages are never changed
// and never kept.
package httpspec
