// Package udpsession is a listener for UDP: a net.Conn for each peer of one
// socket, bounded in everything.
//
//	l, err := udpsession.Listen(ctx, &udpsession.Config{Address: "127.0.0.1:5353"})
//	for {
//		conn, err := l.Accept()
//		...
//		go serve(conn)
//	}
//
// # Sessions
//
// The first datagram of a peer makes a session, which Accept returns with the
// datagram waiting in it. Read reads a datagram, Write sends one. A session ends
// when its conn is closed, when it was idle for [Config.IdleTimeout], at
// [Config.MaxAge], when it gives way to a new one ([EvictIdle]), and with the
// listener. What the peer sends after that makes a new session.
//
// # Bounds
//
// The address of a datagram proves nothing, so all that one can cause is
// bounded: the number of sessions, in all and of one source, those that wait for
// Accept, the datagrams that wait in one, their memory, and that of all. A
// session has no goroutine, timer or buffer of its own; one of a single short
// datagram takes less than 1 KiB. What is over a bound is dropped and counted in
// [Stats]; the one goroutine that reads the socket waits for no session.
//
// # Closing
//
// Sessions share the socket, so [Listener.Close] ends them too: calls that wait
// return [net.ErrClosed]. [Listener.Shutdown] admits no new sessions and waits
// for those that Accept has returned.
package udpsession
