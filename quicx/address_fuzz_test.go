package quicx_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/quicx"
)

// An address that is taken is taken as it is written out, and means the same.
func FuzzLocal(f *testing.F) {
	for _, s := range []string{"", ":0", "127.0.0.1:5", "[::1%lo]:1", "[::1]", "fe80::1%a]", "::ffff:1.2.3.4", "[::]:65536", "a:1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		text, err := quicx.Local(s)
		if err != nil {
			assert.Empty(t, text)
			return
		}
		again, err := quicx.Local(text)
		require.NoError(t, err, "%q is %q", s, text)
		assert.Equal(t, text, again, "%q", s)
	})
}
