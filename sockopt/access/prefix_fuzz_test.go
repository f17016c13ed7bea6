package access_test

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/sockopt/access"
)

// What is taken has no bits behind its length, is no mapped address, contains the address
// that was given, and is the same when it is read again.
func FuzzParsePrefix(f *testing.F) {
	for _, s := range []string{"", "10.0.0.0/8", "10.1.2.3/8", "::1", "::ffff:10.0.0.0/104", "::ffff:10.0.0.0/90", "fe80::1%lo/64", "1.2.3.4/33", "::/0"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p, err := access.ParsePrefix(s)
		if err != nil {
			return
		}
		require.True(t, p.IsValid() && !p.Addr().Is4In6() && p.Addr().Zone() == "", "%q is %s", s, p)
		assert.Equal(t, p.Masked(), p, "%q", s)
		again, err := access.ParsePrefix(p.String())
		require.NoError(t, err)
		assert.Equal(t, p, again)
		if given, err := netip.ParsePrefix(s); err == nil {
			assert.True(t, p.Contains(given.Addr().Unmap()), "%q is %s", s, p)
		}
	})
}
