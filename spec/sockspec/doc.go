// Package sockspec builds lists of socket options from the schema.
//
// # Fields
//
// A message that has socket options has three fields for them, which [Options]
// takes together:
//
//	options: {TCP_KEEPIDLE: 30s, SO_RCVBUF: 262144}  # must be had
//	prefer: {TCP_USER_TIMEOUT: 5s}                   # left out where it is lacking
//	socket: {tcp: {nodelay: true}}                   # typed, must be had
//
// The maps take the names and the forms of values that package sockopt reads, also
// "6/4" with bytes ("0x1e000000") for an option that its table lacks. The typed
// messages are generated from that table.
package sockspec
