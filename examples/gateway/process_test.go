package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// asGateway makes the test binary the program under test, and asQuiet gives that
// another drainQuiet: a busy machine may stand still for as long as the usual one.
const (
	asGateway = "GATEWAY_TEST_RUN"
	asQuiet   = "GATEWAY_TEST_QUIET"
)

func TestMain(m *testing.M) {
	if os.Getenv(asGateway) != "" {
		if d, err := time.ParseDuration(os.Getenv(asQuiet)); err == nil {
			drainQuiet = d
		}
		main() // exits
	}
	os.Exit(m.Run())
}

// program returns the command that runs the gateway with arguments.
func program(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.CommandContext(t.Context(), self, args...)
	// The race detector would let it sleep for a second at its end.
	cmd.Env = append(os.Environ(), asGateway+"=1", "GORACE="+os.Getenv("GORACE")+" atexit_sleep_ms=0")
	return cmd
}

// process is a gateway in a process of its own.
type process struct {
	cmd  *exec.Cmd
	ca   string // file
	log  logBuffer
	exit chan error
}

// spawn runs a configuration in a process and waits until it listens.
func spawn(t *testing.T, config string) *process {
	t.Helper()
	return spawnWith(t, config, func(*exec.Cmd) {})
}

// spawnWith is spawn with a change to the command.
func spawnWith(t *testing.T, config string, change func(*exec.Cmd)) *process {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "gateway.yaml")
	require.NoError(t, os.WriteFile(file, []byte(config), 0o600))
	p := &process{ca: filepath.Join(dir, "ca.pem"), exit: make(chan error, 1)}
	p.cmd = program(t, "-config", file)
	if strings.Contains(config, "self_signed") {
		p.cmd.Args = append(p.cmd.Args, "-ca-out", p.ca)
	}
	p.cmd.Stderr = &p.log
	change(p.cmd)
	require.NoError(t, p.cmd.Start())
	go func() { p.exit <- p.cmd.Wait() }()
	t.Cleanup(func() {
		p.cmd.Process.Kill() // has ended already in most tests
		if t.Failed() {
			t.Log(p.log.String())
		}
	})
	p.log.eventually(t, "msg=ready")
	return p
}

// address returns where a listener listens, from the log.
func (p *process) address(t *testing.T, name string) string {
	t.Helper()
	lines := bufio.NewScanner(strings.NewReader(p.log.String()))
	for lines.Scan() {
		if !strings.Contains(lines.Text(), fmt.Sprintf("msg=listening listener=%s ", name)) {
			continue
		}
		_, rest, _ := strings.Cut(lines.Text(), " address=")
		address, _, _ := strings.Cut(rest, " ")
		return address
	}
	t.Fatalf("no listener %s in\n%v", name, &p.log)
	return ""
}

// terminate sends SIGTERM and waits until the gateway takes notice.
func (p *process) terminate(t *testing.T) {
	t.Helper()
	require.NoError(t, p.cmd.Process.Signal(syscall.SIGTERM))
	p.log.eventually(t, "msg=draining")
}

// ended waits for the end and returns the exit status.
func (p *process) ended(t *testing.T) int {
	t.Helper()
	select {
	case err := <-p.exit:
		p.exit <- err
		return status(t, err)
	case <-time.After(patience):
		t.Fatal("the gateway did not end")
		return -1
	}
}

// status returns the exit status of a command.
func status(t *testing.T, err error) int {
	t.Helper()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return exit.ExitCode()
	}
	require.NoError(t, err)
	return 0
}
