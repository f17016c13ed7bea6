//go:build !linux

package listener

import "syscall"

func isMPTCP(syscall.Conn) (bool, error) { return false, nil }
