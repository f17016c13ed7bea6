package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/strata-net/strata/internal/tools/command"
)

func main() { command.Main(run) }

// run is the program without its process: it returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	cl, err := parse(args)
	if errors.Is(err, flag.ErrHelp) {
		fmt.Fprint(stdout, usage)
		return 0
	}
	if err != nil {
		fmt.Fprintf(stderr, "wine: %v\n%s", err, usage)
		return 2
	}
	ctx, cancel := context.WithTimeoutCause(ctx, cl.timeout,
		fmt.Errorf("not done after -timeout %v", cl.timeout))
	defer cancel()
	err = cl.test(ctx, stdout, stderr)
	if err == nil {
		return 0
	}
	if cause := context.Cause(ctx); cause != nil {
		err = fmt.Errorf("%w: %w", cause, err)
	}
	fmt.Fprintln(stderr, "wine:", err)
	return 1
}

const usage = `usage: wine [-prefix DIR] [-timeout D] MODULEDIR... [-- GO TEST FLAGS]
  -prefix DIR   wine prefix, made if it is not there; Windows programs that run
                in it are ended (default: strata/wine in the user's cache directory)
  -timeout D    limit for everything together (default 20m)
`

// A commandLine is what the user asked for.
type commandLine struct {
	prefix  string
	timeout time.Duration
	modules []string // absolute directories
	flags   []string // for go test
}

func parse(args []string) (*commandLine, error) {
	args, flags := split(args)
	cl := &commandLine{flags: flags}
	fs := flag.NewFlagSet("wine", flag.ContinueOnError)
	fs.SetOutput(io.Discard) // run prints the error
	fs.StringVar(&cl.prefix, "prefix", "", "")
	fs.DurationVar(&cl.timeout, "timeout", 20*time.Minute, "")
	if err := fs.Parse(args); err != nil {
		return nil, err
	}
	var err error
	if cl.prefix, err = prefixDir(cl.prefix); err != nil {
		return nil, err
	}
	cl.modules, err = moduleDirs(fs.Args())
	return cl, err
}

// split cuts the command line at the first "--".
func split(args []string) (own, goTest []string) {
	i := slices.Index(args, "--")
	if i < 0 {
		return args, nil
	}
	return args[:i], args[i+1:]
}

// moduleDirs makes module directories absolute and checks all of them.
func moduleDirs(names []string) ([]string, error) {
	if len(names) == 0 {
		return nil, errors.New("no MODULEDIR given")
	}
	var dirs []string
	var errs []error
	for _, name := range names {
		dir, err := moduleDir(name)
		dirs, errs = append(dirs, dir), append(errs, err)
	}
	return dirs, errors.Join(errs...)
}

func moduleDir(name string) (string, error) {
	if strings.HasPrefix(name, "-") {
		return "", fmt.Errorf("MODULEDIR %s: flags come first, those of go test after --", name)
	}
	dir := name
	if !filepath.IsAbs(dir) {
		root, err := workspace()
		if err != nil {
			return "", err
		}
		dir = filepath.Join(root, dir)
	}
	if _, err := os.Stat(filepath.Join(dir, "go.mod")); err != nil {
		return "", fmt.Errorf("MODULEDIR %s: %w", name, err)
	}
	return dir, nil
}

// workspace returns the nearest directory with a go.work, from the working
// directory upwards.
func workspace() (string, error) {
	wd, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for dir := wd; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.work")); err == nil {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", fmt.Errorf("no go.work in %s or above", wd)
		}
	}
}
