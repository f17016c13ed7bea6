package tlsx_test

import (
	"crypto/tls"
	"errors"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/tlsx"
)

var errDeaf = errors.New("heard nothing")

// deaf is a conn that takes what is written and fails to read.
type deaf struct{ net.Conn }

func (deaf) Write(b []byte) (int, error) { return len(b), nil }
func (deaf) Read([]byte) (int, error)    { return 0, errDeaf }
func (deaf) Close() error                { return nil }

var keyLogLine = regexp.MustCompile(`^(CLIENT|SERVER)_[A-Z_0]+ [0-9a-f]{64} [0-9a-f]{64,96}$`)

// Conns of several configs write whole lines to one file.
func TestKeyLog(t *testing.T) {
	noLeak(t)
	t.Setenv("SSLKEYLOGFILE", filepath.Join(t.TempDir(), "never"))
	t.Chdir(t.TempDir())
	cfg, roots := echServer(t)
	cfg.KeyLog = "keys.log"
	server := config(t, cfg)
	clients := []*tls.Config{}
	for range 2 {
		clients = append(clients, config(t, &tlsx.Config{Roots: roots, ServerName: "secret.test", KeyLog: "keys.log", Sessions: -1}))
	}
	path, err := filepath.Abs("keys.log")
	require.NoError(t, err)
	t.Chdir(t.TempDir()) // the path was made absolute
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			m := meet(t, clients[i%2], server)
			assert.NoError(t, m.clientError)
			assert.NoError(t, m.serverError)
		})
	}
	wg.Wait()

	text, err := os.ReadFile(path)
	require.NoError(t, err)
	randoms := map[string]int{}
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSuffix(line, "\n")
		require.Regexp(t, keyLogLine, line)
		randoms[strings.Fields(line)[1]]++
	}
	assert.Len(t, randoms, 8, "a client random for each conn")
	for random, n := range randoms {
		assert.Equal(t, 2*4, n, "four secrets from each side of TLS 1.3: %s", random)
	}
	if info, err := os.Stat(path); assert.NoError(t, err) && runtime.GOOS != "windows" {
		assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	}
	assert.NoFileExists(t, os.Getenv("SSLKEYLOGFILE"))
}

// A file that is there is appended to, and one that was moved away made anew.
func TestKeyLogAppends(t *testing.T) {
	noLeak(t)
	path := filepath.Join(t.TempDir(), "keys.log")
	write(t, path, "# mine\n", 0o600)
	cfg, roots := echServer(t)
	cfg.KeyLog = path
	server, client := config(t, cfg), echClient(t, roots, tlsx.Data{})
	meet(t, client, server).pass(t)
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.True(t, strings.HasPrefix(string(text), "# mine\nCLIENT_HANDSHAKE_TRAFFIC_SECRET "), string(text))

	require.NoError(t, os.Rename(path, path+".old"))
	meet(t, client, server).pass(t)
	assert.FileExists(t, path)
}

func TestKeyLogErrors(t *testing.T) {
	noLeak(t)
	dir := t.TempDir()
	open := filepath.Join(dir, "open.log")
	write(t, open, "", 0o644)
	for name, test := range map[string]struct {
		path string
		want error
	}{
		"no folder": {filepath.Join(dir, "none", "keys.log"), os.ErrNotExist},
		"folder":    {dir, nil},
		"readable":  {open, nil},
		"below":     {filepath.Join(open, "keys.log"), nil},
	} {
		t.Run(name, func(t *testing.T) {
			if name == "readable" && runtime.GOOS == "windows" {
				t.Skip("Windows has no such modes")
			}
			_, err := tlsx.New(&tlsx.Config{KeyLog: test.path})
			e := failure(t, err)
			assert.Equal(t, "KeyLog", e.Field)
			assert.Equal(t, test.path, e.Value)
			if test.want != nil {
				assert.ErrorIs(t, err, test.want)
			}
		})
	}
}

// A secret that cannot be logged fails the handshake: crypto/tls says so.
func TestKeyLogFailsLater(t *testing.T) {
	noLeak(t)
	path := filepath.Join(t.TempDir(), "keys.log")
	cfg, roots := echServer(t)
	cfg.KeyLog = path
	server := config(t, cfg)
	require.NoError(t, os.Remove(path))
	require.NoError(t, os.Mkdir(path, 0o700))
	assert.ErrorContains(t, meet(t, echClient(t, roots, tlsx.Data{}), server).serverError, "not a regular file")
}
