// Package dtlsx dials and accepts DTLS 1.2 conns (RFC 6347) with pion/dtls: the handshake is done when a conn is
// handed out, a first packet costs the server no memory, and all that waits is bounded.
//
// # Listening
//
// [NewListener] reads one UDP socket with one goroutine. A client has to return a cookie before anything is kept
// for it, so packets with forged addresses cost nothing. Handshakes are bounded together with the conns that Accept
// has not returned (ListenConfig.MaxHandshakes), each has its timeout, and slow ones make room for others. Datagrams
// wait in a queue of each conn (Config.ReceiveQueue); what is too much is dropped and counted.
//
// # Dialling
//
// [NewDialer] connects a UDP socket, so that the system tells at once when a port is closed (not on Windows, where
// package net turns that off), and shakes hands before it returns a [*Conn]. The addresses of a name race as RFC 8305 says.
//
// # Records
//
// A Conn carries records: each Write is a datagram of at most MaxPayload bytes, each Read returns one, and they get
// lost and overtake each other. A Read with too small a buffer loses the record and says io.ErrShortBuffer. The kernel's
// buffer is the queue of a dialled conn: what comes while it is full is lost (SO_RCVBUF in DialConfig.Options).
//
// # Errors
//
// All are of type [*Error] and unwrap to the cause. An [*AlertError] says which side sent which alert. Time that ran out
// is Timeout(), a closed port syscall.ECONNREFUSED.
//
// # Limits of the library
//
// A client that resumes a session is content before the server is: if the server then refuses, its alert cannot be
// read, and the client learns of it by silence. Callbacks run inside the handshake and must not block: its time does
// not end them. The key log of a server has the wrong random for resumed conns.
package dtlsx
