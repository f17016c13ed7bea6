package lonet

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

const (
	netPrefix  = "net-"  // of the folder of a network
	hostPrefix = "host-" // of the file of a host
	mutexName  = "lock"  // of the file that is locked while a folder is changed
)

// maxRetries bounds how often a folder is opened again that others remove
// meanwhile: each time somebody else got done.
const maxRetries = 1000

// folder is an open folder of one network inside of the private one.
type folder struct {
	path string   // of the private folder
	name string   // of the network's folder in it
	base *os.Root // the private folder
	net  *os.Root // the network's
}

// openFolder opens the folder of a network, and makes it when create is set. The
// error of one that does not exist is fs.ErrNotExist; with create it is that of one
// that another has removed meanwhile.
func openFolder(path, name string, create bool) (*folder, error) {
	base, err := openBase(path, create)
	if err != nil {
		return nil, err
	}
	if create {
		err = makeFolder(base, name)
	}
	if err == nil {
		var root *os.Root
		if root, err = base.OpenRoot(name); err == nil {
			return &folder{path: path, name: name, base: base, net: root}, nil
		}
	}
	return nil, both(err, base.Close())
}

// makeFolder makes a folder unless it is there.
func makeFolder(base *os.Root, name string) error {
	if err := base.Mkdir(name, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}

// openBase opens the private folder. Anybody can make something of that name in
// a temp directory: what is not a folder of this user alone is refused, and so
// is a symbolic link. The checks are those of what is open then, so that nothing
// is swapped in between.
func openBase(path string, create bool) (*os.Root, error) {
	if create {
		if err := os.Mkdir(path, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
			return nil, err
		}
	}
	info, err := os.Lstat(path)
	if err != nil {
		return nil, err
	}
	if info.Mode().Type() != fs.ModeDir {
		return nil, &fs.PathError{Op: "open", Path: path, Err: fmt.Errorf("not a folder, but %s", kind(info.Mode()))}
	}
	root, err := os.OpenRoot(path)
	if err == nil {
		if err = checkBase(root, info); err == nil {
			return root, nil
		}
		err = both(&fs.PathError{Op: "open", Path: path, Err: err}, root.Close())
	}
	return nil, err
}

// checkBase looks at what is open. What was seen may be gone: another process of the
// user removes the folder when nothing is in it, and the next one makes it again.
func checkBase(root *os.Root, seen fs.FileInfo) error {
	info, err := root.Stat(".")
	if err != nil {
		return err
	}
	if !os.SameFile(info, seen) {
		return fmt.Errorf("%w: replaced meanwhile", fs.ErrNotExist)
	}
	return private(info)
}

// kind names what is there instead of a folder.
func kind(mode fs.FileMode) string {
	switch mode.Type() {
	case fs.ModeSymlink:
		return "a symbolic link"
	case 0:
		return "a file"
	}
	return "a special file"
}

// close closes the folder, and removes it with its parent when they are empty.
func (f *folder) close(empty bool) error {
	err := f.net.Close()
	if empty {
		// Others can have come meanwhile: then there is something in it, and it stays.
		_ = f.base.Remove(f.name)
	}
	err = both(err, f.base.Close())
	if empty {
		_ = os.Remove(f.path)
	}
	return err
}

// entries returns at most limit names of what is in a folder, none of one that
// was removed.
func entries(root *os.Root, limit int) ([]string, error) {
	dir, err := root.Open(".")
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	names, err := dir.Readdirnames(limit)
	if errors.Is(err, io.EOF) || errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return names, err
}

// inFolder calls do while this process alone may change the folder of a
// network, and removes the folder afterwards if no host is left in it.
func inFolder(ctx context.Context, path, name string, create bool, do func(*folder) error) error {
	var err error
	for range maxRetries {
		var f *folder
		if f, err = openFolder(path, name, create); err == nil {
			var mutex *os.File
			if mutex, err = f.lock(ctx); err == nil {
				return f.change(mutex, do)
			}
			err = both(err, f.close(false))
		} else if !create {
			break
		}
		if !errors.Is(err, fs.ErrNotExist) {
			break
		}
	}
	return err
}

// change calls do and gives everything back.
func (f *folder) change(mutex *os.File, do func(*folder) error) error {
	err := do(f)
	names, unread := entries(f.net, 2)
	empty := unread == nil && len(names) == 1 && names[0] == mutexName
	if empty {
		unread = f.net.Remove(mutexName)
	}
	return both(err, unread, release(mutex), f.close(empty))
}

// lock takes the lock of the folder. The error is fs.ErrNotExist if the folder
// was removed meanwhile.
func (f *folder) lock(ctx context.Context) (*os.File, error) {
	mutex, err := f.open(ctx, mutexName, os.O_RDWR|os.O_CREATE)
	if err != nil {
		return nil, err
	}
	err = waitLock(ctx, mutex)
	if err == nil && !f.current(mutex, mutexName) {
		err = &fs.PathError{Op: "lock", Path: mutexName, Err: fs.ErrNotExist}
	}
	if err != nil {
		return nil, both(err, mutex.Close())
	}
	return mutex, nil
}

// open opens a file, and waits for one that goes away.
func (f *folder) open(ctx context.Context, name string, flag int) (file *os.File, err error) {
	ctx, cancel := context.WithTimeout(ctx, lockTimeout)
	defer cancel()
	err = retry(ctx, func() error {
		file, err = f.net.OpenFile(name, flag, 0o600)
		if err != nil && passing(err) {
			return fmt.Errorf("%w: %w", errBusy, err)
		}
		return err
	})
	return file, err
}

// current reports whether an open file is still the one that others find.
func (f *folder) current(file *os.File, name string) bool {
	mine, err := file.Stat()
	found, failed := f.net.Stat(name)
	return both(err, failed) == nil && os.SameFile(mine, found)
}
