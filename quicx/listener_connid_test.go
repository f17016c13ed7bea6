package quicx_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/quicx"
)

// The first byte leads to the socket, and is any of those that do.
func TestConnectionIDs(t *testing.T) {
	for _, sockets := range []int{1, 2, 3, 4, 7, 64} {
		for index := range sockets {
			seen := map[byte]bool{}
			for b := range 256 {
				mark := quicx.Mark(index, sockets, byte(b))
				require.Equal(t, index, int(mark)%sockets, "%d of %d from %d", index, sockets, b)
				seen[mark] = true
			}
			assert.Len(t, seen, (255-index)/sockets+1)
		}
	}
	a, b := quicx.NewConnectionID(1, 4), quicx.NewConnectionID(1, 4)
	assert.Equal(t, 8, a.Len())
	assert.NotEqual(t, a, b)
}
