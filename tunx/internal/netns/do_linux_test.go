package netns_test

import (
	"io/fs"
	"os"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/strata-net/strata/tunx/internal/lab"
	"github.com/strata-net/strata/tunx/internal/netns"
)

const here = "/proc/thread-self/ns/net"

// TestDo: many at once are each where they want to be, never on the main thread, and no
// thread stays there.
func TestDo(t *testing.T) {
	lab.NoLeak(t)
	home, err := os.Readlink(here)
	require.NoError(t, err)
	s := lab.NewSpace(t)
	var away string
	s.Run(t, func() { away, err = os.Readlink(here) })
	require.NoError(t, err)
	var group sync.WaitGroup
	for range 300 {
		group.Go(func() {
			var where string
			var err error
			assert.NoError(t, netns.Do(s.Path(), func() {
				where, err = os.Readlink(here)
				assert.NotEqual(t, unix.Getpid(), unix.Gettid())
			}))
			assert.NoError(t, err)
			assert.Equal(t, away, where)
			assert.NoError(t, netns.Do("", func() { where, err = os.Readlink(here) }))
			assert.NoError(t, err)
			assert.Equal(t, home, where)
		})
	}
	group.Wait()
}

func TestDoFails(t *testing.T) {
	lab.NoLeak(t)
	never := func() { t.Error("is called") }
	require.ErrorIs(t, netns.Do("strata-none", never), fs.ErrNotExist)
	require.ErrorIs(t, netns.Do("/proc/self/ns/uts", never), unix.EINVAL)
	assert.Equal(t, "/run/netns/a", netns.Path("a"))
	assert.Equal(t, "./a", netns.Path("./a"))
}
