// Gateway is a small gateway built from the modules of Strata. A YAML file
// names listeners and routes to upstreams. It proxies the bytes of TCP conns and of
// QUIC streams, HTTP/1.1, HTTP/2 and HTTP/3 requests, and the datagrams of UDP
// sessions and of DTLS; it logs with log/slog, reads the file again on SIGHUP and
// drains on SIGTERM.
//
// # Usage
//
//	gateway                  run the built-in example on loopback
//	gateway -config FILE     run FILE
//	gateway -check FILE      print every error of FILE with its line and path
//	gateway -demo            drive traffic through the built-in example
//
// The exit status is 0 when all went well, 1 when something failed, and 2 when
// the command line is wrong. README.md has the reference of the file.
package main
