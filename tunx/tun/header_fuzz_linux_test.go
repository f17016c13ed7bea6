package tun_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/tunx/tun"
)

// What a header says is what is read of the header that is made to say it.
func FuzzHeader(f *testing.F) {
	f.Add([]byte{1, 1, 54, 0, 180, 5, 34, 0, 16, 0}, []byte{0x45})
	f.Add([]byte{1, 5, 62, 0, 180, 5, 40, 0, 6, 0}, []byte{0x60})
	f.Add([]byte{2, 0, 0, 0, 0, 0, 0, 0, 0, 0}, []byte{0x60})
	f.Fuzz(func(t *testing.T, head, start []byte) {
		o := tun.ReadHeader(head)
		if !o.NeedsChecksum {
			require.Zero(t, o.CsumStart)
			require.Zero(t, o.CsumOffset)
		}
		require.False(t, o.NeedsChecksum && !o.ChecksumValidated)
		// A packet goes into the kernel only when its headers are within it.
		packet := make([]byte, 1<<16+14)
		copy(packet, start)
		again := tun.ReadHeader(tun.WriteHeader(packet, o))
		again.ChecksumValidated = again.ChecksumValidated || o.ChecksumValidated
		assert.Equal(t, o, again)
	})
}
