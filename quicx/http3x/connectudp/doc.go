// Package connectudp carries UDP through an HTTP/3 proxy (RFC 9298): a dialer
// whose conns go through the proxy, and the handler that is the proxy.
//
// # What it is entered by
//
// [NewDialer] makes the client's side, [NewHandler] the proxy's.
//
// # Datagrams
//
// Payloads go in HTTP datagrams (RFC 9297), which need quic.Config's and
// http3's EnableDatagrams on both sides, and may get lost as UDP does. Without
// them on one side they go as capsules in the stream, where nothing is lost and
// everything waits. The one context is 0, UDP payloads. HTTP/1.1 and HTTP/2,
// which RFC 9298 has as well, are not here.
package connectudp
