package listener_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/listener"
)

// Descriptors are those that the variables have, of the name that was asked for; the error
// says which variable is wrong, or that none has the name.
func FuzzInherited(f *testing.F) {
	f.Add("1", "4026531840", "web", "web")
	f.Add("2", "1:2", "web:", "")
	f.Add("1024", "", "", "x")
	f.Add("-1", ":", "::", ":")
	f.Fuzz(func(t *testing.T, fds, inodes, names, wanted string) {
		if strings.Contains(fds+inodes+names, "\x00") {
			return // no environment has that
		}
		t.Setenv("LISTEN_PID", "")
		t.Setenv("LISTEN_FDS", fds)
		t.Setenv("STRATA_LISTEN_INODES", inodes)
		t.Setenv("LISTEN_FDNAMES", names)
		found, err := listener.Inherited(wanted)
		if err != nil {
			assert.Empty(t, found)
			assert.Regexp(t, `LISTEN_FDS|STRATA_LISTEN_INODES|LISTEN_FDNAMES`, err.Error())
			return
		}
		n, err := strconv.Atoi(fds)
		require.NoError(t, err)
		all := strings.Split(names, ":")
		require.Len(t, all, n)
		for _, fd := range found {
			require.True(t, fd >= 3 && fd < 3+n, "%d", fd)
			require.True(t, wanted == "" || all[fd-3] == wanted)
		}
	})
}
