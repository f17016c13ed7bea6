package access_test

import (
	"net"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/sockopt/access"
)

func TestCounts(t *testing.T) {
	c := access.NewCounts(2, access.Width{Bits6: 48})
	take := func(s string) (access.Source, bool) {
		source, counted, ok := c.Take(netip.MustParseAddr(s))
		assert.Equal(t, ok, counted)
		return source, ok
	}
	first, ok := take("2001:db8::1")
	require.True(t, ok)
	second, ok := take("2001:db8:0:1::1") // the same /48
	require.True(t, ok)
	assert.Equal(t, first, second)
	assert.True(t, c.Full(netip.MustParseAddr("2001:db8:0:2::1")))
	_, ok = take("2001:db8:0:2::1")
	assert.False(t, ok)
	assert.False(t, c.Full(netip.MustParseAddr("192.0.2.1")))
	assert.False(t, c.Full(netip.Addr{}))
	_, ok = take("192.0.2.1")
	assert.True(t, ok)
	assert.Equal(t, 2, c.Len())
	c.Drop(first)
	_, ok = take("2001:db8:0:2::1")
	assert.True(t, ok)
	_, counted, ok := c.Take(netip.Addr{})
	assert.True(t, ok)
	assert.False(t, counted)
}

func TestCountsWithoutLimit(t *testing.T) {
	c := access.NewCounts(0, access.Width{})
	assert.Nil(t, c)
	_, counted, ok := c.Take(netip.MustParseAddr("192.0.2.1"))
	assert.True(t, ok)
	assert.False(t, counted)
	assert.False(t, c.Full(netip.MustParseAddr("192.0.2.1")))
	assert.Zero(t, c.Len())
}

// The map gives its memory back when a flood is over.
func TestCountsForget(t *testing.T) {
	c := access.NewCounts(1, access.Width{})
	var taken []access.Source
	a := netip.MustParseAddr("10.0.0.0")
	for range 2000 {
		source, _, ok := c.Take(a)
		require.True(t, ok)
		taken, a = append(taken, source), a.Next()
	}
	assert.Equal(t, 2000, c.Len())
	for _, source := range taken {
		c.Drop(source)
	}
	assert.Zero(t, c.Len())
	_, _, ok := c.Take(a)
	assert.True(t, ok)
}

func TestSource(t *testing.T) {
	for _, tt := range []struct {
		a, want string
		w       access.Width
	}{
		{a: "192.0.2.7", want: "192.0.2.7"},
		{a: "192.0.2.7", want: "192.0.2.0", w: access.Width{Bits4: 24}},
		{a: "2001:db8::1:2:3:4", want: "2001:db8::"},
		{a: "2001:db8::1:2:3:4", want: "2001:db8::1:2:3:4", w: access.Width{Bits6: 128}},
	} {
		assert.Equal(t, access.Source(netip.MustParseAddr(tt.want).As16()), tt.w.Source(netip.MustParseAddr(tt.a)))
	}
	assert.Equal(t, access.Source{}, access.Width{}.Source(netip.Addr{}))
}

func TestAddrOf(t *testing.T) {
	ip := net.ParseIP("192.0.2.1") // 16 bytes long
	for _, a := range []net.Addr{&net.TCPAddr{IP: ip}, &net.UDPAddr{IP: ip}, &net.IPAddr{IP: ip}} {
		assert.Equal(t, netip.MustParseAddr("192.0.2.1"), access.AddrOf(a))
	}
	assert.False(t, access.AddrOf(&net.UnixAddr{Name: "/x"}).IsValid())
	assert.False(t, access.AddrOf(nil).IsValid())
}

func TestParsePrefix(t *testing.T) {
	for in, want := range map[string]string{
		"10.1.2.3/8": "10.0.0.0/8", "10.0.0.1": "10.0.0.1/32", "::1": "::1/128",
		"::ffff:10.0.0.0/104": "10.0.0.0/8", "::ffff:10.0.0.1": "10.0.0.1/32",
	} {
		p, err := access.ParsePrefix(in)
		require.NoError(t, err)
		assert.Equal(t, want, p.String())
	}
	for _, in := range []string{"", "x", "10.0.0.0/33", "fe80::1%eth0", "::ffff:0:0/90"} {
		_, err := access.ParsePrefix(in)
		assert.Error(t, err, in)
	}
}
