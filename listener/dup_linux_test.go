package listener_test

import "golang.org/x/sys/unix"

// dupTo is dup2, which some architectures lack.
func dupTo(from, to int) error { return unix.Dup3(from, to, 0) }
