package lonet_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/virtnet"
	"github.com/strata-net/strata/virtnet/lonet"
)

// TestManyHosts: a process keeps only so many files of others open, and still
// finds them all.
func TestManyHosts(t *testing.T) {
	base := tempDir(t)
	noLeak(t)
	n := join(t, "x")
	const hosts = lonet.MaxKnown + 10
	for i := range hosts {
		host(t, n, fmt.Sprint("h", i))
	}
	r := lonet.NewRegistry(base, "x")
	open := openFDs(t)
	for range 2 {
		for i := range hosts {
			data, err := r.Query(t.Context(), fmt.Sprint("h", i))
			require.NoError(t, err)
			assert.Contains(t, data, "127.0.0.1:")
		}
		assert.LessOrEqual(t, openFDs(t), open+lonet.MaxKnown)
	}
	require.NoError(t, r.Close())
	assert.Equal(t, open, openFDs(t))
}

// TestQueryClosed: a query that is under way while the network goes down leaves
// nothing open.
func TestQueryClosed(t *testing.T) {
	base := tempDir(t)
	noLeak(t)
	host(t, join(t, "x"), "a")
	r := lonet.NewRegistry(base, "x")
	over, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := r.Query(over, "a")
	require.ErrorIs(t, err, context.Canceled)
	require.NoError(t, r.Close())
	_, err = r.Query(t.Context(), "a")
	require.ErrorIs(t, err, virtnet.ErrRegistryDown)
	assert.EqualError(t, err, `lonet(lonetx): query "a": registry is down`)

	f, err := os.Open(filepath.Join(base, lonet.FileName(lonet.NetPrefix, "x"), "lock"))
	require.NoError(t, err)
	err = r.Remember("a", f)
	if runtime.GOOS != "windows" { // nothing is remembered there
		require.ErrorIs(t, err, virtnet.ErrRegistryDown)
	}
	assert.ErrorIs(t, f.Close(), os.ErrClosed)
}
