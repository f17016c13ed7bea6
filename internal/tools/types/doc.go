// Command types checks the types of all packages and their tests on other platforms.
//
//	go run -C internal/tools ./types -root FOLDER [-packages work] [-tests=false] GOOS/GOARCH...
//
// Packages are read from their source, and nothing is compiled: that takes a ninth of the
// time of `go build`, which sees no tests either. What it does not see is what the
// compiler's back end and the linker refuse.
//
// Errors are printed with their platform. The exit status is 1 if there is one.
package main
