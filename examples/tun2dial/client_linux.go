package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"time"
)

// clientTime bounds a client program of the demo.
const clientTime = 60 * time.Second

// clients says where and how client programs of the demo run.
type clients struct {
	where place
	env   []string // nothing else is in their environment but the path
}

// An outcome is what became of a client program.
type outcome struct {
	out, diag string
	status    int
	took      time.Duration
}

// run runs a program to its end, which may have a status of its own.
func (c *clients) run(ctx context.Context, input io.Reader, program string, args ...string) (outcome, error) {
	ctx, cancel := context.WithTimeout(ctx, clientTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...)
	var out, diag bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = input, &out, &diag
	cmd.Env = append([]string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C", "HOME=/nonexistent"}, c.env...)
	begun := time.Now()
	if err := c.where.do(cmd.Start); err != nil {
		return outcome{}, fmt.Errorf("%v: %w", cmd.Args, err)
	}
	err := cmd.Wait()
	o := outcome{out: out.String(), diag: strings.TrimSpace(diag.String()), status: cmd.ProcessState.ExitCode(), took: time.Since(begun)}
	if _, ok := errors.AsType[*exec.ExitError](err); ok && ctx.Err() == nil {
		err = nil
	}
	return o, err
}

// must is run for a program that must succeed.
func (c *clients) must(ctx context.Context, input io.Reader, program string, args ...string) (outcome, error) {
	o, err := c.run(ctx, input, program, args...)
	if err == nil && o.status != 0 {
		err = fmt.Errorf("%s %s: status %d: %s %s", program, strings.Join(args, " "), o.status, o.diag, o.out)
	}
	return o, err
}
