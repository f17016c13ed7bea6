//go:build !plan9

package main

import "syscall"

const (
	errRefused         = syscall.ECONNREFUSED
	errReset           = syscall.ECONNRESET
	errInUse           = syscall.EADDRINUSE
	errNetUnreachable  = syscall.ENETUNREACH
	errHostUnreachable = syscall.EHOSTUNREACH
)
