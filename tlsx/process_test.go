package tlsx_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/tlsx"
)

// childVar names a folder with a certificate and ticket keys: the test program
// then is a server with them, until its standard input ends.
const childVar = "TLSX_TEST_CHILD"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childVar); dir != "" {
		if err := child(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func shared(dir string) *tlsx.Config {
	return &tlsx.Config{
		Certificates: []tlsx.Certificate{pair(dir)},
		Tickets:      tlsx.Tickets{Keys: []tlsx.Data{tlsx.File(filepath.Join(dir, "tickets"))}},
	}
}

func child(dir string) error {
	config, err := tlsx.New(shared(dir))
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Fprintln(os.Stdout, l.Addr())
	go accept(l, config)
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}

// spawn starts a server in another process and returns its address.
func spawn(t *testing.T, dir string) net.Addr {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.Command(self)
	// The race detector would let it sleep for a second at its end.
	cmd.Env = append(os.Environ(), childVar+"="+dir, "GORACE="+os.Getenv("GORACE")+" atexit_sleep_ms=0")
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	require.NoError(t, err)
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		stdin.Close()
		assert.NoError(t, cmd.Wait())
	})
	line, err := bufio.NewReader(stdout).ReadString('\n')
	require.NoError(t, err)
	addr, err := net.ResolveTCPAddr("tcp", line[:len(line)-1])
	require.NoError(t, err)
	return addr
}

// Two processes with the same keys resume each other's sessions, a third with
// other keys does not.
func TestTicketsOfTwoProcesses(t *testing.T) {
	noLeak(t)
	ca, dir, other := newCA(t), t.TempDir(), t.TempDir()
	install(t, ca, dir)
	install(t, ca, other)
	write(t, filepath.Join(dir, "tickets"), b64(keyOf(1)), 0o600)
	write(t, filepath.Join(other, "tickets"), b64(keyOf(2)), 0o600)
	first, second, third := spawn(t, dir), spawn(t, dir), spawn(t, other)
	for name, version := range versions {
		t.Run(name, func(t *testing.T) {
			config := client(ca)
			config.MaxVersion = version
			config.ClientSessionCache = &frozen{}
			assert.False(t, state(t, first, config).DidResume)
			assert.True(t, state(t, first, config).DidResume)
			assert.True(t, state(t, second, config).DidResume)
			assert.False(t, state(t, third, config).DidResume)
		})
	}
}
