//go:build !linux

package labtest

import "os"

func isRoot() bool { return os.Geteuid() == 0 }
