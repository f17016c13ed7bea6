//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd || solaris || windows

package tlsx

// canWatch says whether the system reports changes of files.
const canWatch = true
