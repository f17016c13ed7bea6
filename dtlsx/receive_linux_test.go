package dtlsx_test

import (
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/dtlsx"
	"github.com/strata-net/strata/sockopt"
)

// TestRefusedAnswer: with IP_RECVERR the listener reads that a client is gone, and
// goes on.
func TestRefusedAnswer(t *testing.T) {
	noLeak(t)
	on, err := sockopt.Parse("IP_RECVERR=1")
	require.NoError(t, err)
	l := listen(t, dtlsx.ListenConfig{Options: sockopt.Options{on}})
	eventually(t, "an error", func() bool {
		c := raw(t, "127.0.0.1", l)
		_, err := c.Write(hello(0, 0, 1, nil))
		require.NoError(t, err)
		require.NoError(t, c.Close())
		return l.Stats().ReadErrors > 0
	})
	c, s := connect(t, l)
	talk(t, c, s, "hello")
}

// TestASocketThatFails: reads that fail again and again do not spin, and when they
// work again so does the listener.
func TestASocketThatFails(t *testing.T) {
	noLeak(t)
	l := listen(t, dtlsx.ListenConfig{})
	client := raw(t, "127.0.0.1", l)
	access, err := l.SyscallConn()
	require.NoError(t, err)
	null, err := os.Open(os.DevNull)
	require.NoError(t, err)
	defer null.Close()
	replace := func(with int) (was int) {
		require.NoError(t, access.Control(func(fd uintptr) {
			was, err = syscall.Dup(int(fd))
			if err == nil {
				err = syscall.Dup3(with, int(fd), syscall.O_CLOEXEC)
			}
		}))
		require.NoError(t, err)
		return was
	}
	start := time.Now()
	socket := replace(int(null.Fd()))
	defer syscall.Close(socket)
	_, err = client.Write([]byte("wake up"))
	require.NoError(t, err)
	const free, longest = 8, 10 // pauses of 1, 2, 4, ... 512 ms
	eventually(t, "a pause", func() bool { return l.Stats().ReadErrors > free+3 })
	failures, took := l.Stats().ReadErrors, time.Since(start)
	assert.LessOrEqual(t, failures, free+longest+int64(took/(512*time.Millisecond))+1)
	require.NoError(t, syscall.Close(replace(socket)))
	c, s := connect(t, l)
	talk(t, c, s, "hello")
}
