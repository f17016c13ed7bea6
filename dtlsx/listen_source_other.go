//go:build !linux

package dtlsx

import "syscall"

// sourceRoom is 0 where the system chooses what a socket sends from.
const sourceRoom = 0

func wantSource(string, string, syscall.RawConn) error { return nil }

func sourceOf([]byte) []byte { return nil }
