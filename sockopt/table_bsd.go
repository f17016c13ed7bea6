//go:build dragonfly || netbsd || openbsd

package sockopt

import "golang.org/x/sys/unix"

const soLinger = unix.SO_LINGER

// table is what DragonFly BSD, NetBSD and OpenBSD have.
var table = posixTable
