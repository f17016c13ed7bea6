package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/strata-net/strata/internal/tools/command"
	"github.com/strata-net/strata/internal/tools/workspace"
)

func main() { command.Main(run) }

// run is the program without its process: it returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	f := flag.NewFlagSet("api", flag.ContinueOnError)
	f.SetOutput(stderr)
	root := f.String("root", "../..", "the repository's `folder`")
	listings := f.String("listings", "api/listing", "`folder` of the listings")
	write := f.Bool("write", false, "write the listings instead of comparing with them")
	if err := f.Parse(args); errors.Is(err, flag.ErrHelp) {
		return 0
	} else if err != nil {
		return 2
	}
	dirs := f.Args()
	if len(dirs) == 0 {
		var err error
		if dirs, err = workspace.Modules(*root); err != nil {
			fmt.Fprintln(stderr, "api:", err)
			return 1
		}
		dirs = slices.DeleteFunc(dirs, func(dir string) bool { return !workspace.Released(dir) })
	}
	failed := 0
	for _, dir := range dirs {
		c := comparison{*root, dir, filepath.Join(*listings, strings.ReplaceAll(dir, "/", "_")+".txt")}
		if err := c.do(ctx, *write, stdout); err != nil {
			fmt.Fprintf(stderr, "api: %s: %v\n", dir, err)
			failed = 1
		}
	}
	return failed
}

// A comparison is that of one module.
type comparison struct {
	root, dir string
	listing   string // the file
}

// do compares the tree with the last version that is tagged, or with the listing as long
// as there is none.
func (c *comparison) do(ctx context.Context, write bool, stdout io.Writer) error {
	version, err := lastVersion(ctx, c.root, c.dir)
	if err != nil {
		return err
	}
	folder := filepath.Join(c.root, c.dir)
	if version != "" {
		if write {
			fmt.Fprintf(stdout, "%s: is compared with %s, and needs no listing\n", c.dir, version)
			return remove(c.listing)
		}
		d, err := diffTag(ctx, c.root, c.dir, version)
		if err != nil {
			return err
		}
		d.print(stdout, c.dir, version)
		return announced(folder, version, d.gone)
	}
	now, err := list(ctx, folder)
	if err != nil {
		return err
	}
	if write {
		return os.WriteFile(c.listing, []byte(strings.Join(now, "\n")+"\n"), 0o644) //nolint:gosec // committed files can be read
	}
	data, err := os.ReadFile(c.listing)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: api -write makes it", err)
	}
	if err != nil {
		return err
	}
	gone, added := compare(strings.Split(strings.TrimSuffix(string(data), "\n"), "\n"), now)
	d := difference{gone, added}
	d.print(stdout, c.dir, "its listing")
	return announced(folder, "", d.gone)
}

// print prints one line for each change.
func (d difference) print(w io.Writer, dir, with string) {
	fmt.Fprintf(w, "%s: compared with %s: %d new, %d gone\n", dir, with, len(d.added), len(d.gone))
	for _, line := range d.gone {
		fmt.Fprintln(w, "  -", line)
	}
	for _, line := range d.added {
		fmt.Fprintln(w, "  +", line)
	}
}

// remove removes a file that may be gone already.
func remove(name string) error {
	if err := os.Remove(name); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
