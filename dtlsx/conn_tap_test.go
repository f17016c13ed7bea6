package dtlsx_test

import (
	"net"
	"testing"
	"time"

	"github.com/pion/dtls/v3/pkg/protocol/alert"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/dtlsx"
)

// scripted hands out datagrams from addresses.
type scripted struct {
	net.PacketConn

	data []byte
	from []net.Addr
}

func (s *scripted) ReadFrom(b []byte) (int, net.Addr, error) {
	if len(s.from) == 0 {
		return 0, nil, net.ErrClosed
	}
	from := s.from[0]
	s.from = s.from[1:]
	return copy(b, s.data), from, nil
}

func (*scripted) WriteTo(b []byte, _ net.Addr) (int, error) { return len(b), nil }

// TestSettle: a Read waits for the library to note that the peer has moved, which
// it has done when it asks for more, and not for ever.
func TestSettle(t *testing.T) {
	udp := func(port int) net.Addr { return &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port} }
	link := &scripted{from: []net.Addr{
		udp(1), udp(1), udp(2), udp(2), &net.UnixAddr{Name: "a"}, &net.UnixAddr{Name: "a"},
	}}
	link.data = []byte{25, 254, 253, 0, 1, 0, 0, 0, 0, 0, 1, 'a', 'b', 'c', 'd', 0, 1, 9}
	tap := dtlsx.NewTap(link, false)
	tap.Finish()
	for i, moved := range []bool{false, false, true, false, true, true} {
		n, _, err := tap.ReadFrom(make([]byte, 100))
		require.NoError(t, err)
		assert.Equal(t, len(link.data), n)
		assert.Equal(t, moved, tap.Moved(), "datagram %d", i)
	}
	start := time.Now()
	tap.Settle()
	assert.GreaterOrEqual(t, time.Since(start), dtlsx.MaxSettle)
	_, _, err := tap.ReadFrom(make([]byte, 100))
	require.ErrorIs(t, err, net.ErrClosed)
	assert.False(t, tap.Moved(), "the library has come back")
	tap.Settle()
}

// TestCurveBehindAHint: a key exchange with a PSK has a hint before the curve.
func TestCurveBehindAHint(t *testing.T) {
	message := func(body ...byte) []byte {
		return rec(22, 0, append([]byte{12, 0, 0, byte(len(body)), 0, 1, 0, 0, 0, 0, 0, byte(len(body))}, body...)...)
	}
	for name, test := range map[string]struct {
		psk  bool
		body []byte
		want uint16
	}{
		"no hint":            {true, []byte{0, 0, 3, 0, 29, 1, 9}, 29},
		"a hint":             {true, []byte{0, 2, 'h', 'i', 3, 0, 23, 1, 9}, 23},
		"a hint that is cut": {true, []byte{0, 200, 'h', 'i', 3, 0, 23, 1, 9}, 0},
		"certificates":       {false, []byte{3, 0, 24, 1, 9}, 24},
		"not a named curve":  {false, []byte{1, 0, 24, 1, 9}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			tap := dtlsx.NewTap(&scripted{}, test.psk)
			_, err := tap.WriteTo(message(test.body...), nil)
			require.NoError(t, err)
			assert.Equal(t, test.want, tap.Curve())
		})
	}
}

// TestHasHandshake is what makes a client repeat its last flight.
func TestHasHandshake(t *testing.T) {
	handshake, data := rec(22, 1, 1, 2), rec(23, 1, 1)
	assert.True(t, dtlsx.HasHandshake(handshake, 0))
	assert.True(t, dtlsx.HasHandshake(append(rec(20, 0, 1), handshake...), 0))
	assert.False(t, dtlsx.HasHandshake(data, 0))
	assert.False(t, dtlsx.HasHandshake(append(data, handshake[:5]...), 0))
}

// TestLoggedAlert: an alert without a name is one all the same, and not taken for
// another one without a name.
func TestLoggedAlert(t *testing.T) {
	for a, want := range map[alert.Alert]struct {
		code  uint8
		fatal bool
	}{
		{Level: alert.Fatal, Description: 40}:   {40, true},
		{Level: alert.Fatal, Description: 200}:  {255, true},
		{Level: alert.Fatal, Description: 52}:   {255, true},
		{Level: alert.Warning, Description: 40}: {},
	} {
		code, fatal := dtlsx.LoggedAlert(a.String())
		assert.Equal(t, want.fatal, fatal, a.String())
		assert.Equal(t, want.code, code, a.String())
	}
}
