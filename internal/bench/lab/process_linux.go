package lab

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"
)

// A Process is a program that prints lines of JSON, and ends when its standard input does.
type Process struct {
	*exec.Cmd
	in      io.WriteCloser
	lines   *json.Decoder
	errors  bytes.Buffer
	cancel  context.CancelFunc
	stopped bool
}

// Start starts a program in a namespace, with more variables in its environment. It is killed when the time is over:
// a process that hangs must not hang the bench.
func Start(n *Namespace, atMost time.Duration, env []string, program string, args ...string) (*Process, error) {
	ctx, cancel := context.WithTimeout(context.Background(), atMost)
	p := &Process{cancel: cancel, Cmd: exec.CommandContext(ctx, program, args...)}
	p.Env = append(os.Environ(), env...)
	p.Stderr = &p.errors
	err := p.start(n)
	if err != nil {
		cancel()
		return nil, err
	}
	return p, nil
}

func (p *Process) start(n *Namespace) (err error) {
	if p.in, err = p.StdinPipe(); err != nil {
		return err
	}
	out, err := p.StdoutPipe()
	if err != nil {
		return err
	}
	p.lines = json.NewDecoder(out)
	return n.Start(p.Cmd)
}

// Line reads the next line into v. The error has what the process wrote to its standard error.
func (p *Process) Line(v any) error {
	if err := p.lines.Decode(v); err != nil {
		end := p.Stop()
		return fmt.Errorf("%v: %w: %w: %s", p.Args, err, end, p.errors.Bytes())
	}
	return nil
}

// Tell sends the process an empty line.
func (p *Process) Tell() error {
	_, err := io.WriteString(p.in, "\n")
	return err
}

// Stop lets the process end and waits for it. Only the first call can return an error.
func (p *Process) Stop() error {
	if p.stopped {
		return nil
	}
	p.stopped = true
	p.in.Close()
	defer p.cancel()
	return p.Wait()
}
