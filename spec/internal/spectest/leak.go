package spectest

import (
	"net"
	"os"
	"runtime"
	"sync"
	"testing"
	"time"
)

// poller lets the runtime open what it needs for the first socket and then keeps.
var poller = sync.OnceFunc(func() {
	if l, err := net.Listen("tcp", "127.0.0.1:0"); err == nil {
		l.Close()
	}
})

// NoLeak checks at the end of the test that goroutines and descriptors (Linux) are
// back to what they were at the call.
func NoLeak(t *testing.T) {
	t.Helper()
	poller()
	goroutines, fds := runtime.NumGoroutine(), descriptors()
	t.Cleanup(func() {
		// Each try counts once, because NumGoroutine is off by hundreds at the
		// moment when the runtime moves ended ones from list to list.
		var g, f int
		for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
			if g, f = runtime.NumGoroutine(), descriptors(); g <= goroutines && f <= fds {
				return
			}
		}
		t.Errorf("leak: %d goroutines, before: %d; %d descriptors, before: %d", g, goroutines, f, fds)
	})
}

// descriptors counts those of this process, 0 where it is not known. A Windows
// program under wine sees the files of Linux, but they are wine's.
func descriptors() int {
	if runtime.GOOS != "linux" {
		return 0
	}
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return 0
	}
	return len(entries)
}
