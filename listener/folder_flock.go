//go:build linux || darwin || freebsd || openbsd || netbsd || dragonfly

package listener

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// lockFolder locks the folder of a path among the processes that do the same,
// and leaves nothing behind in it: flock(2) takes a folder too.
func lockFolder(ctx context.Context, path string) (unlock func(), err error) {
	folder, err := os.Open(filepath.Dir(path))
	if err != nil {
		return nil, err
	}
	for pause := time.Millisecond; ; pause = min(2*pause, 20*time.Millisecond) {
		err := unix.Flock(int(folder.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		switch {
		case err == nil:
			return func() { folder.Close() }, nil
		case errors.Is(err, unix.EWOULDBLOCK):
			select {
			case <-time.After(pause):
				continue
			case <-ctx.Done():
				err = ctx.Err()
			}
		}
		folder.Close()
		return nil, &os.PathError{Op: "flock", Path: folder.Name(), Err: err}
	}
}
