package main

import (
	"fmt"
	"os"
	"runtime/debug"
	"strings"

	"golang.org/x/sys/unix"
)

// report is what a process has used and moved so far.
type report struct {
	CPU       int64 `json:"cpu"`       // nanoseconds, in the system and outside
	Peak      int64 `json:"peak"`      // bytes of memory at most: VmHWM
	Resident  int64 `json:"resident"`  // bytes of memory: VmRSS
	Settled   int64 `json:"settled"`   // the same after a collection, when it is asked for
	Bytes     int64 `json:"bytes"`     // received on streams
	Datagrams int64 `json:"datagrams"` // received
}

// look fills in what the system says about this process.
func (r *report) look(settle bool) error {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		return os.NewSyscallError("getrusage", err)
	}
	r.CPU = unix.TimevalToNsec(u.Utime) + unix.TimevalToNsec(u.Stime)
	var err error
	if r.Peak, r.Resident, err = memory(); err != nil || !settle {
		return err
	}
	debug.FreeOSMemory()
	_, r.Settled, err = memory()
	return err
}

// memory returns the largest and the present size of this process in memory.
func memory() (peak, resident int64, err error) {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, 0, err
	}
	for line := range strings.Lines(string(text)) {
		_, _ = fmt.Sscanf(line, "VmHWM: %d kB", &peak) // other lines do not match
		_, _ = fmt.Sscanf(line, "VmRSS: %d kB", &resident)
	}
	return peak << 10, resident << 10, nil
}
