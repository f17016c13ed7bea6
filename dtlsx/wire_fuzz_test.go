package dtlsx_test

import (
	"bytes"
	"net/netip"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/dtlsx"
)

// The listener and the conns have a reader of records each. They find the same, and what
// the listener lets through, or numbers anew, is made of records again.
func FuzzRecords(f *testing.F) {
	f.Add(hello(0, 0, 1, nil), 0, uint64(1))
	f.Add(slices.Concat(rec(22, 0, 1), rec(23, 1, 9), rec(25, 1, 2, 3, 4)), 2, uint64(1<<48-1))
	f.Add([]byte{25, 254, 253, 0, 1, 0, 0, 0, 0, 0, 1, 'a', 'b', 'c', 'd', 0, 1, 9}, 4, uint64(0))
	f.Fuzz(func(t *testing.T, b []byte, cid int, add uint64) {
		cid &= 31
		was := bytes.Clone(b)
		sizes, other := dtlsx.RecordSizes(b, cid)
		// The listener reads versions, too: there it can end before.
		require.LessOrEqual(t, len(sizes), len(other))
		require.True(t, slices.Equal(other[:len(sizes)], sizes), "%v, %v", sizes, other)
		secret := dtlsx.Encrypted(b, cid)
		require.Equal(t, was, b)
		require.LessOrEqual(t, len(secret), len(b))
		require.True(t, bytes.Equal(secret, dtlsx.Encrypted(secret, cid)))
		require.True(t, len(secret) == 0 || dtlsx.WellFormed(secret, cid))
		dtlsx.Renumber(b, add, cid)
		again, _ := dtlsx.RecordSizes(b, cid)
		require.Equal(t, sizes, again)
		dtlsx.Renumber(b, -add, cid)
		require.Equal(t, was, b)
	})
}

// What a conn reads of a handshake changes nothing of it; a curve that it finds is in it.
func FuzzTap(f *testing.F) {
	f.Add(rec(22, 0, 12, 0, 0, 7, 0, 1, 0, 0, 0, 0, 0, 7, 0, 2, 'h', 'i', 3, 0, 23), true)
	f.Add(rec(22, 0, 12, 0, 0, 4, 0, 1, 0, 0, 0, 0, 0, 4, 3, 0, 29, 1), false)
	f.Add(rec(21, 0, 2, 40), false)
	f.Fuzz(func(t *testing.T, b []byte, psk bool) {
		was := bytes.Clone(b)
		tap := dtlsx.NewTap(&scripted{}, psk)
		n, err := tap.WriteTo(b, nil)
		require.NoError(t, err)
		require.Equal(t, len(b), n)
		require.Equal(t, was, b)
		if curve := tap.Curve(); curve != 0 {
			require.True(t, bytes.Contains(b, []byte{3, byte(curve >> 8), byte(curve)}), "curve %d", curve)
		}
		dtlsx.HasHandshake(b, 4)
		require.Equal(t, was, b)
	})
}

// A place that a listener takes is the same with its network written out; the address that
// a dialer takes for its own is the same after it was written.
func FuzzPlace(f *testing.F) {
	for _, s := range []string{"", ":0", "127.0.0.1:5684", "udp6://[::1%lo]:1", "udp4://[::1]:1", "[::1]", "1.2.3.4", "udp://a:b", "[::ffff:1.2.3.4]:5", "[::1%lo]:1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if network, text, err := dtlsx.Place(s); err == nil {
			n, x, err := dtlsx.Place(network + "://" + text)
			require.NoError(t, err)
			assert.Equal(t, []string{network, text}, []string{n, x})
		}
		local, err := dtlsx.Local(s)
		if err != nil || local == (netip.AddrPort{}) {
			return
		}
		assert.False(t, local.Addr().Is4In6())
		again, err := dtlsx.Local(local.String())
		require.NoError(t, err, "%q is %s", s, local)
		assert.Equal(t, local, again)
	})
}

// The zone of an address to dial from ends with the bracket.
func TestLocalZone(t *testing.T) {
	for s, want := range map[string]string{
		"fe80::1%lo": "[fe80::1%lo]:0", "[fe80::1%lo]": "[fe80::1%lo]:0", "[fe80::1%lo]:5684": "[fe80::1%lo]:5684",
	} {
		local, err := dtlsx.Local(s)
		require.NoError(t, err, s)
		assert.Equal(t, want, local.String(), s)
	}
	for _, s := range []string{"[fe80::1%lo]]:1", "[fe80::1%l[o]", "[fe80::1%lo]x", "[fe80::1%lo]:x", "[::1", "::1]", "1.2.3.4]", "fe80::1%lo]", "["} {
		_, err := dtlsx.Local(s)
		assert.EqualError(t, err, "must be an IP literal, alone or with a port", s)
	}
}
