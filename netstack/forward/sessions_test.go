package forward_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/netstack/forward"
)

// A session is yielded with its counters while it is open.
func TestSessions(t *testing.T) {
	noLeak(t)
	s, f := open(t, &forward.Config{Packets: redirect{udpEcho(t)}})
	assert.Empty(t, slices.Collect(f.Sessions()))
	c, err := s.DialContext(t.Context(), "udp", server4+":53")
	require.NoError(t, err)
	t.Cleanup(func() { c.Close() })
	_, err = c.Write([]byte("there"))
	require.NoError(t, err)
	_, err = c.Read(make([]byte, 16))
	require.NoError(t, err)
	all := slices.Collect(f.Sessions())
	require.Len(t, all, 1)
	assert.Equal(t, c.LocalAddr().String(), all[0].Local.String())
	require.Eventually(t, func() bool { // counted when the proxy has returned
		all = slices.Collect(f.Sessions())
		return len(all) == 1 && all[0].Sent.Bytes == 5
	}, 20*time.Second, time.Millisecond)
}
