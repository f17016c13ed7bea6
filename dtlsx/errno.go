//go:build !plan9 && !windows

package dtlsx

import "syscall"

const errMessageSize = syscall.EMSGSIZE
