package main

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"time"
)

// A result is what the tests of one module did.
type result struct {
	module                  string
	passed, failed, without int // packages; without: that ran no test
	took                    time.Duration
	err                     error
}

// String is the line of the summary.
func (r *result) String() string {
	state := "ok  "
	if !r.ok() {
		state = "FAIL"
	}
	s := fmt.Sprintf("%s  %s: packages: %d passed, %d failed, %d without tests; %v",
		state, r.module, r.passed, r.failed, r.without, r.took.Round(time.Millisecond))
	if r.err != nil {
		s += ": " + r.err.Error()
	}
	return s
}

// ok reports whether tests ran and all of them passed. A module without a test
// for Windows is not ok: it was asked for, and nothing was learnt.
func (r *result) ok() bool {
	return r.err == nil && r.failed == 0 && r.passed > 0
}

// count adds what one line of go test's output says about a package.
func (r *result) count(line string) {
	switch {
	case strings.HasPrefix(line, "ok  \t") && !strings.Contains(line, "[no tests to run]"):
		r.passed++
	case strings.HasPrefix(line, "FAIL\t"):
		r.failed++
	case strings.HasPrefix(line, "ok  \t"), strings.HasPrefix(line, "?   \t"):
		r.without++
	}
}

// report prints the results, and fails if a module did.
func report(w io.Writer, results []*result) error {
	failed := 0
	for _, r := range results {
		fmt.Fprintln(w, r)
		if !r.ok() {
			failed++
		}
	}
	if failed > 0 {
		return fmt.Errorf("%d of %d modules failed", failed, len(results))
	}
	return nil
}

// A counter passes output on to w and counts packages in r.
type counter struct {
	w    io.Writer
	r    *result
	rest []byte // a line that is not complete
}

// Write implements io.Writer.
func (c *counter) Write(b []byte) (int, error) {
	c.rest = append(c.rest, b...)
	for {
		line, rest, ok := bytes.Cut(c.rest, []byte("\n"))
		if !ok {
			break
		}
		c.r.count(string(line))
		c.rest = rest
	}
	return c.w.Write(b)
}
