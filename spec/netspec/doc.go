// Package netspec builds dialers, listeners, packet conns, UDP sessions and UDP conns
// for many datagrams a call from the schema.
//
// # Mappers and builders
//
// For each message there is a mapper, which checks everything, reads the files that
// tls names, opens nothing, and returns the config of package dialer, listener,
// udpsession or udpbatch. The caller can put in what only Go can hold, which no
// message has: Resolver and Lookup of a dialer, OnEvent of a listener, callbacks of
// *tls.Config. A builder goes on to the constructor there.
//
//	cfg, err := netspec.DialConfig(ctx, m)     // then dialer.New
//	d, err := netspec.NewDialerFromSpec(m)     // both
//
// # Errors
//
// What is wrong with a message is told at once: *spec.Errors, joined, one for each
// bad field, which unwrap to the error of the module. What fails when a socket is
// opened is an error of the module. Messages are neither changed nor kept.
package netspec
