// Package virtnet has TCP-like networks of named hosts, inside of a process or
// between processes, for tests of distributed programs.
//
// # Using a network
//
// A network is made or joined with one of its packages, which hands out a
// [SubNetwork]: pipenet for one process, lonet for the processes of a machine,
// simnet for a simulation with delay, loss and partitions. [SubNetwork.NewHost]
// makes a [Host], whose Listen and Dial give listeners and conns of package net.
// Addresses look like "α:1" and are [*Addr]; those of accepted conns too.
//
// The ports of a host are 1, 2, 3 and so on. Whoever asks for no port in
// particular gets the first free one: listeners, dialling conns and accepted
// conns alike. So a test knows beforehand who will have which address.
//
// Dial meets Accept: there is no backlog, and a Dial waits until somebody
// accepts, or is refused because nobody listens.
//
// # Errors
//
// Listen, Dial, Accept, Read and Write fail with a [*net.OpError] whose Err is
// the cause itself. [ErrNetDown], [ErrHostDown] and [ErrSockDown] say who was
// closed: the network comes before the host, the host before the socket, and
// everybody who was blocked is told the same. All three are [net.ErrClosed] for
// errors.Is.
//
// # Making a network
//
// An implementation has an [Engine] and a [Registry], which it gives to
// [NewSubNetwork], and it tells the [Notifier] about incoming conns. An engine
// that keeps the sockets of its hosts itself is a [Stack]. Package virtnettest
// has the tests that every implementation has to pass.
package virtnet
