package tlsx_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
)

// openssl runs the program in dir and returns what it printed.
func openssl(t *testing.T, dir string, args ...string) string {
	t.Helper()
	out, err := runOpenSSL(t, dir, args...)
	require.NoError(t, err, out)
	return out
}

// sClient is openssl s_client, which ends with the server's conn. It fails also
// where the handshake did not.
func sClient(t *testing.T, args ...string) string {
	t.Helper()
	out, err := runOpenSSL(t, t.TempDir(), append([]string{"s_client"}, args...)...)
	t.Logf("openssl s_client %v: %v", args, err)
	return out
}

func runOpenSSL(t *testing.T, dir string, args ...string) (string, error) {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no openssl")
	}
	if _, err := exec.LookPath("openssl"); err != nil {
		skipUnlessCI(t, "openssl is missing")
	}
	cmd := exec.CommandContext(t.Context(), "openssl", args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// join puts files of dir behind each other, in a new one.
func join(t *testing.T, dir, name string, files ...string) string {
	t.Helper()
	var text []byte
	for _, f := range files {
		part, err := os.ReadFile(filepath.Join(dir, f))
		require.NoError(t, err)
		text = append(text, part...)
	}
	path := filepath.Join(dir, name)
	require.NoError(t, os.WriteFile(path, text, 0o600))
	return path
}
