package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func entries(terms ...uint64) Log {
	var l Log
	for _, term := range terms {
		l = append(l, Entry{Term: term})
	}
	return l
}

func TestLogMerge(t *testing.T) {
	for _, tc := range []struct {
		name        string
		has         Log
		index, term uint64
		entries     Log
		ok          bool
		want        Log
	}{
		{"first", nil, 0, 0, entries(1), true, entries(1)},
		{"next", entries(1), 1, 1, entries(1, 2), true, entries(1, 1, 2)},
		{"heartbeat", entries(1, 1), 1, 1, nil, true, entries(1, 1)},
		{"gap", entries(1), 2, 1, entries(1), false, entries(1)},
		{"other term", entries(1, 1), 2, 2, entries(2), false, entries(1, 1)},
		{"contradicts", entries(1, 1, 1), 1, 1, entries(2), true, entries(1, 2)},
		{"late", entries(1, 2, 2), 1, 1, entries(2), true, entries(1, 2, 2)},
		{"twice", entries(1, 2), 0, 0, entries(1, 2), true, entries(1, 2)},
	} {
		l := tc.has
		assert.Equal(t, tc.ok, l.merge(tc.index, tc.term, tc.entries), tc.name)
		assert.Equal(t, tc.want, l, tc.name)
	}
}

// What others hold of a log does not change when the log does.
func TestLogMergeCopies(t *testing.T) {
	l := append(make(Log, 0, 10), entries(1, 1, 1)...)
	before := l[:2]
	require.True(t, l.merge(1, 1, entries(2)))
	assert.Equal(t, entries(1, 1), before)
}

func TestLogFrom(t *testing.T) {
	l := entries(1, 2, 3)
	assert.Equal(t, []Entry(entries(2, 3)), l.from(2, 9))
	assert.Equal(t, []Entry(entries(2)), l.from(2, 1))
	assert.Empty(t, l.from(4, 9))
	assert.Empty(t, l.from(9, 9))
	assert.Zero(t, l.find("x"))
}

func TestFileStore(t *testing.T) {
	f := file{filepath.Join(t.TempDir(), "state")}
	s, err := f.Load()
	require.NoError(t, err)
	assert.Zero(t, s)
	want := State{Term: 3, Vote: "n2", Log: entries(1, 2)}
	require.NoError(t, f.Save(State{Term: 2}))
	require.NoError(t, f.Save(want))
	s, err = f.Load()
	require.NoError(t, err)
	assert.Equal(t, want, s)
	left, err := os.ReadDir(filepath.Dir(f.path))
	require.NoError(t, err)
	assert.Len(t, left, 1)

	require.NoError(t, os.WriteFile(f.path, []byte("{"), 0o600))
	_, err = f.Load()
	assert.Error(t, err)
	_, err = NewNode(Config{Host: nobody{}, Store: f})
	assert.ErrorContains(t, err, "node nobody: load: ")
	assert.ErrorIs(t, file{filepath.Join(t.TempDir(), "no", "state")}.Save(want), os.ErrNotExist)
}
