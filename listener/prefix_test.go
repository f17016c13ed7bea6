package listener_test

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/listener"
)

// prefixes reads prefixes that have to be right.
func prefixes(t testing.TB, texts ...string) []netip.Prefix {
	t.Helper()
	var list []netip.Prefix
	for _, s := range texts {
		p, err := listener.ParsePrefix(s)
		require.NoError(t, err)
		list = append(list, p)
	}
	return list
}

func TestParsePrefix(t *testing.T) {
	for in, want := range map[string]string{
		"10.0.0.0/8":          "10.0.0.0/8",
		"10.1.2.3/8":          "10.0.0.0/8",
		"10.0.0.1":            "10.0.0.1/32",
		"::ffff:10.0.0.1":     "10.0.0.1/32",
		"::ffff:10.0.0.0/104": "10.0.0.0/8",
		"::ffff:0:0/96":       "0.0.0.0/0",
		"0.0.0.0/0":           "0.0.0.0/0",
		"::/0":                "::/0",
		"2001:db8::1":         "2001:db8::1/128",
		"2001:db8::1/32":      "2001:db8::/32",
	} {
		p, err := listener.ParsePrefix(in)
		require.NoError(t, err, in)
		assert.Equal(t, want, p.String(), in)
	}
	for in, want := range map[string]string{
		"":             `listener: parse prefix: ParseAddr(""): unable to parse IP`,
		"10.0.0.0/33":  `listener: parse prefix=10.0.0.0/33: netip.ParsePrefix("10.0.0.0/33"): prefix length out of range`,
		"fe80::1%eth0": "listener: parse prefix=fe80::1%eth0: rules have no zones",
		"::ffff:0:0/8": "listener: parse prefix=::ffff:0:0/8: ::ffff:0.0.0.0/8 holds more than IPv4-mapped addresses: write 0.0.0.0/0 or an IPv6 prefix",
	} {
		_, err := listener.ParsePrefix(in)
		assert.EqualError(t, err, want, in)
		assert.Error(t, failure(t, err).Unwrap())
	}
}
