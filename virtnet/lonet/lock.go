package lonet

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"
)

// errBusy says that another open file holds the lock.
var errBusy = errors.New("locked by another")

// lockTimeout bounds the wait for a lock that others hold for microseconds: a
// process that is stopped just then must not stop everybody. It is a variable for
// tests alone.
var lockTimeout = 5 * time.Second

// waitLock takes the exclusive lock of a file.
func waitLock(ctx context.Context, f *os.File) error {
	ctx, cancel := context.WithTimeout(ctx, lockTimeout)
	defer cancel()
	err := retry(ctx, func() error { return lockFile(f, true) })
	if err != nil {
		return &os.PathError{Op: "lock", Path: f.Name(), Err: err}
	}
	return nil
}

// retry calls try until it returns something else than errBusy, or ctx ends.
func retry(ctx context.Context, try func() error) error {
	for pause := 50 * time.Microsecond; ; pause = min(2*pause, 5*time.Millisecond) {
		err := try()
		if !errors.Is(err, errBusy) {
			return err
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", err, ctx.Err())
		}
	}
}

// held reports whether another open file has the exclusive lock of f: whether
// the process that locked it lives. It takes the shared lock for a moment,
// which disturbs nobody who asks the same.
func held(f *os.File) (bool, error) {
	err := lockFile(f, false)
	if errors.Is(err, errBusy) {
		return true, nil
	}
	if err == nil {
		err = unlockFile(f)
	}
	if err != nil {
		return false, &os.PathError{Op: "lock", Path: f.Name(), Err: err}
	}
	return false, nil
}

// release gives the lock back at once and closes the file. Closing alone would
// leave it to a child process that is just being started and has yet to exec.
func release(f *os.File) error {
	return both(unlockFile(f), f.Close())
}
