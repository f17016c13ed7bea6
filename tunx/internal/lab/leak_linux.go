package lab

import (
	"net"
	"os"
	"runtime"
	"testing"
	"time"
)

// NoLeak checks at the end of the test that goroutines and descriptors are back to what
// they were at the call.
func NoLeak(t testing.TB) {
	t.Helper()
	// The first socket of a process opens the poller, which stays.
	first, err := (&net.ListenConfig{}).ListenPacket(t.Context(), "udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	first.Close()
	goroutines, fds := runtime.NumGoroutine(), openFDs(t)
	t.Cleanup(func() {
		// Each try counts once, because NumGoroutine is off by hundreds at the moment
		// when the runtime moves ended ones from list to list.
		var g, f int
		for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
			if g, f = runtime.NumGoroutine(), openFDs(t); g <= goroutines && f <= fds {
				return
			}
		}
		t.Errorf("leak: goroutines: %d, before: %d; descriptors: %d, before: %d", g, goroutines, f, fds)
	})
}

func openFDs(t testing.TB) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}
