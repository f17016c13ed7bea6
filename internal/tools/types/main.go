package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"golang.org/x/tools/go/packages"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run is the program without its process: it returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	f := flag.NewFlagSet("types", flag.ContinueOnError)
	f.SetOutput(stderr)
	root := f.String("root", ".", "the `folder` to load from")
	pattern := f.String("packages", "work", "the `pattern` of the packages to check")
	tests := f.Bool("tests", true, "check the tests too")
	if err := f.Parse(args); errors.Is(err, flag.ErrHelp) {
		return 0
	} else if err != nil {
		return 2
	}
	if f.NArg() == 0 {
		fmt.Fprintln(stderr, "types: name a platform, as openbsd/amd64")
		return 2
	}
	code := 0
	for _, platform := range f.Args() {
		begun := time.Now()
		n, err := check(ctx, *root, *pattern, platform, *tests)
		if err != nil {
			code = 1
			fmt.Fprintf(stderr, "types: %s: %v\n", platform, err)
			continue
		}
		fmt.Fprintf(stdout, "%-15s %d packages, %.0f s\n", platform, n, time.Since(begun).Seconds())
	}
	return code
}

// check loads packages as a platform has them. It returns how many there are; those of tests count, too.
func check(ctx context.Context, root, pattern, platform string, tests bool) (int, error) {
	system, arch, _ := strings.Cut(platform, "/")
	list, err := packages.Load(&packages.Config{
		Context: ctx,
		// All of it: else go/packages would have what is imported compiled.
		Mode: packages.NeedName | packages.NeedFiles | packages.NeedCompiledGoFiles | packages.NeedImports |
			packages.NeedDeps | packages.NeedTypes | packages.NeedSyntax | packages.NeedTypesInfo,
		Dir:   root,
		Env:   append(os.Environ(), "GOOS="+system, "GOARCH="+arch, "CGO_ENABLED=0", "GOWORK="),
		Tests: tests,
	}, pattern)
	if err != nil {
		return 0, err
	}
	var errs []error
	seen := map[string]bool{} // a package and its variant for tests have the same errors
	packages.Visit(list, nil, func(p *packages.Package) {
		for _, e := range p.Errors {
			if !seen[e.Error()] {
				seen[e.Error()] = true
				errs = append(errs, e)
			}
		}
	})
	if len(list) == 0 {
		errs = append(errs, fmt.Errorf("no packages match %s", pattern))
	}
	return len(list), errors.Join(errs...)
}
