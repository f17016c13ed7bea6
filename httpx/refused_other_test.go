//go:build !windows

package httpx_test

import "syscall"

const errRefused = syscall.ECONNREFUSED
