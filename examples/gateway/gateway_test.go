package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What cannot start says so at once, with everything that is wrong, and leaves
// nothing open.
func TestStartFails(t *testing.T) {
	settled(t)
	taken := listenTCP(t).Addr().String()
	free := closedPort(t)
	config := fmt.Sprintf(`
upstreams: [{name: up, echo: tcp}]
listeners:
  - {name: good, address: "%s", routes: [{upstream: up}]}
  - {name: bad, address: "%s", routes: [{upstream: up}]}
  - {name: worse, address: "192.0.2.1:80", routes: [{upstream: up}]}
`, free, taken)
	file := filepath.Join(t.TempDir(), "gateway.yaml")
	require.NoError(t, os.WriteFile(file, []byte(config), 0o600))
	out, err := program(t, "-config", file).CombinedOutput()
	assert.Equal(t, 1, status(t, err))
	assert.Contains(t, string(out), "listener bad: ")
	assert.Contains(t, string(out), "address already in use")
	assert.Contains(t, string(out), "listener worse: ")

	cfg, err := Load("gateway.yaml", []byte(config), nil)
	require.NoError(t, err)
	_, err = Start(t.Context(), cfg, quiet(), nil)
	require.ErrorIs(t, err, syscall.EADDRINUSE)
	require.ErrorIs(t, err, syscall.EADDRNOTAVAIL)
	refused(t, free)
	assert.Equal(t, 2, strings.Count(err.Error(), "listener "))
}
