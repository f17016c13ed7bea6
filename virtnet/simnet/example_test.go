package simnet_test

import (
	"io"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/virtnet/simnet"
)

// The README and the package's documentation show this test. Three minutes take none, and
// the diagram is the same in every run.
func TestPartition(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, err := simnet.New(simnet.Config{Seed: 1, Link: simnet.Link{Latency: 10 * time.Millisecond}})
		require.NoError(t, err)
		defer n.Close()
		client, err := n.NewHost(t.Context(), "client")
		require.NoError(t, err)
		server, err := n.NewHost(t.Context(), "server")
		require.NoError(t, err)
		l, err := server.Listen(":80")
		require.NoError(t, err)
		go func() {
			if c, err := l.Accept(); err == nil {
				_, _ = io.Copy(c, c)
			}
		}()

		c, err := client.Dial(t.Context(), "server:80")
		require.NoError(t, err)
		require.NoError(t, n.Partition([]string{"client"}, []string{"server"}))
		require.NoError(t, n.At(2*time.Minute, simnet.Heal()))
		_, err = io.WriteString(c, "hello")
		require.NoError(t, err)
		echo := make([]byte, 5)
		_, err = io.ReadFull(c, echo) // late, but whole
		require.NoError(t, err)
		assert.Equal(t, "hello", string(echo))

		var diagram strings.Builder
		require.NoError(t, simnet.Diagram{}.WriteText(&diagram, n.Trace()))
		assert.Equal(t, partitioned, diagram.String())
	})
}

const partitioned = `         client                            server
    10ms |----------- dial :80 ----------->|
    20ms === partition [client] [server] ===
    20ms |<----------- accept -------------|
    20ms |----- data 5 B (partition) -----x|
   220ms |-- data 5 B again (partition) --x|
   620ms |-- data 5 B again (partition) --x|
   1.42s |-- data 5 B again (partition) --x|
   3.02s |-- data 5 B again (partition) --x|
   6.22s |-- data 5 B again (partition) --x|
  12.62s |-- data 5 B again (partition) --x|
  25.42s |-- data 5 B again (partition) --x|
  51.02s |-- data 5 B again (partition) --x|
1m42.22s |-- data 5 B again (partition) --x|
    2m0s === heal ==========================
3m24.63s |-------- data 5 B again -------->|
3m24.64s |<---------- data 5 B ------------|
`

// What the package's documentation shows is this file's.
func TestDocumented(t *testing.T) {
	doc, err := os.ReadFile("doc.go")
	require.NoError(t, err)
	source, err := os.ReadFile("example_test.go")
	require.NoError(t, err)
	_, test, _ := strings.Cut(string(source), "\nfunc TestPartition")
	test, _, _ = strings.Cut(test, "\n}\n")
	for _, block := range []string{"func TestPartition" + test + "\n}\n", partitioned} {
		comment := "//\t" + strings.ReplaceAll(strings.TrimSuffix(block, "\n"), "\n", "\n//\t")
		assert.Contains(t, string(doc), strings.ReplaceAll(comment, "//\t\n", "//\n"))
	}
}
