//go:build !linux && !darwin && !freebsd && !openbsd && !netbsd && !dragonfly && !windows

package lonet

import (
	"errors"
	"os"
)

// keepOpen says that others can remove a file that is open.
const keepOpen = false

// lockFile has no lock here that dies with its process.
func lockFile(*os.File, bool) error { return errors.ErrUnsupported }

// unlockFile has nothing to give back.
func unlockFile(*os.File) error { return errors.ErrUnsupported }

// passing knows of no such system.
func passing(error) bool { return false }
