package main

import (
	"errors"
	"fmt"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/strata-net/strata/internal/tools/results"
)

// git returns what the program prints.
func git(root string, args ...string) (string, error) {
	cmd := exec.Command("git", args...) //nolint:noctx // it ends by itself
	cmd.Dir = root
	out, err := cmd.Output()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return "", fmt.Errorf("git %s: %w: %s", strings.Join(args, " "), err, exit.Stderr)
	}
	return string(out), err
}

var (
	commits = regexp.MustCompile(`(?m)^([0-9a-f]{40}) \d+ \d+( \d+)?$`)
	times   = regexp.MustCompile(`(?m)^committer-time (\d+)$`)
)

// blame returns the commit that wrote the newest line of the tables, and its day.
func blame(root, source string, r *results.Run) (commit, day string, err error) {
	out, err := git(root, "blame", "--line-porcelain", "-L", fmt.Sprintf("%d,%d", r.First, r.Last), "--", source)
	if err != nil {
		return "", "", err
	}
	newest := int64(-1)
	for block := range strings.SplitSeq(out, "\n\t") {
		who, when := commits.FindStringSubmatch(block), times.FindStringSubmatch(block)
		if who == nil || when == nil {
			continue
		}
		at, err := strconv.ParseInt(when[1], 10, 64)
		if err != nil {
			return "", "", err
		}
		if who[1] == strings.Repeat("0", 40) {
			return "", "", fmt.Errorf("%s: the tables of %s are not committed", source, r.Command)
		}
		if at > newest {
			newest, commit = at, who[1][:12]
		}
	}
	if newest < 0 {
		return "", "", fmt.Errorf("%s: git blame says nothing of the tables of %s", source, r.Command)
	}
	return commit, time.Unix(newest, 0).UTC().Format(time.DateOnly), nil
}
