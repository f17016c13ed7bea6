package main

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

func TestCounter(t *testing.T) {
	const out = "=== RUN   TestA\n" +
		"ok  \ta\t0.1s\n" +
		"ok  \tb\t0.1s [no tests to run]\n" +
		"--- FAIL: TestC\nFAIL\n" +
		"FAIL\tc\t0.1s\n" +
		"FAIL\td [build failed]\n" +
		"?   \te\t[no test files]\n" +
		"FAIL\n"
	for size := 1; size < 40; size += 13 {
		var r result
		var passed bytes.Buffer
		c := &counter{w: &passed, r: &r}
		for rest := out; rest != ""; {
			n, err := c.Write([]byte(rest[:min(size, len(rest))]))
			if err != nil {
				t.Fatal(err)
			}
			rest = rest[n:]
		}
		if r.passed != 1 || r.failed != 2 || r.without != 2 || passed.String() != out {
			t.Errorf("in pieces of %d: %+v, output %q", size, r, &passed)
		}
	}
}

func TestReport(t *testing.T) {
	tests := []struct {
		r    *result
		want string
	}{
		{&result{module: "m", passed: 2}, "ok    m: packages: 2 passed, 0 failed, 0 without tests; 0s\n"},
		{&result{module: "m", passed: 2, failed: 1}, "FAIL  m: "},
		{&result{module: "m", without: 1}, "FAIL  m: "},
		{&result{module: "m", passed: 1, err: errors.New("why")}, "; 0s: why\n"},
	}
	for _, tt := range tests {
		t.Run(tt.r.String(), func(t *testing.T) {
			var out bytes.Buffer
			err := report(&out, []*result{{module: "other", passed: 1}, tt.r})
			if !strings.Contains(out.String(), tt.want) || (err == nil) != tt.r.ok() {
				t.Errorf("got %q, error %v; want %q", &out, err, tt.want)
			}
		})
	}
}
