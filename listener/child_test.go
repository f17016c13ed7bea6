//go:build linux || darwin || freebsd || openbsd || netbsd || dragonfly

package listener_test

import (
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"
)

// roles is what this test binary does as another process.
var roles = map[string]func(t *testing.T){
	"race":       raceForStaleFiles,
	"pid":        insistOnPID,
	"parent":     startsAnother,
	"grandchild": takesNothing,
	"successor":  takesOver,
}

// TestChild is that other process; by itself it does nothing.
func TestChild(t *testing.T) {
	if role := os.Getenv("STRATA_CHILD"); role != "" {
		require.Contains(t, roles, role)
		roles[role](t)
	}
}

// child returns this test binary in a role.
func child(t *testing.T, role string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run", "^TestChild$")
	// The race detector would let it sleep for a second at its end.
	cmd.Env = append(os.Environ(), "STRATA_CHILD="+role, "GORACE="+os.Getenv("GORACE")+" atexit_sleep_ms=0")
	t.Cleanup(func() {
		if cmd.Process != nil {
			cmd.Process.Kill() // not needed if all went well
		}
	})
	return cmd
}
