package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

// socketDrops returns how many packets the kernel had for a UDP socket of a process's namespace and threw away.
func socketDrops(pid, port int) (int64, error) {
	file := fmt.Sprintf("/proc/%d/net/udp", pid)
	text, err := os.ReadFile(file)
	if err != nil {
		return 0, err
	}
	suffix := fmt.Sprintf(":%04X", port)
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		if len(fields) > 2 && strings.HasSuffix(fields[1], suffix) {
			return strconv.ParseInt(fields[len(fields)-1], 10, 64)
		}
	}
	return 0, fmt.Errorf("%s has no socket on port %d", file, port)
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
