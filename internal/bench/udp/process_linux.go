package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"

	"github.com/strata-net/strata/internal/bench/lab"
)

// asAgent in the environment makes this program an agent. Its value is the way.
const asAgent = "STRATA_BENCH_UDP_WAY"

// A process is an agent seen from outside.
type process struct {
	*exec.Cmd
	in      io.WriteCloser
	lines   *json.Decoder
	errors  bytes.Buffer
	cancel  context.CancelFunc
	stopped bool
}

// programs are those that agents run.
type programs struct{ self, native string }

func (p programs) start(in *lab.Namespace, j job) (*process, error) {
	// The time is for a machine that is busy; an agent that hangs must not hang the bench.
	ctx, cancel := context.WithTimeout(context.Background(), j.time+30*time.Second)
	a := &process{cancel: cancel}
	if j.way == yardstick {
		a.Cmd = exec.CommandContext(ctx, p.native, j.args()...)
	} else {
		a.Cmd = exec.CommandContext(ctx, p.self, j.args()...)
		a.Env = append(os.Environ(), asAgent+"="+j.way)
	}
	a.Stderr = &a.errors
	var err error
	if a.in, err = a.StdinPipe(); err != nil {
		cancel()
		return nil, err
	}
	out, err := a.StdoutPipe()
	if err != nil {
		cancel()
		return nil, err
	}
	a.lines = json.NewDecoder(out)
	if err := in.Start(a.Cmd); err != nil {
		cancel()
		return nil, err
	}
	return a, nil
}

// line reads the next line into v.
func (a *process) line(v any) error {
	if err := a.lines.Decode(v); err != nil {
		end := a.stop()
		return fmt.Errorf("agent %v: %w: %w: %s", a.Args, err, end, a.errors.Bytes())
	}
	return nil
}

// tell says to a receiver that the sender has ended.
func (a *process) tell() error {
	_, err := io.WriteString(a.in, "stop\n")
	return err
}

// stop lets the agent end and waits for it.
func (a *process) stop() error {
	if a.stopped {
		return nil
	}
	a.stopped = true
	a.in.Close()
	defer a.cancel()
	return a.Wait()
}
