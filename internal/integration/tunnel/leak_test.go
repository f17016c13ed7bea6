package tunnel_test

import (
	"os"
	"runtime"
	"strings"
	"testing"
	"time"
)

// noLeak fails a test after which a goroutine or a descriptor of the test's is left.
func noLeak(t *testing.T) {
	t.Helper()
	goroutines, files := runtime.NumGoroutine(), descriptors()
	t.Cleanup(func() {
		var g, d int
		for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
			if g, d = runtime.NumGoroutine(), descriptors(); g <= goroutines && d <= files {
				return
			}
		}
		stacks := make([]byte, 1<<20)
		stacks = stacks[:runtime.Stack(stacks, true)]
		t.Errorf("%d goroutines and %d descriptors, before %d and %d:\n%s", g, d, goroutines, files, stacks)
	})
}

// descriptors counts those of sockets and devices; -1 where the system does not show them.
func descriptors() (n int) {
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return -1
	}
	for _, f := range list {
		target, _ := os.Readlink("/proc/self/fd/" + f.Name())
		if strings.HasPrefix(target, "socket:") || strings.HasPrefix(target, "/dev/net") || strings.HasPrefix(target, "net:") {
			n++
		}
	}
	return n
}
