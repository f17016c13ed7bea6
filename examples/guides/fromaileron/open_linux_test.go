package fromaileron

import (
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/listener"
	"github.com/strata-net/strata/sockopt"
)

// The documents of the guide are opened, on another port, and the kernel is asked.
func TestDocuments(t *testing.T) {
	dir := t.TempDir()
	place := func(name, port string) string {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		changed := strings.ReplaceAll(string(text), "127.0.0.1:8080", "127.0.0.1:"+port)
		require.NotEqual(t, string(text), changed)
		file := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(file, []byte(changed), 0o600))
		return file
	}
	l, err := listen(t.Context(), place("listen.yaml", "0"), func(listener.Event) {})
	require.NoError(t, err)
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	require.NoError(t, err)
	d, err := dial(t.Context(), place("dial.yaml", port))
	require.NoError(t, err)
	conn, err := d.Dial("tcp", "backend.example.com:80")
	require.NoError(t, err)
	defer conn.Close()
	accepted, err := l.Accept()
	require.NoError(t, err)
	defer accepted.Close()

	idle, err := sockopt.TCPKeepIdle.Get(socket(t, accepted))
	require.NoError(t, err)
	assert.Equal(t, 30*time.Second, idle)
	tries, err := sockopt.TCPSynCnt.Get(socket(t, conn))
	require.NoError(t, err)
	assert.Equal(t, 3, tries)
	_, err = io.WriteString(conn, "x")
	require.NoError(t, err)

	wrong := filepath.Join(dir, "wrong.yaml")
	require.NoError(t, os.WriteFile(wrong, []byte("address: x\nmax_cons: 1\n"), 0o600))
	_, err = listen(t.Context(), wrong, nil)
	require.ErrorContains(t, err, "wrong.yaml:2: max_cons: unknown field")
	_, err = dial(t.Context(), wrong)
	require.Error(t, err)
}

// socket returns what options are read from.
func socket(t *testing.T, c net.Conn) syscall.Conn {
	t.Helper()
	s, ok := c.(syscall.Conn)
	require.True(t, ok, "%T", c)
	return s
}
