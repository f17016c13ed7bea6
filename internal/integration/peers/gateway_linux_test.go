package peers_test

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// gateway is examples/gateway in a process of its own.
type gateway struct {
	cmd *exec.Cmd
	dir string
	ca  string // file of the CA that signed its certificates
	log buffer
}

// start runs the gateway with a configuration until the test ends, and waits
// until it listens. It must end in good order.
func start(t *testing.T, config string) *gateway {
	t.Helper()
	path := build(t, root, "./examples/gateway")
	g := &gateway{dir: t.TempDir()}
	file := filepath.Join(g.dir, "gateway.yaml")
	require.NoError(t, os.WriteFile(file, []byte(config), 0o600))
	g.ca = filepath.Join(g.dir, "ca.pem")
	// Not t.Context(): it ends before the cleanup, and a second signal is no good order.
	g.cmd = exec.CommandContext(context.WithoutCancel(t.Context()), path, "-config", file, "-log", "info")
	if strings.Contains(config, "self_signed") {
		g.cmd.Args = append(g.cmd.Args, "-ca-out", g.ca)
	}
	g.cmd.Dir, g.cmd.Stdout, g.cmd.Stderr = g.dir, &g.log, &g.log
	require.NoError(t, g.cmd.Start())
	t.Cleanup(func() {
		_ = g.cmd.Process.Signal(syscall.SIGTERM)
		assert.NoError(t, g.cmd.Wait(), "%s", &g.log)
		assert.Contains(t, g.log.String(), "msg=stopped")
	})
	require.Eventually(t, func() bool { return g.log.has(`msg=ready`) }, 20*time.Second, 10*time.Millisecond,
		"%s", &g.log)
	return g
}

// address returns where a listener listens, as host:port.
func (g *gateway) address(t *testing.T, listener string) string {
	t.Helper()
	pattern := regexp.MustCompile(`msg=listening listener=` + regexp.QuoteMeta(listener) + ` .*\baddress=(\S+)`)
	found := pattern.FindStringSubmatch(g.log.String())
	require.NotNil(t, found, "%s", &g.log)
	return found[1]
}

// buffer is a bytes.Buffer for several goroutines.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

func (b *buffer) has(pattern string) bool { return regexp.MustCompile(pattern).MatchString(b.String()) }
