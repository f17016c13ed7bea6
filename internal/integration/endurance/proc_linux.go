package main

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
)

// stateOf returns the state of a process, a letter of proc_pid_stat(5).
func stateOf(pid int) (byte, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	_, rest, ok := bytes.Cut(stat, []byte(") "))
	if !ok || len(rest) == 0 {
		return 0, fmt.Errorf("/proc/%d/stat: %q", pid, stat)
	}
	return rest[0], nil
}

// statusOf returns a field of /proc/PID/status, in bytes if it is a size.
func statusOf(pid int, field string) (int64, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(b)) {
		name, value, _ := strings.Cut(line, ":")
		if name != field {
			continue
		}
		words := strings.Fields(value)
		n, err := strconv.ParseInt(words[0], 10, 64)
		if len(words) > 1 && words[1] == "kB" {
			n *= 1024
		}
		return n, err
	}
	return 0, fmt.Errorf("/proc/%d/status has no %s", pid, field)
}

// descriptorsOf counts the open files of a process.
func descriptorsOf(pid int) (int, error) {
	all, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	return len(all), err
}
