//go:build unix

package udpsession_test

import "syscall"

const errTooLong = syscall.EMSGSIZE
