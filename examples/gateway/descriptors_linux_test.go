package main

import (
	"net"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A gateway that runs out of descriptors refuses what is too much, and serves
// again when there are some. Its upstream is elsewhere: one in the same process
// could not accept, and the sessions would wait for it.
func TestOutOfDescriptors(t *testing.T) {
	for _, name := range []string{"tcp", "http"} {
		t.Run(name, func(t *testing.T) {
			settled(t)
			p := spawnWith(t, front(upstream(t, echoRequest)), func(cmd *exec.Cmd) {
				cmd.Args = append([]string{"sh", "-c", `ulimit -n 40 && exec "$0" "$@"`, cmd.Path}, cmd.Args[1:]...)
				cmd.Path = need(t, "sh")
			})
			address := p.address(t, name)
			var flood []net.Conn
			for range 100 {
				c, err := net.DialTimeout("tcp", address, patience)
				require.NoError(t, err)
				flood = append(flood, c)
			}
			p.log.eventually(t, "too many open files")
			for _, c := range flood {
				require.NoError(t, c.Close())
			}
			require.Eventually(t, func() bool { return echoes(address) }, patience, 10*time.Millisecond)
			p.terminate(t)
			assert.Equal(t, 0, p.ended(t))
		})
	}
}
