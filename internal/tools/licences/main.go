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

	"github.com/strata-net/strata/internal/tools/command"
)

func main() { command.Main(run) }

// run is the program without its process: it returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	f := flag.NewFlagSet("licences", flag.ContinueOnError)
	f.SetOutput(stderr)
	root := f.String("root", "../..", "the repository's `folder`")
	page := f.String("page", "../../docs/licences.md", "`file` of the tables")
	write := f.Bool("write", false, "write the page instead of comparing with it")
	if err := f.Parse(args); errors.Is(err, flag.ErrHelp) {
		return 0
	} else if err != nil {
		return 2
	}
	if err := check(ctx, *root, *page, *write, stdout); err != nil {
		fmt.Fprintln(stderr, "licences:", err)
		return 1
	}
	return 0
}

// check finds the licences, and compares the page with them, or writes it. No page is
// written of what must not be.
func check(ctx context.Context, root, page string, write bool, stdout io.Writer) error {
	root, err := filepath.Abs(root)
	if err != nil {
		return err
	}
	groups, err := find(ctx, root)
	if err != nil {
		return err
	}
	var errs []error
	for _, g := range groups {
		errs = append(errs, g.judge())
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	for _, g := range groups {
		fmt.Fprintf(stdout, "%s: %d modules\n", g.title, len(g.used))
	}
	if write {
		return os.WriteFile(page, []byte(text(groups)), 0o644) //nolint:gosec // committed files can be read
	}
	return compare(page, text(groups))
}

// compare says which line the page lacks, or that it has one too many.
func compare(page, now string) error {
	data, err := os.ReadFile(page)
	if err != nil {
		return err
	}
	before := slices.Collect(strings.Lines(string(data)))
	for line := range strings.Lines(now) {
		if !slices.Contains(before, line) {
			return fmt.Errorf("%s is stale (licences -write renews it): it does not have\n%s", filepath.Base(page), line)
		}
	}
	if string(data) != now {
		return fmt.Errorf("%s is stale: licences -write renews it", filepath.Base(page))
	}
	return nil
}
