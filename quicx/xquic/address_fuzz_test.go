package xquic_test

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/quicx/xquic"
)

// An address that is taken is taken as it is written out, and means the same.
func FuzzAddress(f *testing.F) {
	for _, s := range []string{"", ":0", "127.0.0.1:5", "udp6://[::1%lo]:1", "udp4://:443", "udp://", "tcp://:1", "[::]:65536", "[::ffff:1.2.3.4]:1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if network, address, err := xquic.Address(s); err == nil {
			n, a, err := xquic.Address(network + "://" + address)
			require.NoError(t, err, "%q", s)
			assert.Equal(t, []string{network, address}, []string{n, a}, "%q", s)
		}
		local, err := xquic.Local(s)
		if err != nil || local.Addr() == (netip.Addr{}) {
			return
		}
		again, err := xquic.Local(local.String())
		require.NoError(t, err, "%q is %s", s, local)
		assert.Equal(t, local, again)
	})
}
