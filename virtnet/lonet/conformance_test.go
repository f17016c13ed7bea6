package lonet_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/virtnet/lonet"
	"github.com/strata-net/strata/virtnet/virtnettest"
)

func TestConformance(t *testing.T) {
	for name, one := range map[string]bool{"one process": true, "two processes": false} {
		t.Run(name, func(t *testing.T) {
			tempDir(t)
			empty := func(t *testing.T) *virtnettest.Network {
				t.Helper()
				n, err := lonet.Join(t.Context(), "")
				require.NoError(t, err)
				if one {
					return &virtnettest.Network{SubNetwork: n}
				}
				other, err := lonet.Join(t.Context(), shortName(n))
				require.NoError(t, err)
				return &virtnettest.Network{SubNetwork: n, Other: other}
			}
			virtnettest.TestNetwork(t, empty)
			virtnettest.TestListener(t, empty)
			virtnettest.TestConn(t, empty)
			virtnettest.TestPacketConn(t, empty)
		})
	}
}
