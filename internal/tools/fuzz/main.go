package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"sync"
	"time"
)

// settings are what the flags say.
type settings struct {
	time time.Duration
	jobs int
	keep int
	only *regexp.Regexp
	temp string // for programs and inputs
}

func main() {
	s := settings{}
	flag.DurationVar(&s.time, "for", 20*time.Second, "how `long` each target runs")
	flag.IntVar(&s.jobs, "jobs", 4, "how many `targets` run at a time")
	flag.IntVar(&s.keep, "keep", 0, "how many new `inputs` of each target to copy to testdata/fuzz")
	match := flag.String("match", "", "only targets whose PACKAGE.NAME matches the `regexp`")
	tree := flag.String("check", "", "run nothing, and check the page and the committed inputs of the targets below a `folder`")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := checkOrStart(ctx, s, *tree, *match); err != nil {
		fmt.Fprintln(os.Stderr, err)
		stop()
		os.Exit(1) //nolint:gocritic // stop was called
	}
}

func checkOrStart(ctx context.Context, s settings, tree, match string) error {
	if tree != "" {
		return checkDir(tree)
	}
	return start(ctx, s, match, flag.Args())
}

// start runs the targets of modules and prints what came of it.
func start(ctx context.Context, s settings, match string, modules []string) (err error) {
	if s.only, err = regexp.Compile(match); err != nil {
		return fmt.Errorf("-match: %w", err)
	}
	if s.time <= 0 || s.jobs <= 0 || len(modules) == 0 {
		return errors.New("-for and -jobs have to be positive, and a module has to be named: see fuzz -h")
	}
	if s.temp, err = os.MkdirTemp("", "fuzz"); err != nil {
		return err
	}
	defer os.RemoveAll(s.temp)
	var all []*target
	for _, dir := range modules {
		found, err := find(ctx, s, filepath.Clean(dir))
		if err != nil {
			return fmt.Errorf("%s: %w", dir, err)
		}
		all = append(all, found...)
	}
	if len(all) == 0 {
		return errors.New("no fuzz target")
	}
	runAll(ctx, s, all)
	return report(os.Stdout, all)
}

// runAll runs targets, a few at a time.
func runAll(ctx context.Context, s settings, all []*target) {
	var wg sync.WaitGroup
	free := make(chan struct{}, s.jobs)
	for _, t := range all {
		wg.Go(func() {
			free <- struct{}{}
			defer func() { <-free }()
			t.err = t.run(ctx, s)
		})
	}
	wg.Wait()
}
