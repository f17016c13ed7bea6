package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// gateway is examples/gateway in a process of its own.
type gateway struct {
	dir    string
	socket string // of the probe
	now    document
	cmd    *exec.Cmd
	log    *logbook
	exited chan struct{}
	end    error         // after exited
	cpu    time.Duration // the same
}

// memoryGoal is GOMEMLIMIT of the gateway, in bytes: the collector works harder near it. The race detector's memory is
// not part of it.
const memoryGoal = 40 << 20

// build builds the gateway of the workspace that this runs in, with the probe in it, and says where its source is.
func build(dir string, race bool) (program, source string, err error) {
	out, err := exec.Command("go", "list", "-f", "{{.Dir}}", "github.com/strata-net/strata/examples/gateway").Output() //nolint:noctx // it ends by itself
	if err != nil {
		return "", "", fmt.Errorf("find the gateway: %w", err)
	}
	source = strings.TrimSpace(string(out))
	probe := filepath.Join(dir, "probe.go")
	if err := os.WriteFile(probe, probeSource, 0o600); err != nil {
		return "", source, err
	}
	overlay, err := json.Marshal(map[string]map[string]string{
		"Replace": {filepath.Join(source, "endurance_probe.go"): probe},
	})
	if err != nil {
		return "", source, err
	}
	file := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(file, overlay, 0o600); err != nil {
		return "", source, err
	}
	program = filepath.Join(dir, "gateway")
	args := []string{"build", "-buildvcs=false", "-overlay", file, "-o", program}
	if race {
		args = append(args, "-race")
	}
	cmd := exec.Command("go", append(args, "github.com/strata-net/strata/examples/gateway")...) //nolint:noctx // it ends by itself
	if text, err := cmd.CombinedOutput(); err != nil {
		return "", source, fmt.Errorf("build the gateway: %w: %s", err, text)
	}
	return program, source, nil
}

// startGateway runs the program with a document and waits until it listens.
func startGateway(p place, program, dir string, d document) (*gateway, error) {
	g := &gateway{dir: dir, socket: filepath.Join(dir, "probe"), log: newLogbook(), exited: make(chan struct{})}
	if err := g.write(d); err != nil {
		return nil, err
	}
	g.cmd = exec.Command(program, "-config", g.file()) //nolint:noctx // it is told to end
	g.cmd.Env = append(os.Environ(), probeSocket+"="+g.socket, fmt.Sprintf("GOMEMLIMIT=%d", memoryGoal))
	g.cmd.Dir, g.cmd.Stdout, g.cmd.Stderr = dir, g.log, g.log
	if err := p.start(g.cmd); err != nil {
		return nil, err
	}
	go func() {
		g.end = g.cmd.Wait()
		g.cpu = g.cmd.ProcessState.UserTime() + g.cmd.ProcessState.SystemTime()
		close(g.exited)
	}()
	if err := g.awaitLog("msg=ready", 0, time.Minute); err != nil {
		g.kill()
		return nil, err
	}
	return g, nil
}

func (g *gateway) pid() int { return g.cmd.Process.Pid }

func (g *gateway) file() string { return filepath.Join(g.dir, "gateway.yaml") }

// write makes the document, at once.
func (g *gateway) write(d document) error {
	g.now = d
	next := g.file() + ".next"
	if err := os.WriteFile(next, []byte(d.text(g.dir)), 0o600); err != nil {
		return err
	}
	return os.Rename(next, g.file())
}

// reload gives it another document, and waits until the log says what became of it.
func (g *gateway) reload(d document, says string) error {
	before := g.log.count(says)
	if err := g.write(d); err != nil {
		return err
	}
	if err := g.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		return err
	}
	return g.awaitLog(says, before, time.Minute)
}

// awaitLog waits until the log has a text more often than before.
func (g *gateway) awaitLog(text string, before int, limit time.Duration) error {
	for end := time.Now().Add(limit); ; {
		if g.log.count(text) > before {
			return nil
		}
		select {
		case <-g.exited:
			return fmt.Errorf("the gateway has ended: %w\n%s", errors.Join(g.end, errEnded), g.log.tail())
		case <-time.After(20 * time.Millisecond):
		}
		if time.Now().After(end) {
			return fmt.Errorf("the gateway does not log %q within %v; of its log:\n%s", text, limit, g.log.tail())
		}
	}
}

var errEnded = errors.New("it should run")

// alive returns an error when the process has ended.
func (g *gateway) alive() error {
	select {
	case <-g.exited:
		return fmt.Errorf("the gateway has ended: %w\n%s", errors.Join(g.end, errEnded), g.log.tail())
	default:
		return nil
	}
}

// limitDescriptors lets the process have files with numbers below n only; it returns how to go back.
func (g *gateway) limitDescriptors(n uint64) (func() error, error) {
	var old unix.Rlimit
	if err := unix.Prlimit(g.pid(), unix.RLIMIT_NOFILE, nil, &old); err != nil {
		return nil, os.NewSyscallError("prlimit", err)
	}
	low := unix.Rlimit{Cur: n, Max: old.Max}
	if err := unix.Prlimit(g.pid(), unix.RLIMIT_NOFILE, &low, nil); err != nil {
		return nil, os.NewSyscallError("prlimit", err)
	}
	return func() error {
		return os.NewSyscallError("prlimit", unix.Prlimit(g.pid(), unix.RLIMIT_NOFILE, &old, nil))
	}, nil
}

// stop asks it to end, and wants it to end in good order.
func (g *gateway) stop() error {
	if err := g.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return errors.Join(err, g.alive())
	}
	select {
	case <-g.exited:
	case <-time.After(time.Minute):
		g.kill()
		return fmt.Errorf("the gateway did not end within a minute of SIGTERM\n%s", g.log.tail())
	}
	if g.end != nil {
		return fmt.Errorf("the gateway ended with %w\n%s", g.end, g.log.tail())
	}
	return nil
}

func (g *gateway) kill() {
	_ = g.cmd.Process.Kill()
	<-g.exited
}
