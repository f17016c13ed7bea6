package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

// A socketState is what the kernel tells of a UDP socket.
type socketState struct {
	waiting int64 // bytes that were not read yet
	drops   int64 // packets that it had and threw away
}

// stateOf returns that of the socket on a port in a process's namespace.
func stateOf(pid, port int) (s socketState, err error) {
	file := fmt.Sprintf("/proc/%d/net/udp", pid)
	text, err := os.ReadFile(file)
	if err != nil {
		return s, err
	}
	suffix := fmt.Sprintf(":%04X", port)
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		if len(fields) < 6 || !strings.HasSuffix(fields[1], suffix) {
			continue
		}
		_, queue, _ := strings.Cut(fields[4], ":") // that of what was sent comes first
		s.waiting, err = strconv.ParseInt(queue, 16, 64)
		if err == nil {
			s.drops, err = strconv.ParseInt(fields[len(fields)-1], 10, 64)
		}
		return s, err
	}
	return s, fmt.Errorf("%s has no socket on port %d", file, port)
}

// backlogDrops returns how many packets found the machine's queues between device and protocol full. They are counted
// for all namespaces together.
func backlogDrops() (sum int64, err error) {
	const file = "/proc/net/softnet_stat" // a line a CPU, the second number is what was dropped
	text, err := os.ReadFile(file)
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		if len(fields) < 2 {
			return 0, fmt.Errorf("%s: unknown line %q", file, line)
		}
		n, err := strconv.ParseInt(fields[1], 16, 64)
		if err != nil {
			return 0, fmt.Errorf("%s: %w", file, err)
		}
		sum += n
	}
	return sum, nil
}
