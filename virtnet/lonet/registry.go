package lonet

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"sync"

	"github.com/strata-net/strata/virtnet"
)

// registry is the virtnet.Registry of one network: a folder with a file a host.
// The process of the host holds the file's lock, which dies with it, so that a
// file without a lock says nothing.
type registry struct {
	network string // full name, for errors
	path    string // of the private folder
	folder  string // of the network's folder in it

	mu     sync.Mutex
	closed bool
	own    map[string]*claim // hosts that were announced here, by name
	known  map[string]*claim // hosts of others that were asked for, by name
}

// claim is the open file of a host, and what it says.
type claim struct {
	file     *os.File
	data     string
	released bool
}

// release gives a host of this process up, once.
func (c *claim) release() error {
	if c.released {
		return nil
	}
	c.released = true
	return release(c.file)
}

// maxKnown bounds the open files of hosts of others.
const maxKnown = 128

// newRegistry returns access to the registry of a network.
func newRegistry(path, name string) *registry {
	return &registry{
		network: fullName(name),
		path:    path,
		folder:  fileName(netPrefix, name),
		own:     map[string]*claim{},
		known:   map[string]*claim{},
	}
}

// Announce takes the name for this process.
func (r *registry) Announce(ctx context.Context, hostname, hostdata string) error {
	if err := r.announce(ctx, hostname, hostdata); err != nil {
		return r.failed("announce", []string{hostname, hostdata}, err)
	}
	return nil
}

func (r *registry) announce(ctx context.Context, hostname, hostdata string) error {
	if err := checkName(hostname); err != nil {
		return err
	}
	var c *claim
	err := inFolder(ctx, r.path, r.folder, true, func(f *folder) (err error) {
		c, err = f.claim(ctx, record{hostname, hostdata})
		return err
	})
	if err != nil {
		if c != nil {
			_ = r.drop(hostname, c)
		}
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.own[hostname] = c
	return nil
}

// claim makes and locks the file of a host, unless a living process has it.
func (f *folder) claim(ctx context.Context, r record) (*claim, error) {
	name := fileName(hostPrefix, r.host)
	if err := f.bury(ctx, name); err != nil {
		return nil, err
	}
	file, err := f.open(ctx, name, os.O_RDWR|os.O_CREATE|os.O_EXCL)
	if err != nil {
		return nil, err
	}
	if _, err = file.WriteString(r.String()); err == nil {
		err = waitLock(ctx, file) // those who ask whether it is held have it for a moment
	}
	if err != nil {
		return nil, both(err, file.Close(), f.net.Remove(name))
	}
	return &claim{file: file, data: r.data}, nil
}

// bury removes the file of a host that is dead. The error is virtnet.ErrHostDup
// if it lives, and nil if there is none.
func (f *folder) bury(ctx context.Context, name string) error {
	file, err := f.open(ctx, name, os.O_RDONLY)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	alive, err := held(file)
	if alive {
		err = virtnet.ErrHostDup
	}
	if err = both(err, file.Close()); err != nil {
		return err
	}
	return f.net.Remove(name)
}

// Query finds where a host is.
func (r *registry) Query(ctx context.Context, hostname string) (string, error) {
	data, err := r.query(ctx, hostname)
	if err != nil {
		return "", r.failed("query", hostname, err)
	}
	return data, nil
}

func (r *registry) query(ctx context.Context, hostname string) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	if data, ok, err := r.remembered(hostname); ok || err != nil {
		return data, err
	}
	c, err := r.find(hostname)
	if errors.Is(err, fs.ErrNotExist) {
		return "", virtnet.ErrNoHost
	}
	if err != nil {
		return "", err
	}
	return c.data, r.remember(hostname, c)
}

// remembered returns what is known of a host, if that is still true: that costs
// one system call for those of others.
func (r *registry) remembered(hostname string) (data string, ok bool, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return "", false, virtnet.ErrRegistryDown
	}
	if c := r.own[hostname]; c != nil {
		return c.data, true, nil
	}
	c := r.known[hostname]
	if c == nil {
		return "", false, nil
	}
	if alive, err := held(c.file); alive && err == nil {
		return c.data, true, nil
	}
	delete(r.known, hostname)
	return "", false, c.file.Close()
}

// find opens the file of a host of another process. The error is fs.ErrNotExist
// if there is none, or its process is dead.
func (r *registry) find(hostname string) (*claim, error) {
	f, err := openFolder(r.path, r.folder, false)
	if err != nil {
		return nil, err
	}
	c, err := f.find(hostname)
	_ = f.close(false) // nothing was written
	return c, err
}

func (f *folder) find(hostname string) (*claim, error) {
	file, err := f.net.Open(fileName(hostPrefix, hostname))
	if err != nil {
		if passing(err) {
			err = fs.ErrNotExist
		}
		return nil, err
	}
	alive, err := held(file)
	if err == nil && !alive {
		err = fs.ErrNotExist
	}
	var said record
	if err == nil {
		said, err = readRecord(file, hostname)
	}
	if err != nil {
		return nil, both(err, file.Close())
	}
	return &claim{file: file, data: said.data}, nil
}

// remember keeps the file of a host open for the next time. With too many of
// them any other is forgotten.
func (r *registry) remember(hostname string, c *claim) error {
	if !keepOpen {
		return c.file.Close()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return both(virtnet.ErrRegistryDown, c.file.Close())
	}
	var err error
	for name, old := range r.known {
		if name == hostname || len(r.known) >= maxKnown {
			delete(r.known, name)
			err = both(err, old.file.Close())
		}
	}
	r.known[hostname] = c
	return err
}

// withdraw gives the name of a host back.
func (r *registry) withdraw(hostname string) error {
	r.mu.Lock()
	c := r.own[hostname]
	delete(r.own, hostname)
	r.mu.Unlock()
	if err := r.drop(hostname, c); err != nil {
		return r.failed("withdraw", hostname, err)
	}
	return nil
}

// drop removes the file of a host of this process. When the folder cannot be
// locked the name is free all the same, and the next Join removes the file.
func (r *registry) drop(hostname string, c *claim) error {
	err := inFolder(context.Background(), r.path, r.folder, false, func(f *folder) error {
		return f.drop(fileName(hostPrefix, hostname), c)
	})
	if errors.Is(err, fs.ErrNotExist) {
		err = nil // somebody has cleaned the temp directory
	}
	return both(err, c.release())
}

// drop removes the file, unless it is another's: somebody has cleaned the temp
// directory, and then the name was free.
func (f *folder) drop(name string, c *claim) error {
	mine := f.current(c.file, name)
	// Closed first: some file systems of Windows keep what is open. The name stays
	// ours as long as the folder is locked.
	err := c.release()
	if mine {
		err = both(err, f.net.Remove(name))
	}
	return err
}

// Close forgets the hosts of others. Those of this process have been withdrawn:
// all of them are closed before.
func (r *registry) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	var err error
	for _, c := range r.known {
		err = both(err, c.file.Close())
	}
	r.closed, r.known = true, nil
	return err
}

// failed returns the error of an operation.
func (r *registry) failed(op string, args any, err error) error {
	return &virtnet.RegistryError{Registry: "lonet(" + r.network + ")", Op: op, Args: args, Err: err}
}

// fullName returns the full name of a network.
func fullName(name string) string { return "lonet" + name }
