// Package sockopt sets, reads and verifies socket options through one typed table per operating system.
//
// # Options and handles
//
// Each option that the table knows is an exported [Handle]: [TCPKeepIdle], [IPTTL], [Mark].
// A handle sets and reads an open socket, or makes an [Option], a value to be applied later:
//
//	opts := sockopt.Options{
//		sockopt.ReusePort.Value(true),
//		sockopt.TCPKeepIdle.Value(30 * time.Second),
//		sockopt.Prefer(sockopt.TCPUserTimeout.Value(5 * time.Second)),
//	}
//
// The same list is read from text with [ParseList] ("SO_REUSEPORT=true,TCP_KEEPIDLE=30s") and from JSON
// ({"SO_REUSEPORT": true, "TCP_KEEPIDLE": "30s"}). What the table lacks is a [Raw] option.
//
// # Stages
//
// Package net sets options of its own after connect and after accept, and some options only count before bind.
// So each option has a [Stage]. [Options.Control] fits net.Dialer.Control and net.ListenConfig.Control and applies
// the [Bind] stage; [Options.Apply] applies to an open conn or listener what can still take effect.
// Modules dialer and listener of this repository do both.
//
// # Nothing is ignored
//
// An option that the platform, the network or the moment rules out is an [*Error]: it names the option, its value and
// the cause, and matches [errors.ErrUnsupported] where the platform or network is the reason. [Prefer] turns that one
// reason into a note of the [Options.Report]. Of two values for one option in a list, the later counts.
// [Options.Verify] reads the socket back, with the rule of each option: Linux doubles SO_RCVBUF and rounds
// TCP_DEFER_ACCEPT, and that is not a difference; a buffer cut to net.core.rmem_max is one.
//
// # IPv4 and IPv6
//
// IP_TTL on an IPv6 socket succeeds and does nothing: the hop limit has another name there. Such options are twins.
// Either name means the one logical option; it is set at the level that the socket uses, and at both on a
// dual-stack socket, where IPv4-mapped traffic follows the IPv4 level. On macOS and the BSDs an IPv6 socket has no level
// of IPv4: its hop limit counts for both, its traffic class for IPv6 only.
package sockopt
