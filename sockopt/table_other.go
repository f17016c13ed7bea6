//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd || windows)

package sockopt

// table is empty: every handle compiles here and answers errors.ErrUnsupported.
var table []row
