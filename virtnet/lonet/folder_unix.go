//go:build unix

package lonet

import (
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"syscall"
)

// folderName is the folder of all networks of this user.
func folderName() string { return "strata-lonet-" + strconv.Itoa(os.Geteuid()) }

// private returns an error unless a folder is this user's, and nobody else can
// look into it.
func private(info fs.FileInfo) error {
	if mode := info.Mode().Perm(); mode != 0o700 {
		return fmt.Errorf("mode %#o, want 0700", mode)
	}
	owner := int64(-1) // unknown
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		owner = int64(s.Uid)
	}
	if me := int64(os.Geteuid()); owner != me {
		return fmt.Errorf("owned by user %d, want %d", owner, me)
	}
	return nil
}
