//go:build !js && !plan9

package netstack_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestQuiet gives a process packets that the engine has something to say about.
func TestQuiet(t *testing.T) {
	const child = "STRATA_TEST_QUIET"
	if os.Getenv(child) != "" {
		s, d := newScripted(t, nil)
		d.send(t, echoPacket(addr("127.0.0.1"), addr("192.0.2.1"), 64, nil))
		d.send(t, echoPacket(addr("192.0.2.9"), addr("127.0.0.1"), 64, nil))
		d.send(t, echoPacket(addr("192.0.2.9"), addr("192.0.2.1"), 64, nil))
		d.next(t)
		assert.EqualValues(t, 3, s.Stats().NICs[1].RxPackets)
		return
	}
	c := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestQuiet$", "-test.count=1")
	// The race detector would let it sleep for a second at its end.
	c.Env = append(os.Environ(), child+"=1", "GORACE="+os.Getenv("GORACE")+" atexit_sleep_ms=0")
	out, err := c.CombinedOutput()
	require.NoError(t, err, "%s", out)
	said, _, _ := strings.Cut(string(out), "coverage:") // which a test that is measured adds
	assert.Equal(t, "PASS\n", said)
}
