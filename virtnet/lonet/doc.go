// Package lonet is a virtual network across the processes of one machine, over
// TCP on the loopback interface.
//
// Every process that joins a network has a part of it, a [virtnet.SubNetwork],
// whose hosts reach those of all others by their names. [Join] says how. Addresses,
// ports and errors are those of package virtnet, in every process the same.
//
// # Registry
//
// The registry is the folder strata-lonet-UID in [os.TempDir] (on Windows
// strata-lonet; the temp directory is the user's there). Only its user can look
// into it. It has a folder for each network, and in it a file for each host, which
// the host's process keeps locked. The lock ends with the process, killed or not,
// and so does the host: its name is free, a dial to it says that there is no such
// host, and the next Join removes the file. A network of which no host is left
// leaves nothing behind.
//
// # Handshake
//
// A process listens on one TCP port of 127.0.0.1 for all of its hosts. Who dials
// sends a line, and gets one back when somebody has accepted. Strings are quoted
// as in Go, and a line has at most 1,024 bytes:
//
//	> lonet "lonetNAME" dial "α:1" "β:5"
//	< lonet "lonetNAME" connected "β:77"
//	< lonet "lonetNAME" E "connection refused"
//
// Then the TCP conn is theirs. It buffers as TCP does: a Write does not wait for
// the Read, a Close with bytes unread is a reset for the other side.
//
// # Security
//
// The loopback interface is open to every user of the machine, and the name of the
// network is all that the handshake asks for. A random name (Join with "") has 128
// bits and is written nowhere but in the private folder, so other users cannot
// dial. A name that can be guessed keeps nobody out who finds the port: do not use
// one on a machine that you share with people whom you do not trust. Nothing is
// encrypted, but only root can listen in on the loopback interface.
//
// Who connects and says nothing, or no request, is dropped after 10 seconds; of
// more than 256 of them the oldest goes first; a dial that this happens to, among very
// many at once, is tried again for a second. A wrong name is answered with that
// name alone.
//
// # Platforms
//
// Linux, macOS, the BSDs and Windows. Elsewhere there is no lock that ends with
// its process, and NewHost fails with [errors.ErrUnsupported].
package lonet
