//go:build !plan9

package tunx_test

import "syscall"

// What the system says.
var (
	refused error = syscall.ECONNREFUSED
	tooLong error = syscall.EMSGSIZE
)
