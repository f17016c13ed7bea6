// Package socketz shows the sockets that a process has open, in the manner of net/http/pprof: which options were asked for
// and what the kernel says of them, TCP_INFO, the state of TLS, and counters, as a page for browsers and as JSON.
//
//	var sockets socketz.Registry
//	l, err := sockets.Listener("web", l, options)
//	mux.Handle("/debug/sockets", sockets.Handler(nil))
//
// # What is shown
//
// What the program shows a [Registry]: a listener with all that it accepts by [Registry.Listener], a single conn or packet
// conn, of any type, by [Registry.Add], numbers by [Registry.Counters]. There is no registry that all packages share, and
// nothing is found by itself.
//
// # What it costs
//
// A conn is not wrapped, and not kept alive: the registry leads to it by a weak pointer. Adding one costs a few
// microseconds and less than half a kilobyte, which goes with it (BenchmarkAccept). Nothing else happens until somebody looks; then each socket is asked, those
// of the page for all that is shown. A conn whose methods block, as those of a *tls.Conn do during its handshake, is
// given up after a moment, and the page says so.
//
// # Who may look
//
// [Registry.Handler] asks nobody who he is. It serves this machine only, see there, unless [Config.AllowRemote] leaves that
// to the program. It shows no keys, tickets or secrets: TLS by its names and the peer's certificate, and of a Raw option,
// whose bytes may be a key, the length. Texts of peers, such as server names, are escaped, cut, and made printable.
//
// # JSON
//
// With ?format=json the answer is an object with title, time, process, totals (conns by role and name), counters, matched,
// offset, limit, listeners and conns. A socket has id, name, role, type (of Go), network, local, remote, state, since,
// options (option, wanted, got, verdict: ok, differs, lacking, unread, and why), tcpInfo (which decodes into a
// [sockopt.TCPMetrics]), tls, counters, and notes about what it did not tell. With id= too, the object has socket instead,
// with allOptions: every option that the socket has, by kernel name.
//
// It imports net/http, which package sockopt does not.
package socketz
