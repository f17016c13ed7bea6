//go:build unix

package document

import "syscall"

// nonblock lets open return at once for a FIFO that nobody writes to.
const nonblock = syscall.O_NONBLOCK
