package main

import (
	"bytes"
	"slices"
	"strings"
	"sync"
	"time"
)

// A logbook takes a log, keeps the end of it, and counts what it is asked for. It is bounded, however long it runs.
type logbook struct {
	mu      sync.Mutex
	part    []byte // of a line
	lines   []string
	counts  map[string]int
	alarms  []string
	starved []time.Time // when an HTTP/2 conn was ended for want of time
}

// keptLines is how many lines of a log are kept.
const keptLines = 300

// counted are what is looked for in the log.
var counted = []string{
	"msg=ready", "msg=reloaded", "nothing has changed", "reload failed", "too many open files", "tls: reloaded",
	"tls: change refused", "level=ERROR", "level=WARN", "msg=stopped",
}

// alarming is what must never be in the log.
var alarming = []string{"panic: ", "fatal error: ", "WARNING: DATA RACE", "panic serving"}

// starving is what net/http says when it did not get to read a client's SETTINGS within 2 s of its preface.
const starving = "timeout waiting for SETTINGS frames"

func newLogbook() *logbook { return &logbook{counts: map[string]int{}} }

// Write takes a part of the log.
func (b *logbook) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.part = append(b.part, p...)
	for {
		line, rest, ok := bytes.Cut(b.part, []byte("\n"))
		if !ok {
			return len(p), nil
		}
		b.take(string(line))
		b.part = slices.Clone(rest)
	}
}

func (b *logbook) take(line string) {
	for _, text := range counted {
		if strings.Contains(line, text) {
			b.counts[text]++
		}
	}
	for _, text := range alarming {
		if strings.Contains(line, text) && len(b.alarms) < maxKept {
			b.alarms = append(b.alarms, line[:min(len(line), 2000)])
		}
	}
	if strings.Contains(line, starving) {
		b.starved = append(b.starved, time.Now())
	}
	if strings.Contains(line, "msg=request ") || strings.Contains(line, "msg=session ") {
		return // the load is too much to keep
	}
	if len(b.lines) == keptLines {
		b.lines = b.lines[1:]
	}
	b.lines = append(b.lines, line)
}

// count says how often a text of counted was in the log.
func (b *logbook) count(text string) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.counts[text]
}

// alarm returns lines that must not be there.
func (b *logbook) alarm() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.alarms)
}

// tail is the end of the log.
func (b *logbook) tail() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return strings.Join(b.lines, "\n")
}

// starving says when conns of HTTP/2 were ended for want of time.
func (b *logbook) starving() []time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.starved)
}
