package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"regexp"
	"runtime"

	"golang.org/x/sys/unix"
)

const (
	spareFiles = 100     // that are open beside the conns
	most       = 1 << 29 // bytes that a way may take
)

// use is what a process has of memory.
type use struct{ heap, stack, objects int64 }

func (u use) minus(v use) use { return use{u.heap - v.heap, u.stack - v.stack, u.objects - v.objects} }

// inUse is after two collections: what a sync.Pool has survives one.
func inUse() use {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return use{int64(m.HeapAlloc), int64(m.StackInuse), int64(m.Mallocs - m.Frees)} //nolint:gosec // fewer than 2^63
}

// pairs prints what pairs of conns cost on which nothing happens any more.
func pairs(out io.Writer, name string, match *regexp.Regexp, n int) error {
	fmt.Fprintf(out, "\n| %s | bytes | ratio | heap | stacks | objects | pairs |\n|---|---|---|---|---|---|---|\n", name)
	first := 0.0
	for i, w := range ways {
		if i > 0 && !match.MatchString(w.name) {
			continue
		}
		k, err := w.bound(n)
		if err != nil {
			return err
		}
		u, err := w.idle(k)
		if err != nil {
			return fmt.Errorf("%s: %w", w.name, err)
		}
		each := func(v int64) float64 { return float64(v) / float64(k) }
		sum := each(u.heap + u.stack)
		if i == 0 {
			first = sum
		}
		fmt.Fprintf(out, "| %s | %.0f | %.2f | %.0f | %.0f | %.1f | %d |\n", w.name, sum, sum/first, each(u.heap), each(u.stack), each(u.objects), k)
	}
	return nil
}

// bound returns how many pairs there can be.
func (w way) bound(n int) (int, error) {
	if w.bytes > 0 {
		n = min(n, most/w.bytes)
	}
	if w.files == 0 {
		return n, nil
	}
	var limit unix.Rlimit // package os has raised it as far as it goes
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return 0, os.NewSyscallError("getrlimit", err)
	}
	if limit.Cur <= spareFiles+2 {
		return 0, fmt.Errorf("RLIMIT_NOFILE=%d: too few files", limit.Cur)
	}
	return min(n, int(limit.Cur-spareFiles)/w.files), nil //nolint:gosec // a number of files
}

// idle opens conns, sends a few bytes in each direction, and returns by how much the use of memory has grown.
func (w way) idle(n int) (use, error) {
	l, err := w.open()
	if err != nil {
		return use{}, err
	}
	defer l.close()
	all := make([]net.Conn, 0, 2*n)
	defer func() {
		for _, c := range all {
			c.Close()
		}
	}()
	one := func() error {
		client, server, err := l.pair()
		if err != nil {
			return err
		}
		all = append(all, client, server)
		return greet(client, server)
	}
	if err := one(); err != nil { // what the first one costs is not that of the others
		return use{}, err
	}
	before := inUse()
	for range n - 1 {
		if err := one(); err != nil {
			return use{}, err
		}
	}
	return inUse().minus(before), nil
}

// greet sends bytes there and back.
func greet(client, server net.Conn) error {
	done := make(chan error, 1)
	go func() {
		_, err := io.CopyN(server, server, tripSize)
		done <- err
	}()
	b := make([]byte, tripSize)
	_, err := client.Write(b)
	if err == nil {
		_, err = io.ReadFull(client, b)
	}
	if err != nil {
		client.Close() // or the other side waits for the rest
	}
	return errors.Join(err, <-done)
}
