package lonet_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/virtnet"
	"github.com/strata-net/strata/virtnet/lonet"
)

// childEnv makes the test's program a member of a network: "NETWORK HOST".
const childEnv = "LONET_TEST_CHILD"

func TestMain(m *testing.M) {
	if who := os.Getenv(childEnv); who != "" {
		if err := child(context.Background(), strings.Fields(who), os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stdout, "failed:", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// child is a host that returns what it is sent, on port 1. For each line that it
// reads, an address, it says what the host there returns of "hello". It closes its
// network when there are no more.
func child(ctx context.Context, who []string, in io.Reader, out io.Writer) error {
	n, err := lonet.Join(ctx, who[0])
	if err != nil {
		return err
	}
	h, err := n.NewHost(ctx, who[1])
	if err != nil {
		return err
	}
	l, err := h.Listen(":1")
	if err != nil {
		return err
	}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				_, _ = io.Copy(c, c)
			}()
		}
	}()
	fmt.Fprintln(out, "ready")
	for s := bufio.NewScanner(in); s.Scan(); {
		fmt.Fprintln(out, hello(ctx, h, s.Text()))
	}
	return n.Close()
}

// hello sends "hello" to an address and returns what comes back, or the error.
func hello(ctx context.Context, h *virtnet.Host, addr string) string {
	c, err := h.Dial(ctx, addr)
	if err != nil {
		return err.Error()
	}
	defer c.Close()
	got := make([]byte, 5)
	if _, err = io.WriteString(c, "hello"); err == nil {
		_, err = io.ReadFull(c, got)
	}
	if err != nil {
		return err.Error()
	}
	return string(got)
}

// process is a running child.
type process struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
	end func() error
}

// start starts a child and waits until it is ready.
func start(t *testing.T, network, host string) *process {
	t.Helper()
	exe, err := os.Executable()
	require.NoError(t, err)
	p := &process{cmd: exec.Command(exe)}
	// The race detector would let it sleep for a second at its end.
	p.cmd.Env = append(os.Environ(), childEnv+"="+network+" "+host, "GORACE="+os.Getenv("GORACE")+" atexit_sleep_ms=0")
	p.cmd.Stderr = os.Stderr
	p.in, err = p.cmd.StdinPipe()
	require.NoError(t, err)
	out, err := p.cmd.StdoutPipe()
	require.NoError(t, err)
	p.out = bufio.NewReader(out)
	require.NoError(t, p.cmd.Start())
	p.end = sync.OnceValue(p.cmd.Wait)
	t.Cleanup(func() {
		p.in.Close()
		assert.NoError(t, p.end())
	})
	require.Equal(t, "ready", p.line(t))
	return p
}

// line reads a line of what it says.
func (p *process) line(t *testing.T) string {
	t.Helper()
	line, err := p.out.ReadString('\n')
	require.NoError(t, err, line)
	return strings.TrimSuffix(line, "\n")
}

// ask lets it dial.
func (p *process) ask(t *testing.T, addr string) string {
	t.Helper()
	_, err := fmt.Fprintln(p.in, addr)
	require.NoError(t, err)
	return p.line(t)
}

// kill ends it as nobody can prevent.
func (p *process) kill(t *testing.T) {
	t.Helper()
	require.NoError(t, p.cmd.Process.Kill())
	require.Error(t, p.end())
	p.end = func() error { return nil }
}

func TestFiveProcesses(t *testing.T) {
	tempDir(t)
	noLeak(t)
	n := join(t, "")
	var all []*process
	names := []string{"a", "b", "c", "d"}
	for _, name := range names {
		all = append(all, start(t, shortName(n), name))
	}
	me := host(t, n, "e")
	l, err := me.Listen(":1")
	require.NoError(t, err)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = io.CopyN(c, c, 5)
			c.Close()
		}
	}()
	for range 3 {
		for _, to := range append(names, "e") {
			for _, p := range all {
				assert.Equal(t, "hello", p.ask(t, to+":1"))
			}
			assert.Equal(t, "hello", hello(t.Context(), me, to+":1"))
		}
	}
	assert.Equal(t, "dial "+n.Network()+" a:2->b:99: connection refused", all[0].ask(t, "b:99"))
	_, err = n.NewHost(t.Context(), "a")
	assert.ErrorIs(t, err, virtnet.ErrHostDup)
}

func TestKill(t *testing.T) {
	base := tempDir(t)
	noLeak(t)
	n := join(t, "x")
	me := host(t, n, "me")
	victim, witness := start(t, "x", "victim"), start(t, "x", "witness")
	require.Equal(t, "hello", hello(t.Context(), me, "victim:1"))
	require.Equal(t, "hello", witness.ask(t, "victim:1"))
	c, err := me.Dial(t.Context(), "victim:1")
	require.NoError(t, err)
	victim.kill(t)

	_, err = c.Read(make([]byte, 1))
	require.Error(t, err, "a conn ends with the process")
	_, err = me.Dial(t.Context(), "victim:1")
	require.ErrorIs(t, err, virtnet.ErrNoHost)
	assert.Equal(t, `dial lonetx witness:2->victim:1: lonet(lonetx): query "victim": no such host`, witness.ask(t, "victim:1"))

	// The name is free, and those who knew the old one find the new one.
	start(t, "x", "victim")
	assert.Equal(t, "hello", hello(t.Context(), me, "victim:1"))
	assert.Equal(t, "hello", witness.ask(t, "victim:1"))
	assert.Len(t, files(t, base), 5)
}

// TestKillLast: the next who joins any network cleans up.
func TestKillLast(t *testing.T) {
	base := tempDir(t)
	noLeak(t)
	start(t, "one", "a").kill(t)
	start(t, "two", "a").kill(t)
	assert.Len(t, files(t, base), 3, "the second has removed what the first left")
	require.NoError(t, join(t, "three").Close())
}

// TestKillAtAnyTime: whatever a process was doing, its name is free afterwards.
func TestKillAtAnyTime(t *testing.T) {
	tempDir(t)
	noLeak(t)
	n := join(t, "x")
	for range 5 {
		p := start(t, "x", "a")
		_, err := io.WriteString(p.in, strings.Repeat("a:1\n", 100))
		require.NoError(t, err)
		p.line(t)
		p.kill(t)
		h := host(t, n, "a")
		require.NoError(t, h.Close())
	}
}
