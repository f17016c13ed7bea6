package main

import (
	"maps"
	"net"
	"os"
	"os/exec"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/listener"
)

// spawnInheriting is spawn for a process that inherits sockets by name, in the
// order of the names from descriptor 3 on.
func spawnInheriting(t *testing.T, config string, sockets map[string]*net.TCPListener) *process {
	t.Helper()
	var named []listener.Named
	for _, name := range slices.Sorted(maps.Keys(sockets)) {
		f, err := sockets[name].File()
		require.NoError(t, err)
		defer f.Close()
		named = append(named, listener.Named{Name: name, Files: []*os.File{f}})
	}
	return spawnWith(t, config, func(cmd *exec.Cmd) { require.NoError(t, listener.Pass(cmd, named...)) })
}
