package main

import (
	"fmt"
	"slices"
	"sync"
	"time"
)

// A failure is a request that had no right answer.
type failure struct {
	lane         string
	class        string
	err          error
	begun, ended time.Time
}

// An allowance says which failures of which lanes a fault explains, and why.
type allowance struct {
	lanes   []string
	classes []string
	why     string
}

func (a allowance) covers(f failure) bool {
	return slices.Contains(a.lanes, f.lane) && slices.Contains(a.classes, f.class)
}

// A window is the time of a fault: from before it is injected until each client had an answer to a request that it began
// after the fault was over.
type window struct {
	fault        *fault
	begun, ended time.Time // ended is zero while it is open
	healed       time.Time
	seen         map[seen]int
}

// seen is a kind of failure.
type seen struct{ lane, class string }

func (w *window) overlaps(f failure) bool {
	return f.ended.After(w.begun) && (w.ended.IsZero() || f.begun.Before(w.ended))
}

// A judge decides for each failure whether a fault explains it. Whatever none explains is a defect.
type judge struct {
	mu          sync.Mutex
	windows     []*window
	unexplained []failure
	more        int // that are not kept
	failed      func(failure)
}

// maxKept bounds what is kept of failures that nothing explains.
const maxKept = 100

// open begins the window of a fault.
func (j *judge) open(f *fault) *window {
	j.mu.Lock()
	defer j.mu.Unlock()
	w := &window{fault: f, begun: time.Now(), seen: map[seen]int{}}
	j.windows = append(j.windows, w)
	return w
}

// shut ends a window.
func (j *judge) shut(w *window) {
	j.mu.Lock()
	defer j.mu.Unlock()
	w.ended = time.Now()
}

// tell takes a failure, and files it under the last fault that explains it.
func (j *judge) tell(f failure) {
	f.class = classify(f.err)
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, w := range slices.Backward(j.windows) {
		if !w.overlaps(f) {
			continue
		}
		if slices.ContainsFunc(w.fault.allows, func(a allowance) bool { return a.covers(f) }) {
			w.seen[seen{f.lane, f.class}]++
			return
		}
	}
	if len(j.unexplained) == maxKept {
		j.more++
		return
	}
	j.unexplained = append(j.unexplained, f)
	j.failed(f)
}

// String returns a failure for the report.
func (f failure) String() string {
	return fmt.Sprintf("%s at %s, after %v: %s: %v", f.lane, f.ended.Format("15:04:05.000"),
		f.ended.Sub(f.begun).Round(time.Millisecond), f.class, f.err)
}

// left returns what nothing explains: neither a fault, nor a machine so busy that net/http gave up a conn of HTTP/2, which
// its log tells of.
func (j *judge) left(log *logbook) (all []failure) {
	starved := log.starving()
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, f := range j.unexplained {
		if f.lane != "http2" || !slices.Contains([]string{ended, reset, goneAway, aborted}, f.class) ||
			!slices.ContainsFunc(starved, func(t time.Time) bool {
				return t.After(f.begun.Add(-time.Second)) && t.Before(f.ended.Add(time.Second))
			}) {
			all = append(all, f)
		}
	}
	return all
}
