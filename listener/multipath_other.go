//go:build !linux

package listener

import "syscall"

func isMPTCP(syscall.RawConn) (bool, error) { return false, nil }
