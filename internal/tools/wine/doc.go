// Wine runs the Windows tests of modules on Linux, under Debian's wine64 8.0.
//
//	GOWORK=off go run -C internal/tools ./wine [-prefix DIR] [-timeout D] MODULEDIR... [-- GO TEST FLAGS]
//
// A MODULEDIR is relative to the directory of go.work, or absolute. For each
// one the program runs
//
//	GOOS=windows GOARCH=amd64 CGO_ENABLED=0 GOWORK=off go test -overlay=... -exec=wine64 ./... [flags]
//
// and at the end it prints what ran. It exits with 0 only if at least one test
// package passed in every module and none failed, with 1 if not, and with 2
// for a wrong command line. GOWORK=off before the command is needed because
// the tools are not part of the workspace.
//
//	GOWORK=off go run -C internal/tools ./wine sockopt dialer listener
//	GOWORK=off go run -C internal/tools ./wine -timeout 5m sockopt -- -v -run TestRows
//
// # What it prepares
//
// The package wine64: installed with apt-get when it is missing, the system is
// Debian's and the user is root. Nothing else is needed: no compiler for
// Windows, no display, no Mono, no Gecko.
//
// A wine prefix: about 700 MB, in the user's cache directory unless -prefix
// says otherwise. It is made once and used again; runs that share one wait for
// each other. wineserver is stopped at the end, also after a timeout or an
// interrupt, and every Windows process ends with it.
//
// # What wine 8.0 lacks, and what is done about it
//
// Go's runtime loads ProcessPrng from bcryptprimitives.dll before anything
// else. The prefix gets a bcryptprimitives.dll without code that forwards the
// name to ADVAPI32.SystemFunction036, which is RtlGenRandom (dll.go).
//
// Go's net package turns SIO_UDP_NETRESET off on each UDP socket. Wine answers
// 10045 (WSAEOPNOTSUPP), and no UDP socket would ever open. A patched copy of
// net/fd_windows.go goes on after that error (overlay.go).
//
// Go's os.RemoveAll deletes with FileDispositionInformationEx. Wine answers
// "Invalid function", which Go does not count among the reasons to delete the
// old way. In a patched copy of internal/syscall/windows/at_windows.go it is
// one (overlay.go).
//
// Both copies are made from the GOROOT in use, at run time. A Go release that
// changes those lines makes the program stop and name the patch that no longer
// applies.
//
// Tests see these differences from Windows: SO_DEBUG sets but reads 0.
// TCP_KEEPIDLE, TCP_KEEPINTVL and TCP_KEEPCNT are missing (10042), and so are
// AF_UNIX (10047) and the options of the UDP level (10022). A boolean option
// may come back one byte long. A read-only file is deleted for root only. Names
// are resolved by the host: "localhost" has no IPv6 address where /etc/hosts
// gives it none. os.Symlink says that it has made a link, and has not. A file
// that is open cannot be replaced, however it was opened. A blocked write does
// not hear that the peer has reset the conn. The race detector needs cgo, which
// the tests here do without.
package main
