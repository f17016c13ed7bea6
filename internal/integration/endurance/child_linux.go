package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"time"

	"golang.org/x/sys/unix"
)

// A child is a process of an upstream.
type child struct {
	config upstream
	place  place
	cmd    *exec.Cmd
}

// start starts the process and waits until it listens.
func (c *child) start() error {
	config, err := json.Marshal(&c.config) //nolint:musttag // both sides are this program
	if err != nil {
		return err
	}
	c.cmd = exec.Command("/proc/self/exe") //nolint:noctx // it is killed
	c.cmd.Env = append(os.Environ(), asUpstream+"="+string(config), "GOMAXPROCS=1")
	c.cmd.Stderr = os.Stderr
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := c.place.start(c.cmd); err != nil {
		return err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		c.kill()
		return fmt.Errorf("upstream %s: it ended before it was ready: %q: %w", c.config.Name, line, err)
	}
	return nil
}

// kill ends it at once, as a crash does.
func (c *child) kill() {
	if c.cmd == nil {
		return
	}
	_ = c.cmd.Process.Kill()
	_ = c.cmd.Wait() // says that it was killed
	c.cmd = nil
}

// suspend stops a process, until it is resumed.
func suspend(pid int) error {
	if err := unix.Kill(pid, unix.SIGSTOP); err != nil {
		return os.NewSyscallError("kill", err)
	}
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if state, err := stateOf(pid); err != nil || state == 'T' {
			return err
		}
	}
	return errors.New("a process does not stop")
}

func resume(pid int) error { return os.NewSyscallError("kill", unix.Kill(pid, unix.SIGCONT)) }
