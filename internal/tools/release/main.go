package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"github.com/strata-net/strata/internal/tools/command"
)

func main() { command.Main(run) }

// A commandLine is what the user asked for.
type commandLine struct {
	root     string
	list     string
	rules    string
	table    string
	profiles string
	run      string
	timeout  time.Duration
	write    bool
	report   bool
	test     bool
	// Instead of trying modules:
	prepare   string
	tags      bool
	published bool
	only      []string
}

// run is the program without its process: it returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	c, err := parse(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		fmt.Fprintln(stderr, "release:", err)
		return 2
	}
	ctx, cancel := context.WithTimeoutCause(ctx, c.timeout, fmt.Errorf("not done after -timeout %v", c.timeout))
	defer cancel()
	if err := c.do(ctx, stdout); err != nil {
		if cause := context.Cause(ctx); cause != nil {
			err = fmt.Errorf("%w: %w", cause, err)
		}
		fmt.Fprintln(stderr, "release:", err)
		return 1
	}
	return 0
}

// do does what was asked for.
func (c *commandLine) do(ctx context.Context, stdout io.Writer) error {
	switch {
	case c.prepare != "":
		return c.makeReady(ctx, stdout)
	case c.tags:
		return c.printTags(ctx, stdout)
	case c.published:
		return c.tryPublished(ctx, stdout)
	default:
		return c.check(ctx, stdout)
	}
}

func parse(args []string, stderr io.Writer) (*commandLine, error) {
	c := &commandLine{}
	f := flag.NewFlagSet("release", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.StringVar(&c.root, "root", "../..", "the repository's `folder`")
	f.StringVar(&c.list, "list", "release/linked.txt", "`file` of what each module links")
	f.StringVar(&c.rules, "rules", "release/rules.txt", "`file` that says which module may link what")
	f.StringVar(&c.table, "table", "../../docs/footprint.md", "`file` of what -report found, for users")
	f.StringVar(&c.profiles, "profiles", "", "`folder` for the coverage of the tests: DIR.cover, with _ for /")
	f.DurationVar(&c.timeout, "timeout", 30*time.Minute, "limit for everything together")
	f.BoolVar(&c.write, "write", false, "write the list instead of comparing with it")
	f.BoolVar(&c.report, "report", false, "print what 'go get' of each module downloads into an empty cache")
	f.BoolVar(&c.test, "test", false, "build all tests of each module, and run them")
	f.StringVar(&c.run, "run", "", "with -test: run only the tests that this `regexp` fits, as in go test -run")
	f.StringVar(&c.prepare, "prepare", "", "instead: make changelogs and go.mod files ready for this `version` of the modules")
	f.BoolVar(&c.tags, "tags", false, "instead: print the commands that tag what is prepared")
	f.BoolVar(&c.published, "published", false, "instead: get each module's newest tag as a user does, from this repository")
	if err := f.Parse(args); err != nil {
		return nil, err
	}
	c.only = f.Args()
	if c.prepare != "" && c.tags || c.prepare != "" && c.published || c.tags && c.published {
		return nil, errors.New("-prepare, -tags and -published: only one of them")
	}
	if c.profiles != "" && !c.test {
		return nil, errors.New("-profiles without -test: nothing would be written")
	}
	if c.run != "" && !c.test {
		return nil, errors.New("-run without -test: nothing would be run")
	}
	if c.write && len(c.only) > 0 {
		return nil, errors.New("-write with modules: the list has all of them")
	}
	var err error
	if c.root, err = filepath.Abs(c.root); err != nil {
		return nil, fmt.Errorf("-root %s: %w", c.root, err)
	}
	if c.profiles != "" {
		c.profiles, err = filepath.Abs(c.profiles)
	}
	return c, err
}
