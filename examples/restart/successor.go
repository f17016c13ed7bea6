//go:build unix

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"time"

	"github.com/strata-net/strata/listener"
)

// envReady has the number of the descriptor to say on that the process serves.
const envReady = "RESTART_READY_FD"

// startSuccessor starts the program again with the sockets of l, and returns
// when it serves. If it does not, nothing is left of it.
func startSuccessor(ctx context.Context, args []string, l listener.Listener, limit time.Duration) error {
	sockets, err := l.Files()
	if err != nil {
		return err
	}
	defer closeAll(sockets)
	reader, writer, err := os.Pipe()
	if err != nil {
		return err
	}
	defer reader.Close()
	cmd := exec.CommandContext(context.WithoutCancel(ctx), program(), args[1:]...) //nolint:gosec // its own program and arguments
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	if err := listener.Pass(cmd, listener.Named{Name: name, Files: sockets}); err != nil {
		writer.Close()
		return err
	}
	cmd.Env = append(cmd.Env, envReady+"="+strconv.Itoa(3+len(cmd.ExtraFiles)))
	cmd.ExtraFiles = append(cmd.ExtraFiles, writer)
	err = cmd.Start()
	writer.Close() // so that the pipe ends with the new process
	if err != nil {
		return err
	}
	if err := awaitReady(reader, limit); err != nil {
		killErr := cmd.Process.Kill()
		return fmt.Errorf("%w (%w)", err, errors.Join(killErr, cmd.Wait()))
	}
	return cmd.Process.Release()
}

// program is what is installed now: where this process was started from, not
// what that file was then.
func program() string {
	path, err := os.Executable()
	if err != nil {
		return os.Args[0]
	}
	return path
}

func awaitReady(r *os.File, limit time.Duration) error {
	if err := r.SetReadDeadline(time.Now().Add(limit)); err != nil {
		return err
	}
	line, err := bufio.NewReader(r).ReadString('\n')
	switch {
	case err != nil:
		return fmt.Errorf("the new process did not get ready: %w", err)
	case line != "ready\n":
		return fmt.Errorf("the new process is not ready but says %q", line)
	}
	return nil
}

// sayReady tells the process that started this one, if that wants to know.
func sayReady() error {
	text := os.Getenv(envReady)
	if text == "" {
		return nil
	}
	fd, err := strconv.ParseUint(text, 10, 31)
	if err != nil {
		return fmt.Errorf("%s=%s: %w", envReady, text, err)
	}
	f := os.NewFile(uintptr(fd), envReady)
	_, err = f.WriteString("ready\n")
	return errors.Join(err, f.Close(), os.Unsetenv(envReady))
}

func closeAll(files []*os.File) {
	for _, f := range files {
		f.Close()
	}
}
