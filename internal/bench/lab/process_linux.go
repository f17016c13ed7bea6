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

	"golang.org/x/sys/unix"
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

// AnyCPU lets a process run where the system likes.
const AnyCPU = -1

// Start starts a program in a namespace, on one CPU or any, with more variables in its environment. It is killed when
// the time is over: a process that hangs must not hang the bench.
func Start(n *Namespace, cpu int, atMost time.Duration, env []string, program string, args ...string) (*Process, error) {
	ctx, cancel := context.WithTimeout(context.Background(), atMost)
	p := &Process{cancel: cancel, Cmd: exec.CommandContext(ctx, program, args...)}
	p.Env = append(os.Environ(), env...)
	p.Stderr = &p.errors
	err := p.start(n, cpu)
	if err != nil {
		cancel()
		return nil, err
	}
	return p, nil
}

func (p *Process) start(n *Namespace, cpu int) (err error) {
	if p.in, err = p.StdinPipe(); err != nil {
		return err
	}
	out, err := p.StdoutPipe()
	if err != nil {
		return err
	}
	p.lines = json.NewDecoder(out)
	if cpu == AnyCPU {
		return n.Do(p.Cmd.Start)
	}
	return onThread(func() error {
		var set unix.CPUSet // the child inherits that of the thread which starts it
		set.Set(cpu)
		if err := unix.SchedSetaffinity(0, &set); err != nil {
			return fmt.Errorf("run on CPU %d only: %w", cpu, os.NewSyscallError("sched_setaffinity", err))
		}
		return n.enter(p.Cmd.Start)
	})
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
