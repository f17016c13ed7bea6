// Command cover says how much of each module its tests reach.
//
//	go run -C internal/tools ./cover [-min 95] [-goal 98] [-files] DIR=PROFILE ...
//
// DIR is the folder of a module, PROFILE what `go test -coverprofile` wrote
// there; relative paths start where the command runs. One line a module goes
// to standard output; the exit status is 1 if a module is under -min and 2 if
// something cannot be read. Files that carry the standard header of generated
// code ("// Code generated ... DO NOT EDIT.") do not count.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
)

// Exit statuses.
const (
	exitOK = iota
	exitUnder
	exitFailed
)

func main() {
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

func run(args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("cover", flag.ContinueOnError)
	flags.SetOutput(stderr)
	lim := limits{}
	flags.Float64Var(&lim.min, "min", 95, "percent below which a module fails")
	flags.Float64Var(&lim.goal, "goal", 98, "percent to aim at")
	files := flags.Bool("files", false, "list each file that is not covered whole")
	if err := flags.Parse(args); err != nil {
		return exitFailed
	}

	modules, err := measureAll(flags.Args())
	if err != nil {
		fmt.Fprintln(stderr, "cover:", err)
		return exitFailed
	}
	if !report(stdout, modules, lim, *files) {
		return exitUnder
	}
	return exitOK
}

// measureAll measures every DIR=PROFILE and joins what goes wrong.
func measureAll(args []string) ([]module, error) {
	if len(args) == 0 {
		return nil, errors.New("no module given: each argument is DIR=PROFILE")
	}
	var modules []module
	var errs []error
	for _, arg := range args {
		dir, profile, ok := strings.Cut(arg, "=")
		if !ok || dir == "" || profile == "" {
			errs = append(errs, fmt.Errorf("argument %q: want DIR=PROFILE", arg))
			continue
		}
		m, err := measure(dir, profile)
		if err != nil {
			errs = append(errs, fmt.Errorf("module %s: %w", dir, err))
			continue
		}
		modules = append(modules, m)
	}
	return modules, errors.Join(errs...)
}
