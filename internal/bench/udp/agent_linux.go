package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// An agent is the process at one end of a path: this program called again, or the C program, with the same arguments
// and the same lines. A sender sends for its time, prints its report and ends. A receiver prints its port; at the
// first line on its standard input it notes what it has so far, takes what is still waiting, prints its report, and
// keeps its socket until the input ends, so that the socket's counters can be read.
type job struct {
	role, way, address string
	size, batch        int
	time               time.Duration
	segments           int // that the C program sends as one
}

const (
	sending   = "send"
	receiving = "receive"
)

func (j job) args() []string {
	args := []string{j.role, j.address, strconv.Itoa(j.size), strconv.Itoa(j.batch)}
	if j.role == sending {
		args = append(args, strconv.FormatInt(int64(j.time), 10), strconv.Itoa(j.segments))
	}
	return args
}

func parseJob(way string, args []string) (job, error) {
	if len(args) < 4 {
		return job{}, errors.New("too few arguments for an agent")
	}
	j := job{role: args[0], way: way, address: args[1]}
	var err, errBatch, errTime error
	j.size, err = strconv.Atoi(args[2])
	j.batch, errBatch = strconv.Atoi(args[3])
	if len(args) > 4 {
		var t int64
		t, errTime = strconv.ParseInt(args[4], 10, 64)
		j.time = time.Duration(t)
	}
	return j, errors.Join(err, errBatch, errTime)
}

// ready is a receiver's first line.
type ready struct {
	Port int `json:"port"`
}

// report is an agent's last line.
type report struct {
	Datagrams   int64 `json:"datagrams"`   // sent, or received
	Cut         int64 `json:"cut"`         // received with another length than they were sent with
	Counted     int64 `json:"counted"`     // received until the sender ended,
	Nanoseconds int64 `json:"nanoseconds"` // in this time since the first; a sender's: how long it sent
	CPU         int64 `json:"cpu"`         // nanoseconds of the process, in the system and outside
	Allocs      int64 `json:"allocs"`      // objects
	Calls       int64 `json:"calls"`       // of what the way offers, which may be several system calls
}

// agent is the main function of this program when it is called as one.
func agent(in io.Reader, out io.Writer, way string, args []string) error {
	j, err := parseJob(way, args)
	if err != nil {
		return err
	}
	w, err := wayNamed(way)
	if err != nil {
		return err
	}
	switch j.role {
	case sending:
		return runSender(out, w, j)
	case receiving:
		return runReceiver(in, out, w, j)
	}
	return fmt.Errorf("agent %q: want %s or %s", j.role, sending, receiving)
}

// usage is what a process has used so far.
type usage struct{ cpu, allocs int64 }

func used() usage {
	var u unix.Rusage
	_ = unix.Getrusage(unix.RUSAGE_SELF, &u) // fails for bad arguments only
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return usage{unix.TimevalToNsec(u.Utime) + unix.TimevalToNsec(u.Stime), int64(m.Mallocs)} //nolint:gosec // far from 2^63
}

func (r *report) since(before usage) {
	now := used()
	r.CPU = now.cpu - before.cpu
	r.Allocs = now.allocs - before.allocs
}

func writeLine(w io.Writer, v any) error { return json.NewEncoder(w).Encode(v) }
