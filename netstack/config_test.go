package netstack_test

import (
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gvisor.dev/gvisor/pkg/tcpip"
	enginetcp "gvisor.dev/gvisor/pkg/tcpip/transport/tcp"

	"github.com/strata-net/strata/netstack"
)

func TestConfigErrors(t *testing.T) {
	bad := &netstack.Config{
		Congestion:    "bbr",
		SendBuffer:    netstack.BufferSizes{Min: 10, Default: 5, Max: 20},
		ReceiveBuffer: netstack.BufferSizes{Max: 2 << 30},
		TimeWait:      2 * time.Hour,
		KeepAlive:     net.KeepAliveConfig{Idle: 10 * time.Hour, Interval: 11 * time.Hour, Count: 200},
		PortRange:     [2]uint16{5000, 4000},
	}
	given := *bad
	_, err := netstack.New(bad)
	assert.EqualError(t, err, `netstack: config: Congestion=bbr: not one of cubic, reno
netstack: config: SendBuffer={10 5 20}: not 0 < Min <= Default <= Max <= 1073741824
netstack: config: ReceiveBuffer={0 0 2147483648}: not 0 < Min <= Default <= Max <= 1073741824
netstack: config: TimeWait=2h0m0s: more than 1h0m0s
netstack: config: PortRange=5000-4000: not a first port above 0 and a last one that is not below it
netstack: config: KeepAlive.Idle=10h0m0s: more than 9h6m7s
netstack: config: KeepAlive.Interval=11h0m0s: more than 9h6m7s
netstack: config: KeepAlive.Count=200: more than 127`)
	assert.Equal(t, given, *bad)
	var e *netstack.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, "Congestion", e.Field)
	for _, c := range []netstack.Config{
		{SendBuffer: netstack.BufferSizes{Min: -1}},
		{SendBuffer: netstack.BufferSizes{Default: -1}},
		{SendBuffer: netstack.BufferSizes{Max: -1}},
		{PortRange: [2]uint16{0, 10}},
	} {
		_, err := netstack.New(&c)
		require.ErrorAs(t, err, &e)
	}
}

// What a Config says reaches the engine.
func TestConfig(t *testing.T) {
	noLeak(t)
	for _, test := range []struct {
		c             netstack.Config
		send, receive netstack.BufferSizes
		congestion    string
		sack          bool
		recovery      tcpip.TCPRecovery
		wait          time.Duration
		first, last   uint16
	}{
		{
			netstack.Config{}, defaultSizes, defaultSizes, "cubic", true, tcpip.TCPRACKLossDetection,
			time.Minute, 16000, 65535,
		},
		{
			netstack.Config{
				Congestion: "reno", NoSACK: true, NoRACK: true, TimeWait: -1, PortRange: [2]uint16{1000, 1001},
				SendBuffer: netstack.BufferSizes{Max: 1000}, ReceiveBuffer: netstack.BufferSizes{Default: 2 << 20},
			},
			netstack.BufferSizes{Min: 1000, Default: 1000, Max: 1000},
			netstack.BufferSizes{Min: 4 << 10, Default: 2 << 20, Max: 2 << 20},
			"reno", false, 0, 0, 1000, 1001,
		},
	} {
		s, err := netstack.New(&test.c)
		require.NoError(t, err)
		var (
			send       tcpip.TCPSendBufferSizeRangeOption
			receive    tcpip.TCPReceiveBufferSizeRangeOption
			congestion tcpip.CongestionControlOption
			sack       tcpip.TCPSACKEnabled
			recovery   tcpip.TCPRecovery
			wait       tcpip.TCPTimeWaitTimeoutOption
		)
		for _, o := range []tcpip.GettableTransportProtocolOption{&send, &receive, &congestion, &sack, &recovery, &wait} {
			require.Nil(t, s.Engine().TransportProtocolOption(enginetcp.ProtocolNumber, o))
		}
		assert.Equal(t, test.send, netstack.BufferSizes(send))
		assert.Equal(t, test.receive, netstack.BufferSizes(receive))
		assert.Equal(t, test.congestion, string(congestion))
		assert.Equal(t, test.sack, bool(sack))
		assert.Equal(t, test.recovery, recovery)
		assert.Equal(t, test.wait, time.Duration(wait))
		first, last := s.Engine().PortRange()
		assert.Equal(t, [2]uint16{test.first, test.last}, [2]uint16{first, last})
		require.NoError(t, s.Close())
	}
}

var defaultSizes = netstack.BufferSizes{Min: 4 << 10, Default: 208 << 10, Max: 1 << 20}
