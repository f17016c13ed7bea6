package main

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"github.com/strata-net/strata/internal/bench/lab"
)

// spareFiles are those that a process has open beside its conns.
const spareFiles = 100

// split says how many conns each server has. There is more than one server when a process may not have so many files.
func split(n int) ([]int, error) {
	var limit unix.Rlimit // package os has raised it as far as it goes
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return nil, os.NewSyscallError("getrlimit", err)
	}
	if limit.Cur <= 2*spareFiles {
		return nil, fmt.Errorf("RLIMIT_NOFILE=%d: too few files", limit.Cur)
	}
	most := int(min(limit.Cur-spareFiles, perServer))
	var parts []int
	for ; n > 0; n -= most {
		parts = append(parts, min(n, most))
	}
	return parts, nil
}

// measure has all conns open at the same time and sums up what the servers report.
func measure(w way, m mode, parts []int) (sum report, err error) {
	self, err := os.Executable()
	if err != nil {
		return sum, err
	}
	var all []*lab.Process
	defer func() {
		for _, p := range all {
			err = errors.Join(err, p.Stop())
		}
	}()
	start := func(args ...string) (*lab.Process, error) {
		p, err := lab.Start(nil, lab.AnyCPU, 5*time.Minute, []string{asAgent + "=" + w.name}, self, args...)
		if err == nil {
			all = append(all, p)
		}
		return p, err
	}
	servers := make([]*lab.Process, len(parts))
	for i, n := range parts {
		if servers[i], err = start("serve", strconv.Itoa(n), m.name); err != nil {
			return sum, err
		}
		var at ready
		if err := servers[i].Line(&at); err != nil {
			return sum, err
		}
		client, err := start("dial", strconv.Itoa(n), m.name, at.Address, strconv.Itoa(i+1))
		if err != nil {
			return sum, err
		}
		var dialled int
		if err := client.Line(&dialled); err != nil {
			return sum, err
		}
	}
	for _, p := range servers {
		if err := p.Tell(); err != nil {
			return sum, err
		}
		var r report
		if err := p.Line(&r); err != nil {
			return sum, err
		}
		sum.Heap, sum.Stack, sum.Objects = sum.Heap+r.Heap, sum.Stack+r.Stack, sum.Objects+r.Objects
	}
	return sum, nil
}
