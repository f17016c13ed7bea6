package main

import (
	"bytes"
	"context"
	"fmt"
	"net/netip"
	"os/exec"
	"time"
)

// A server is a program that runs in the world until it is closed.
type server struct {
	cmd  *exec.Cmd
	diag bytes.Buffer
	in   *world
	exit chan struct{}
}

// startServer starts a program.
func startServer(ctx context.Context, w *world, program string, args ...string) (*server, error) {
	s := &server{in: w, exit: make(chan struct{})}
	s.cmd = exec.CommandContext(ctx, program, args...)
	s.cmd.Stdout, s.cmd.Stderr = &s.diag, &s.diag
	if err := w.do(s.cmd.Start); err != nil {
		return nil, fmt.Errorf("start %s: %w", program, err)
	}
	go func() {
		_ = s.cmd.Wait() // it is killed
		close(s.exit)
	}()
	return s, nil
}

// await waits until it listens.
func (s *server) await(ctx context.Context, address netip.AddrPort) error {
	ctx, cancel := context.WithTimeout(ctx, dialTime)
	defer cancel()
	for {
		c, err := s.in.dial(ctx, "tcp", address.String())
		if err == nil {
			return c.Close()
		}
		select {
		case <-s.exit:
			return fmt.Errorf("%v ended: %s", s.cmd.Args, s.diag.Bytes())
		case <-ctx.Done():
			return fmt.Errorf("%v does not listen: %w", s.cmd.Args, err)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// Close kills it and waits.
func (s *server) Close() error {
	_ = s.cmd.Process.Kill() // it may have ended
	<-s.exit
	return nil
}
