//go:build linux || darwin || freebsd || openbsd || netbsd || dragonfly

package listener

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// lockTimeout bounds how long another process can keep a folder locked. Our own
// locks last for microseconds.
const lockTimeout = 5 * time.Second

// ownFiles says that stale files are replaced and Close removes what is ours.
const ownFiles = true

// socketFile is the file of a unix listener, which its Close removes.
type socketFile struct {
	path string // absolute: the working directory can change
	info os.FileInfo
	left atomic.Bool // nothing to remove, not any more
}

// createSocket calls listen, which binds to a.text. It makes room if there is
// the socket of a listener that is gone.
func createSocket(ctx context.Context, c *Config, a address, listen func() (net.Listener, error)) (net.Listener, *socketFile, error) {
	path, err := filepath.Abs(a.text)
	if err != nil {
		return nil, nil, err
	}
	l, err := listen()
	if errors.Is(err, syscall.EADDRINUSE) {
		l, err = replaceStale(ctx, a.text, err, listen)
	}
	if err != nil {
		return nil, nil, err
	}
	l.(*net.UnixListener).SetUnlinkOnClose(false)
	f := &socketFile{path: path}
	if f.info, err = os.Lstat(path); err == nil {
		err = f.own(c)
	}
	if err != nil {
		return nil, nil, errors.Join(err, f.remove(), l.Close())
	}
	return l, f, nil
}

// own gives the file the owner and the mode of the Config. Until then the mode
// is that of [restrict] or the umask's.
func (f *socketFile) own(c *Config) error {
	if o := c.UnixOwner; o != nil {
		if err := os.Lchown(f.path, o.UID, o.GID); err != nil {
			return err
		}
	}
	if c.UnixMode == 0 {
		return nil
	}
	return f.chmod(c.UnixMode)
}

// replaceStale removes the file of a listener that is gone, and listens in its
// place. The folder is locked meanwhile: of two processes that find the same
// file one could else remove what the other has just made.
func replaceStale(ctx context.Context, path string, inUse error, listen func() (net.Listener, error)) (net.Listener, error) {
	ctx, cancel := context.WithTimeout(ctx, lockTimeout)
	defer cancel()
	unlock, err := lockFolder(ctx, path)
	if err != nil {
		return nil, because(inUse, err)
	}
	defer unlock()
	if err := removeStale(path); err != nil {
		return nil, because(inUse, err)
	}
	return listen()
}

// removeStale returns an error unless the path is free afterwards.
func removeStale(path string) error {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil // closed in the meantime
	case err != nil:
		return err
	case info.Mode().Type() != fs.ModeSocket:
		return errors.New("the file is not a socket")
	}
	if err := probe(path); err != nil {
		return err
	}
	return os.Remove(path)
}

// probe returns an error if a socket is bound to the path. It asks as a datagram
// socket: a bound socket of another type refuses that (EPROTOTYPE) before it
// would see a conn, and also while it does not listen yet.
func probe(path string) error {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM, 0)
	if err != nil {
		return os.NewSyscallError("socket", err)
	}
	defer unix.Close(fd)
	unix.CloseOnExec(fd)
	err = unix.Connect(fd, &unix.SockaddrUnix{Name: path})
	switch {
	case errors.Is(err, unix.ECONNREFUSED):
		return nil // nobody has it open
	case err == nil || errors.Is(err, unix.EPROTOTYPE):
		return errors.New("another socket is bound to it")
	}
	return &os.PathError{Op: "connect", Path: path, Err: err}
}

// because adds to the error of bind why the file that is there was left alone.
func because(inUse, why error) error {
	if op, ok := errors.AsType[*net.OpError](inUse); ok {
		n := *op
		n.Err = joined{op.Err, why}
		return &n
	}
	return errors.Join(inUse, why)
}

// joined is errors.Join on one line.
type joined [2]error

func (j joined) Error() string   { return j[0].Error() + ": " + j[1].Error() }
func (j joined) Unwrap() []error { return j[:] }

// leave lets the file be another process's.
func (f *socketFile) leave() {
	if f != nil {
		f.left.Store(true)
	}
}

// remove removes the file unless it was handed over or is somebody else's by
// now. The socket must still be open: it keeps the inode from being used again.
func (f *socketFile) remove() error {
	if f == nil || f.info == nil || f.left.Swap(true) {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), lockTimeout)
	defer cancel()
	unlock, err := lockFolder(ctx, f.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // the whole folder is gone
	}
	if err != nil {
		return err
	}
	defer unlock()
	info, err := os.Lstat(f.path)
	if err == nil && os.SameFile(info, f.info) {
		err = os.Remove(f.path)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
