package simnet_test

import (
	"math"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/virtnet"
	"github.com/strata-net/strata/virtnet/simnet"
)

func TestConfig_Check(t *testing.T) {
	c := simnet.Config{
		Order: 3, Link: simnet.Link{Loss: 2}, Prefix: netip.PrefixFrom(netip.MustParseAddr("10.0.0.0"), 33),
		BufferBytes: 1, Backlog: -1, MaxEvents: 1 << 40, CaptureBytes: -1, DialTimeout: -1, WriteTimeout: -1, MinRTO: -1, MaxRTO: -1,
	}
	_, err := simnet.New(c)
	require.Error(t, err)
	for _, text := range []string{
		"simnet: config: Order=3: is none of auto (0), direct (1) and scheduled (2)",
		"simnet: config: Link.Loss=2: must be from 0 to 1",
		"simnet: config: Prefix=invalid Prefix: is no prefix",
		"simnet: config: BufferBytes=1: must be from 4096 to 1073741824, or 0",
		"simnet: config: Backlog=-1: must be from 1 to 65535, or 0",
		"simnet: config: MaxEvents=1099511627776: must be at most 2147483647",
		"simnet: config: CaptureBytes=-1: must be from 1 to 65535, or 0",
		"simnet: config: DialTimeout=-1ns: must not be negative",
		"simnet: config: WriteTimeout=-1ns: must not be negative",
		"simnet: config: MinRTO=-1ns: must not be negative",
		"simnet: config: MaxRTO=-1ns: must not be negative",
	} {
		assert.ErrorContains(t, err, text)
	}
	var e *simnet.Error
	require.ErrorAs(t, err, &e)
	c = simnet.Config{MinRTO: time.Hour}
	assert.EqualError(t, c.Check(), "simnet: config: MinRTO=1h0m0s: must not be above MaxRTO, which is 2m0s")
	assert.Equal(t, "auto direct scheduled invalid",
		simnet.OrderAuto.String()+" "+simnet.OrderDirect.String()+" "+simnet.OrderScheduled.String()+" "+simnet.Order(9).String())
}

// The longest times there are mean never.
func TestConfig_Forever(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := network(t, simnet.Config{
			Link: simnet.Link{Latency: time.Millisecond}, DialTimeout: math.MaxInt64, WriteTimeout: math.MaxInt64, MaxRTO: math.MaxInt64,
		})
		c, d := pair(t, host(t, n, "a"), host(t, n, "b"))
		require.NoError(t, n.Partition([]string{"a"}))
		say(t, c, "hello")
		require.NoError(t, n.At(24*time.Hour, simnet.Heal()))
		hear(t, d, "hello")
	})
}

// A prefix of IPv4 in IPv6 is one of IPv4, as an address is.
func TestConfig_MappedPrefix(t *testing.T) {
	n := network(t, simnet.Config{Order: simnet.OrderDirect, Prefix: netip.MustParsePrefix("::ffff:192.0.2.0/120")})
	a, b := host(t, n, "a"), host(t, n, "b")
	require.Equal(t, "192.0.2.2", b.Addrs()[0].String())
	_, err := b.Listen(":80")
	require.NoError(t, err)
	_, err = a.Dial(t.Context(), "192.0.2.2:80")
	require.NoError(t, err)
}

func TestNetwork_Names(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := network(t, simnet.Config{Name: "α", Prefix: netip.MustParsePrefix("192.0.2.0/29")})
		assert.Equal(t, "simα", n.Network())
		assert.NotZero(t, n.Seed())
		assert.Nil(t, n.Host("a"))
		for i, want := range []string{"192.0.2.1", "192.0.2.2", "192.0.2.4"} {
			if i == 2 {
				host(t, n, "x", "192.0.2.3")
			}
			h := host(t, n, string(rune('a'+i)))
			assert.Equal(t, want, h.Addrs()[0].String())
			assert.Equal(t, "simα", h.Network())
		}
		host(t, n, "d")
		host(t, n, "e")
		_, err := n.NewHost(t.Context(), "f")
		assert.EqualError(t, err, `virtnet "simα": new host "f": prefix 192.0.2.0/29 has no free address`)
		require.NoError(t, n.Host("b").Close())
		assert.Equal(t, "192.0.2.2", host(t, n, "f").Addrs()[0].String())
		for addr, want := range map[string]string{
			"192.0.2.1": `is that of host "a"`, "0.0.0.0": "must be a unicast address without a zone",
			"fe80::1%eth0": "must be a unicast address without a zone", "224.0.0.1": "must be a unicast address without a zone",
		} {
			_, err := n.NewHost(t.Context(), "g", netip.MustParseAddr(addr))
			assert.ErrorContains(t, err, "address "+addr+": "+want)
		}
		a := netip.MustParseAddr("192.0.2.200")
		_, err = n.NewHost(t.Context(), "g", a, a)
		assert.ErrorContains(t, err, "is given twice")
		_, err = n.NewHost(t.Context(), "a")
		assert.ErrorIs(t, err, virtnet.ErrHostDup)
		assert.ErrorContains(t, err, `new host "a": ram(`+n.Network()+`): announce ["a" ""]: host already registered`)
		_, err = simnet.AsVirtNet(n).NewHost(t.Context(), "v")
		require.ErrorContains(t, err, "no free address")
		require.NoError(t, n.Close())
		_, err = n.NewHost(t.Context(), "h")
		assert.ErrorIs(t, err, virtnet.ErrNetDown)
	})
}
