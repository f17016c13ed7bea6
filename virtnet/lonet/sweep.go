package lonet

import (
	"context"
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"strings"
	"time"
)

// What one Join looks at, at most. What is left over is the next one's.
const (
	sweepNames    = 4096 // networks whose names are read
	sweepNetworks = 64   // networks that are looked into
	sweepHosts    = 1024 // files of hosts of one network
	sweepTime     = time.Second
)

// sweep removes what processes left behind that were killed. It fails only if the
// private folder is not what it must be: whatever else is in the way is in
// nobody's way here.
func sweep(ctx context.Context, path string) error {
	base, err := openBase(path, false)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	names, err := entries(base, sweepNames)
	if err = both(err, base.Close()); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, sweepTime)
	defer cancel()
	left := sweepNetworks
	for _, i := range rand.Perm(len(names)) { //nolint:gosec // no secret: so that each has its turn
		if left == 0 || ctx.Err() != nil {
			break
		}
		if strings.HasPrefix(names[i], netPrefix) {
			left--
			_ = inFolder(ctx, path, names[i], false, func(f *folder) error { return f.sweep(ctx) })
		}
	}
	_ = os.Remove(path) // if nothing is in it
	return nil
}

// sweep removes the files of dead hosts.
func (f *folder) sweep(ctx context.Context) error {
	names, err := entries(f.net, sweepHosts)
	for _, name := range names {
		if strings.HasPrefix(name, hostPrefix) {
			_ = f.bury(ctx, name) // the living stay
		}
	}
	return err
}
