package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestCheck passes on the tree as it is, and names the file that is not current.
func TestCheck(t *testing.T) {
	t.Chdir("..") // where it is run
	require.NoError(t, run(true))

	name := filepath.Join(t.TempDir(), "handles.go")
	require.NoError(t, update(name, []byte("new"), false))
	require.NoError(t, update(name, []byte("new"), true))
	require.ErrorContains(t, update(name, []byte("newer"), true), name+" is not current")
	require.ErrorIs(t, update(name+"x", nil, true), os.ErrNotExist)
}

// TestLoad reads the numbers that each system has for one option, from its own constants.
func TestLoad(t *testing.T) {
	t.Chdir("..")
	for goos, want := range map[string]fields{
		"linux":   {"Number": "2", "Range": "-1, 1..255", "Unit": "hop", "Twin": "IPV6_UNICAST_HOPS", "Reset": "-1"},
		"windows": {"Number": "4", "Range": "1..255"},
		"freebsd": {"Number": "4"},
	} {
		table, err := load(filepath.Join(root, "sockopt"), system{goos: goos})
		require.NoError(t, err)
		row := table.rows["IP_TTL"]
		for key, value := range want {
			assert.Equal(t, value, row[key], "%s on %s", key, goos)
		}
	}
	_, err := load("sockoptgen", system{goos: "linux"})
	assert.ErrorContains(t, err, "found 0 entries")
}

func TestPlatforms(t *testing.T) {
	o := option{ident: "X", name: "SO_X", kind: "KindInt"}
	tables := []table{
		{system: system{title: "A"}, rows: map[string]fields{"SO_X": {"Since": "~1.0", "Until": "BeforeBind", "Capability": "CAP", "Condition": "above 6"}}},
		{system: system{title: "B"}, rows: map[string]fields{"SO_X": {"Until": "BeforeBind", "Capability": "CAP", "Condition": "above 6"}}},
		{system: system{title: "C"}, rows: map[string]fields{"SO_X": {"ReadOnly": "true", "Stage": "Established"}}},
		{system: system{title: "D"}, rows: map[string]fields{}},
	}
	assert.Equal(t, []string{
		"A 1.0, B: before bind; needs CAP above 6.",
		"C: read only; stage established.",
	}, platforms(o, tables))
}

func TestWrap(t *testing.T) {
	assert.Equal(t, []string{"aa bb", "cccccc", "d"}, wrap("aa bb cccccc d", 5))
}

func TestNetworks(t *testing.T) {
	assert.Equal(t, "all", networks(1<<16-1))
	assert.Equal(t, "tcp4 udp4", networks(5))
	assert.Empty(t, networks(0))
}
