package dtlsx_test

import (
	"bufio"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/dtlsx"
)

// program skips the test if a program is missing.
func program(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("%s is missing", name)
		}
		t.Skipf("%s is missing", name)
	}
	return path
}

// TestClientsOfOtherLibraries shows that the cookie exchange, which this package
// does itself, gives a transcript that other implementations agree with.
func TestClientsOfOtherLibraries(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the programs are those of Linux")
	}
	noLeak(t)
	ca := filepath.Join(t.TempDir(), "ca.pem")
	require.NoError(t, os.WriteFile(ca, authority().PEM(), 0o600))
	for name, command := range map[string]func(port string) []string{
		"openssl": func(port string) []string {
			return []string{"openssl", "s_client", "-dtls1_2", "-connect", "127.0.0.1:" + port, "-CAfile", ca,
				"-verify_return_error", "-verify_hostname", "localhost", "-quiet", "-no_ign_eof"}
		},
		"openssl with a small MTU": func(port string) []string {
			return []string{"openssl", "s_client", "-dtls1_2", "-connect", "127.0.0.1:" + port, "-CAfile", ca,
				"-mtu", "256", "-quiet", "-no_ign_eof"}
		},
		"gnutls": func(port string) []string {
			return []string{"gnutls-cli", "--udp", "--port", port, "--x509cafile", ca, "--verify-hostname", "localhost", "127.0.0.1"}
		},
		"gnutls with a small MTU": func(port string) []string {
			return []string{"gnutls-cli", "--udp", "--mtu", "200", "--port", port, "--x509cafile", ca, "--verify-hostname", "localhost", "127.0.0.1"}
		},
	} {
		t.Run(name, func(t *testing.T) {
			l := listen(t, dtlsx.ListenConfig{})
			args := command(strconv.Itoa(l.Addr().(*net.UDPAddr).Port))
			cmd := exec.CommandContext(t.Context(), program(t, args[0]), args[1:]...)
			in, err := cmd.StdinPipe()
			require.NoError(t, err)
			out, err := cmd.StdoutPipe()
			require.NoError(t, err)
			require.NoError(t, cmd.Start())
			defer cmd.Wait()
			defer in.Close()

			defer time.AfterFunc(2*time.Minute, func() { l.Close() }).Stop()
			c := accept(t, l)
			_, err = io.WriteString(in, "from the client\n")
			require.NoError(t, err)
			assert.Equal(t, "from the client\n", hear(t, c))
			say(t, c, "from the server\n")
			lines := bufio.NewScanner(out)
			found := false
			for !found && lines.Scan() {
				found = lines.Text() == "from the server"
			}
			assert.True(t, found)
			s := l.Stats()
			assert.Positive(t, s.Challenged)
			assert.Zero(t, s.Malformed)
			assert.EqualValues(t, 1, s.Accepted)
			cmd.Process.Kill()
		})
	}
}
