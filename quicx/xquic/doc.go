// Package xquic dials and accepts QUIC conns (RFC 9000) with golang.org/x/net/quic, in the shape of package quicx,
// which does the same with quic-go. It links no quic-go.
//
// [NewDialer] and [NewListener] hand out conns of x/net/quic.
//
// # Which one to use
//
// x/net/quic says of itself that it is not ready for production and that its API may change. Package quicx is the one
// to use unless there is a reason for this one: its code is the Go project's own, and small.
//
// # What is not there
//
// What x/net/quic (v0.62) lacks beside quic-go, and what that means here:
//
//	datagrams (RFC 9221)       none
//	0-RTT                      none
//	migration                  none: the peer is told so (disable_active_migration)
//	path MTU discovery         none: packets are 1,200 bytes
//	GSO, sendmmsg, recvmmsg    none: a system call a packet
//	ECN                        Linux and macOS
//	window auto-tuning         none: MaxStreamReadBufferSize and MaxConnReadBufferSize are the windows
//	QUIC version 2 (RFC 9369)  none
//	Retry                      always or never (RequireAddressValidation), with a key of each process; no NEW_TOKEN
//	token store                none
//	handshakes in progress     not bounded, nor seen before they are complete: with RequireAddressValidation
//	                           only clients that own their address cost memory. Allow, Deny and the limits are applied
//	                           when the handshake is complete
//	deadlines of streams       contexts (SetReadContext, SetWriteContext)
//	writes of streams          buffered until the buffer is full, Flush or Close
//	statistics                 none but qlog (Config.QLogLogger; package golang.org/x/net/quic/qlog writes files)
//
// Stateless reset, keep-alive, key update, version negotiation and session resumption are there. Both libraries
// understand each other, which the tests show both ways.
package xquic
