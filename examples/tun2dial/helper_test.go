package main

import (
	"bytes"
	"net"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// patience is how long a test waits for what takes moments.
const patience = 30 * time.Second

// need skips a test that lacks a program; where CI=true it must be there.
func need(t *testing.T, programs ...string) {
	t.Helper()
	for _, p := range programs {
		if _, err := exec.LookPath(p); err != nil {
			lack(t, p+" is missing")
		}
	}
}

// lack skips a test, or fails it where nothing may be missing.
func lack(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatal(what)
	}
	t.Skip(what)
}

// noLeak fails the test if there are more goroutines or descriptors at its end than now.
// Call it before anything else that has a cleanup.
func noLeak(t *testing.T) {
	t.Helper()
	first, err := net.Listen("tcp", "127.0.0.1:0") // opens the poller, which stays
	require.NoError(t, err)
	require.NoError(t, first.Close())
	goroutines, fds := runtime.NumGoroutine(), openFDs(t)
	t.Cleanup(func() {
		var g, f int
		for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
			runtime.GC() // package internal/poll keeps pipes for splice until then
			if g, f = runtime.NumGoroutine(), openFDs(t); g <= goroutines && f <= fds {
				return
			}
		}
		stacks := make([]byte, 1<<20)
		t.Errorf("goroutines %d -> %d, descriptors %d -> %d\n%s", goroutines, g, fds, f, stacks[:runtime.Stack(stacks, true)])
	})
}

// lines is a writer that several goroutines write and read.
type lines struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lines) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lines) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// asProgram makes the test binary the program under test.
const asProgram = "TUN2DIAL_TEST_RUN"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		os.Unsetenv(asProgram) // it is not for the programs that this one runs
		main()                 // exits
	}
	os.Exit(m.Run())
}
