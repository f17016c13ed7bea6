package main

import (
	"bytes"
	"context"
	crand "crypto/rand"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// nobody is a host without a network.
type nobody struct{}

var errNobody = errors.New("nobody has a network")

func (nobody) Name() string                                   { return "nobody" }
func (nobody) Listen(string) (net.Listener, error)            { return nil, errNobody }
func (nobody) Dial(context.Context, string) (net.Conn, error) { return nil, errNobody }

// noBubble is for tests that never simulate.
func noBubble(func() error, func()) { panic("a simulation") }

// processes skips where there are no processes, or no network between them.
func processes(t *testing.T) {
	t.Helper()
	switch runtime.GOOS {
	case "linux", "windows", "darwin", "freebsd", "openbsd", "netbsd", "dragonfly":
		t.Setenv("RAFTLIKE_TEST_PROGRAM", "1")
	default:
		t.Skip("lonet needs locks that " + runtime.GOOS + " has not")
	}
}

// Five processes, the leader of which is killed and comes back.
func TestProcesses(t *testing.T) {
	processes(t)
	var out shared
	var text bytes.Buffer
	out.out = &text
	data := t.TempDir()
	require.NoError(t, start(t.Context(), []string{"raftlike", "-processes", "5", "-commands", "20", "-data", data}, nil, &out, noBubble), "%s", &text)
	assert.Contains(t, text.String(), " is killed\n")
	assert.Contains(t, text.String(), "all 5 nodes have all 60 commands\n")
	assert.GreaterOrEqual(t, strings.Count(text.String(), " leads term "), 2)
	assert.Equal(t, 6, strings.Count(text.String(), " starts\n"))
	files, err := filepath.Glob(filepath.Join(data, "n?.json"))
	require.NoError(t, err)
	assert.Len(t, files, 5)
}

func TestProcessesThatFail(t *testing.T) {
	processes(t)
	var text bytes.Buffer
	c := cluster{nodes: 3, commands: 1, data: t.TempDir(), program: filepath.Join(t.TempDir(), "no"), out: &text}
	assert.ErrorIs(t, c.run(t.Context()), os.ErrNotExist)

	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	out := &shared{out: &noticing{&text, "save: ", cancel}}
	c = cluster{nodes: 3, commands: 1, data: filepath.Join(t.TempDir(), "no"), program: program(), out: out}
	err := c.run(ctx)
	assert.ErrorIs(t, err, context.Canceled, "no node could save")
	assert.ErrorContains(t, err, "exit status 1")
	assert.ErrorContains(t, c.kill("n9"), `no process is node "n9"`)
}

// noticing calls a function when a text has been written.
type noticing struct {
	*bytes.Buffer
	text string
	then func()
}

func (n *noticing) Write(b []byte) (int, error) {
	defer func() {
		if strings.Contains(n.String(), n.text) {
			n.then()
		}
	}()
	return n.Buffer.Write(b)
}

// A node ends with its standard input.
func TestMemberEnds(t *testing.T) {
	processes(t)
	in, input := io.Pipe()
	lines, out := io.Pipe()
	args := []string{"raftlike", "-network", "raftlike-test-" + crand.Text(), "-node", "a", "-peers", "b,c", "-data", t.TempDir()}
	done := make(chan error)
	go func() { done <- start(t.Context(), args, in, out, noBubble) }()
	_, err := io.ReadFull(lines, make([]byte, len("a starts\n")))
	require.NoError(t, err)
	go io.Copy(io.Discard, lines)
	require.NoError(t, input.Close())
	require.NoError(t, <-done)
	require.NoError(t, out.Close())
}

func TestNodeWithoutNetwork(t *testing.T) {
	n, err := NewNode(Config{Host: nobody{}, Store: &memory{}, Rand: rand.New(rand.NewPCG(1, 1))})
	require.NoError(t, err)
	assert.ErrorIs(t, n.Run(t.Context()), errNobody)
}

func TestCommandLine(t *testing.T) {
	var out bytes.Buffer
	for _, tc := range []struct{ args, want string }{
		{"-no", "flag provided but not defined: -no"},
		{"extra", "unexpected: extra"},
		{"-for 1m", "-for 1m0s: must be more than 2m0s"},
		{"-nodes 0", "-nodes 0: must be from 1 to 99"},
		{"-arrows -1", "-arrows -1: must not be negative"},
		{"-processes 100", "-processes 100: must be from 0 to 99"},
		{"-commands 0", "-commands 0: must be positive"},
		{"-node n1", "-network and -node go together"},
		{"-network x -node n1", "-network needs -data"},
		{"-network x -node n1 -data . -processes 5", "-network and -processes exclude each other"},
	} {
		err := start(t.Context(), append([]string{"raftlike"}, strings.Fields(tc.args)...), nil, &out, noBubble)
		assert.EqualError(t, err, tc.want)
	}
	assert.Contains(t, out.String(), "-processes number")
	var bubbled bool
	require.NoError(t, start(t.Context(), []string{"raftlike"}, nil, &out, func(_ func() error, after func()) { bubbled = true; after() }))
	assert.True(t, bubbled)
}

// The program makes itself a test, to have a bubble.
func TestProgramSimulates(t *testing.T) {
	processes(t)
	run := func(args ...string) (string, error) {
		out, err := command(t, args...).CombinedOutput()
		return string(out), err
	}
	out, err := run("-seed", "7", "-for", "4m", "-arrows", "3")
	require.NoError(t, err, out)
	assert.Contains(t, out, "seed 7: 5 nodes for 4m0s\n")
	assert.Contains(t, out, " more events\nin ")
	out, err = run("-seed", "7", "-for", "4m", "-mermaid", filepath.Join(t.TempDir(), "no", "m"))
	assert.ErrorContains(t, err, "exit status 1")
	assert.Contains(t, out, "the same again: -seed 7 -for 4m0s -nodes 5")
	out, err = run("-seed", "x")
	assert.ErrorContains(t, err, "exit status 1")
	assert.Contains(t, out, `invalid value "x"`)
}

func command(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], args...)
	// The race detector would let it sleep for a second at its end.
	cmd.Env = append(os.Environ(), "GORACE="+os.Getenv("GORACE")+" atexit_sleep_ms=0")
	return cmd
}
