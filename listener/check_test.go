package listener_test

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/listener"
	"github.com/strata-net/strata/sockopt"
)

func TestCheck(t *testing.T) {
	noLeak(t)
	for _, c := range []*listener.Config{
		nil,
		{Address: "udp://127.0.0.1:0", MaxConns: -1},
		{Address: "127.0.0.1:0", Shards: -1, Allow: []netip.Prefix{{}}, Addresses: []string{"fd://x"}},
		{Addresses: []string{"fd://7", "fd://7"}},
	} {
		_, err := listener.New(t.Context(), c)
		require.Error(t, err)
		assert.EqualError(t, c.Check(), err.Error())
	}
	taken := open(t, &listener.Config{Address: "127.0.0.1:0"})
	require.NoError(t, (&listener.Config{Address: taken.Addr().String()}).Check(), "opens nothing")
}

// Sockets that are to be inherited may be those of another process.
func TestCheck_Inherited(t *testing.T) {
	t.Setenv("LISTEN_FDS", "")
	require.NoError(t, (&listener.Config{Addresses: []string{"fd://70000", "systemd://web", "systemd://admin"}}).Check())
	assert.EqualError(t, (&listener.Config{Addresses: []string{"systemd://web", "systemd://web"}}).Check(),
		"listener: config: Addresses[1]=systemd://web: web is in Addresses[0] already")
	assert.EqualError(t, (&listener.Config{Address: "systemd://web", Shards: 2}).Check(),
		"listener: config: Shards=2: only TCP ports can be shared by sockets, systemd://web cannot")
}

// Check changes nothing, as New does.
func TestCheck_Unchanged(t *testing.T) {
	mapped := netip.MustParsePrefix("::ffff:10.0.0.0/104")
	c := &listener.Config{Address: "127.0.0.1:0", Shards: 2, Allow: []netip.Prefix{mapped}}
	require.NoError(t, c.Check())
	assert.Equal(t, &listener.Config{Address: "127.0.0.1:0", Shards: 2, Allow: []netip.Prefix{mapped}}, c)
}

func TestPacketConfig_Check(t *testing.T) {
	for _, c := range []*listener.PacketConfig{
		nil,
		{Address: "tcp://127.0.0.1:0", ECN: true},
		{Address: "unixgram:///x", HopLimit: true, Options: sockopt.Options{sockopt.TCPNoDelay.Value(true)}},
	} {
		_, err := listener.NewPacketConn(t.Context(), c)
		require.Error(t, err)
		assert.EqualError(t, c.Check(), err.Error())
	}
	require.NoError(t, (&listener.PacketConfig{Address: "127.0.0.1:0"}).Check())
}
