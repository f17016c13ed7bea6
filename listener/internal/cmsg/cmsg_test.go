package cmsg_test

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/listener/internal/cmsg"
)

func TestWantsNothing(t *testing.T) {
	assert.False(t, cmsg.Want{}.Any())
	assert.NoError(t, cmsg.Want{}.Control("udp4", "", nil))
	for _, w := range []cmsg.Want{{Destination: true}, {ECN: true}, {HopLimit: true}} {
		assert.True(t, w.Any())
	}
}

// What is appended is what is read, as far as the kernel uses one form for both.
func TestAppendAndParse(t *testing.T) {
	if !cmsg.Supported {
		assert.Error(t, cmsg.Parse([]byte{1}, &cmsg.Info{}))
		return
	}
	source := netip.MustParseAddr("2001:db8::1")
	b := cmsg.AppendSource(nil, true, source, 7)
	b = cmsg.AppendTOS(b, true, 0xb8|3)
	var i cmsg.Info
	require.NoError(t, cmsg.Parse(b, &i))
	assert.Equal(t, cmsg.Info{Local: source, Interface: 7, ECN: 3}, i)

	b = cmsg.AppendSource(nil, true, netip.Addr{}, 7)
	i = cmsg.Info{}
	require.NoError(t, cmsg.Parse(b, &i))
	assert.Equal(t, cmsg.Info{Local: netip.IPv6Unspecified(), Interface: 7}, i)

	mapped := netip.MustParseAddr("::ffff:10.0.0.1")
	i = cmsg.Info{}
	require.NoError(t, cmsg.Parse(cmsg.AppendSource(nil, true, mapped, 0), &i))
	assert.Equal(t, mapped.Unmap(), i.Local)
}

// A number that does not fit into the kernel's must not become another interface.
func TestAppendRouteRefusesWhatIsNoIndex(t *testing.T) {
	to := netip.MustParseAddr("10.0.0.1")
	for _, index := range []int64{-1, 1<<31 + 1, 1<<32 + 1} {
		if int64(int(index)) != index {
			continue
		}
		b, err := cmsg.AppendRoute(nil, false, to, cmsg.Route{Interface: int(index)}, 0, 0)
		require.ErrorContains(t, err, "is not an index")
		assert.Empty(t, b)
	}
}

func TestAppendWithinRoomDoesNotAllocate(t *testing.T) {
	room := make([]byte, 0, cmsg.Room)
	source := netip.MustParseAddr("2001:db8::1")
	assert.Zero(t, testing.AllocsPerRun(100, func() {
		b := cmsg.AppendSource(room, true, source, 7)
		b = cmsg.AppendTOS(b, true, 3)
		var i cmsg.Info
		if cmsg.Supported && cmsg.Parse(b, &i) != nil {
			t.Error("malformed")
		}
	}))
}
