package main

import (
	"flag"
	"fmt"
	"os"
	"testing"
	"testing/synctest"
)

// inBubble runs f in a bubble of testing/synctest, where time goes on as soon as
// everybody waits, and ends the program. Bubbles are made for tests only, so the
// program makes itself one. The exit status is 1 if f fails. Time is as it always is
// when after is called.
func inBubble(f func() error, after func()) {
	testing.Init()
	if err := flag.CommandLine.Parse(nil); err != nil {
		panic(err) // of nothing
	}
	all := func(_, _ string) (bool, error) { return true, nil }
	testing.Main(all, []testing.InternalTest{{Name: "raftlike", F: func(t *testing.T) {
		defer after()
		synctest.Test(t, func(t *testing.T) {
			if err := f(); err != nil {
				fmt.Fprintln(os.Stderr, err)
				t.Fail()
			}
		})
	}}}, nil, nil)
}
