package dtlsx_test

import (
	"net"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/dtlsx"
)

func TestAccept(t *testing.T) {
	noLeak(t)
	for _, address := range []string{"127.0.0.1:0", "udp://127.0.0.1:0", "udp4://127.0.0.1:0", "udp4://:0", ":0"} {
		t.Run(address, func(t *testing.T) {
			l := listen(t, dtlsx.ListenConfig{Address: address})
			a, as := connect(t, l, once())
			b, bs := connect(t, l, once())
			talk(t, a, as, "from a")
			talk(t, b, bs, "from b")
			assert.Equal(t, a.LocalAddr().String(), as.RemoteAddr().String())
			assert.Equal(t, l.Addr(), as.LocalAddr())
			s := l.Stats()
			assert.True(t, s.Stateless)
			assert.EqualValues(t, 2, s.Challenged)
			assert.EqualValues(t, 2, s.Accepted)
			assert.EqualValues(t, 2, s.Active)
			assert.Zero(t, s.Pending)
			require.NoError(t, as.Close())
			require.NoError(t, bs.Close())
			require.NoError(t, l.Shutdown(t.Context()))
			assert.ErrorIs(t, l.Close(), net.ErrClosed)
		})
	}
}
