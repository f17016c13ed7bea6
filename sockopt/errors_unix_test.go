//go:build unix

package sockopt_test

import "syscall"

// errNoOption is what the kernel says for an option that it does not have.
const errNoOption = syscall.ENOPROTOOPT
