package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// A cap is a memory cgroup of this program's own, below that which it runs in.
type memoryCap struct{ dir, limit, usage, peak string }

// newCap makes a cgroup, of version 1 or 2, whichever has the memory controller.
func newCap() (*memoryCap, error) {
	groups, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return nil, err
	}
	var errs []error
	for line := range strings.Lines(string(groups)) {
		part := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(part) != 3 {
			continue
		}
		name := fmt.Sprintf("strata-endurance-%d", os.Getpid())
		var c *memoryCap
		switch part[1] {
		case "memory":
			c = &memoryCap{filepath.Join("/sys/fs/cgroup/memory", part[2], name), "memory.limit_in_bytes", "memory.usage_in_bytes", "memory.max_usage_in_bytes"}
		case "":
			c = &memoryCap{filepath.Join("/sys/fs/cgroup", part[2], name), "memory.max", "memory.current", "memory.peak"}
		default:
			continue
		}
		if err := c.make(); err != nil {
			errs = append(errs, err)
			continue
		}
		return c, nil
	}
	return nil, errors.Join(append(errs, fmt.Errorf("a cgroup that caps memory: %w", errors.ErrUnsupported))...)
}

// make makes the cgroup, and removes those that runs which were killed have left: one in use cannot be removed.
func (c *memoryCap) make() error {
	left, err := filepath.Glob(filepath.Join(filepath.Dir(c.dir), "strata-endurance-*"))
	if err != nil {
		return err
	}
	for _, dir := range left {
		_ = unix.Rmdir(dir) // one in use
	}
	if err := os.Mkdir(c.dir, 0o755); err != nil { //nolint:gosec // as all cgroups
		return err
	}
	if _, err := os.Stat(filepath.Join(c.dir, c.limit)); err != nil {
		c.close()
		return err
	}
	return nil
}

// take puts a process under the cap.
func (c *memoryCap) take(pid int) error {
	return os.WriteFile(filepath.Join(c.dir, "cgroup.procs"), strconv.AppendInt(nil, int64(pid), 10), 0)
}

// set limits what the processes have together, in bytes; a negative limit is none.
func (c *memoryCap) set(limit int64) error {
	text := strconv.FormatInt(limit, 10)
	if limit < 0 && c.limit == "memory.max" {
		text = "max"
	}
	return os.WriteFile(filepath.Join(c.dir, c.limit), []byte(text), 0)
}

// used says what they have.
func (c *memoryCap) used() (int64, error) { return c.read(c.usage) }

// most says what they had at most.
func (c *memoryCap) most() (int64, error) { return c.read(c.peak) }

func (c *memoryCap) read(file string) (int64, error) {
	b, err := os.ReadFile(filepath.Join(c.dir, file))
	if err != nil {
		return 0, err
	}
	return strconv.ParseInt(strings.TrimSpace(string(b)), 10, 64)
}

// close removes the cgroup, whose processes have ended.
func (c *memoryCap) close() {
	for range 100 {
		if err := os.Remove(c.dir); err == nil || errors.Is(err, os.ErrNotExist) {
			return
		}
		time.Sleep(10 * time.Millisecond) // the kernel takes its time
	}
}
