package udpsession_test

import (
	"bytes"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/nettest"

	"github.com/strata-net/strata/listener/udpsession"
)

// Some of nettest's subtests are about streams: BasicIO reads less at a time than
// was written, PingPong waits for io.EOF, WriteTimeout and FutureTimeout expect
// that nothing is lost when they write to a peer that does not read. Here
// TestADatagramARead, TestDeadlines and TestADeadlineWakesAllReads stand for them.
// The others are run by a process of their own, since nettest has no way to choose.
func TestConn(t *testing.T) {
	if os.Getenv("STRATA_UDP_SESSION") == "1" {
		nettest.TestConn(t, func() (c1, c2 net.Conn, stop func(), err error) {
			l := open(t, udpsession.Config{})
			client, session := pair(t, l)
			return session, client, func() { l.Close(); client.Close() }, nil
		})
		return
	}
	names := []string{
		"RacyRead", "RacyWrite", "ReadTimeout", "PastTimeout", "PresentTimeout", "CloseTimeout", "ConcurrentMethods",
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.v", "-test.run", "^TestConn$/^("+strings.Join(names, "|")+")$")
	cmd.Env = append(os.Environ(), "STRATA_UDP_SESSION=1")
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	for _, name := range names {
		assert.True(t, bytes.Contains(out, []byte("--- PASS: TestConn/"+name)), name)
	}
}
