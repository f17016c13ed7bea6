// Package dnstruncate answers DNS over UDP for a network that carries TCP only: every answer
// says that it was truncated, so that the client asks again over TCP (RFC 7766).
//
// # Using it
//
// [NewPacketProxy] is a proxy for sessions whose datagrams go nowhere else. [Answer] makes
// one answer. Package dnsintercept has the same for port 53 only, before another proxy.
package dnstruncate
