package dtlsx_test

import (
	"bytes"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/dtlsx"
)

// switchboard is a socket that a client and an attacker share: what the attacker
// writes has the address of the client.
type switchboard struct{ *net.UDPConn }

// Close leaves the socket open for the next.
func (switchboard) Close() error { return nil }

func board(t testing.TB) switchboard {
	t.Helper()
	c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	require.NoError(t, err)
	t.Cleanup(func() { c.Close() })
	return switchboard{c}
}

func TestForgedDatagramsOfAnEstablishedConn(t *testing.T) {
	noLeak(t)
	l := listen(t, dtlsx.ListenConfig{})
	socket := board(t)
	c := peerOn(t, socket, l)
	require.NoError(t, c.HandshakeContext(t.Context()))
	s := accept(t, l)
	talk(t, c, s, "before")
	forged := [][]byte{
		hello(0, 0, 1, nil), hello(1, 1, 1, bytes.Repeat([]byte{1}, 20)),
		wrap(21, 0, 9, []byte{2, 40}), wrap(21, 0, 10, []byte{1, 0}), wrap(20, 0, 11, []byte{1}),
		wrap(22, 0, 12, bytes.Repeat([]byte{16}, 50)), wrap(23, 0, 13, []byte("in the clear")),
		wrap(21, 1, 14, make([]byte, 40)), wrap(23, 1, 15, make([]byte, 200)), wrap(22, 1, 16, make([]byte, 60)),
		append(wrap(21, 0, 17, []byte{2, 40}), wrap(23, 1, 18, make([]byte, 60))...),
		wrap(23, 2, 19, make([]byte, 60)), {22, 0xfe}, make([]byte, 1200),
	}
	for range 500 {
		was := l.Stats().Received
		for _, b := range forged {
			_, err := socket.WriteTo(b, l.Addr())
			require.NoError(t, err)
		}
		eventually(t, "read", func() bool { return l.Stats().Received-was >= int64(len(forged)) })
	}
	talk(t, c, s, "after")
	assert.EqualValues(t, 1, l.Stats().Active)
	assert.Zero(t, l.Stats().Replaced)
}

// TestAClientThatStartsAgain: RFC 6347, section 4.2.8.
func TestAClientThatStartsAgain(t *testing.T) {
	noLeak(t)
	l := listen(t, dtlsx.ListenConfig{Config: dtlsx.Config{RetransmitInterval: time.Minute}})
	socket := board(t)
	first := peerOn(t, silence{socket}, l)
	require.NoError(t, first.HandshakeContext(t.Context()))
	s1 := accept(t, l)
	require.NoError(t, first.Close()) // but its goodbye is lost

	// A handshake with the cookie that goes no further leaves the old conn alone.
	_, err := socket.WriteTo(hello(0, 0, 3, nil), l.Addr())
	require.NoError(t, err)
	b := make([]byte, 2048)
	n, _, err := socket.ReadFrom(b)
	require.NoError(t, err)
	_, err = socket.WriteTo(hello(1, 1, 3, cookieOf(t, b[:n])), l.Addr())
	require.NoError(t, err)
	eventually(t, "another handshake", func() bool { return l.Stats().Pending == 1 })
	assert.Zero(t, l.Stats().Replaced)
	say(t, s1, "still there")

	drain(socket)
	second := peerOn(t, socket, l)
	require.NoError(t, second.HandshakeContext(t.Context()))
	s2 := accept(t, l)
	talk(t, second, s2, "again")
	_, err = s1.Read(b)
	assert.ErrorIs(t, err, net.ErrClosed)
	assert.ErrorContains(t, err, "another association")
	assert.NoError(t, s1.Close())
	eventually(t, "one left", func() bool { return l.Stats().Active == 1 })
	assert.EqualValues(t, 1, l.Stats().Replaced)
	eventually(t, "told", func() bool { return l.Stats().HandshakesFailed == 1 })
}

// drain reads what was for an earlier conn.
func drain(s switchboard) {
	s.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
	for b := make([]byte, 2048); ; {
		if _, _, err := s.ReadFrom(b); err != nil {
			break
		}
	}
	s.SetReadDeadline(time.Time{})
}

// silence loses what is short: alerts.
type silence struct{ switchboard }

func (s silence) WriteTo(b []byte, to net.Addr) (int, error) {
	if b[0] == 21 {
		return len(b), nil
	}
	return s.switchboard.WriteTo(b, to)
}

// cutter sends each ClientHello in fragments, in an order of the test.
type cutter struct {
	switchboard
	size  int
	order func([][]byte) [][]byte
}

func (c cutter) WriteTo(b []byte, to net.Addr) (int, error) {
	if b[0] != 22 || b[13] != 1 {
		return c.switchboard.WriteTo(b, to)
	}
	message, number := uint16(b[17])<<8|uint16(b[18]), uint64(b[10])*16
	for _, d := range c.order(pieces(b[25:], message, number+1, c.size)) {
		if _, err := c.switchboard.WriteTo(d, to); err != nil {
			return 0, err
		}
	}
	return len(b), nil
}

func TestFragmentedHellos(t *testing.T) {
	noLeak(t)
	for name, order := range map[string]func([][]byte) [][]byte{
		"datagrams":    func(d [][]byte) [][]byte { return d },
		"one datagram": func(d [][]byte) [][]byte { return [][]byte{bytes.Join(d, nil)} },
		"twice":        func(d [][]byte) [][]byte { return append(d, d...) },
		"each twice": func(d [][]byte) (all [][]byte) {
			for _, b := range d {
				all = append(all, b, b)
			}
			return all
		},
	} {
		for _, size := range []int{70, 100, 150} {
			t.Run(name, func(t *testing.T) {
				l := listen(t, dtlsx.ListenConfig{})
				c := peerOn(t, cutter{board(t), size, order}, l)
				require.NoError(t, c.HandshakeContext(t.Context()))
				talk(t, c, accept(t, l), "in pieces")
			})
		}
	}
}

func TestAnUnfinishedHello(t *testing.T) {
	noLeak(t)
	l := listen(t, dtlsx.ListenConfig{Config: dtlsx.Config{HandshakeTimeout: 200 * time.Millisecond}})
	c := raw(t, "127.0.0.1", l)
	cookie := challenge(t, c, 1)
	for _, b := range pieces(helloBody(1, cookie), 1, 1, 70)[:1] {
		_, err := c.Write(b)
		require.NoError(t, err)
	}
	eventually(t, "pending", func() bool { s := l.Stats(); return s.Pending == 1 || s.HandshakesFailed == 1 })
	_, err := c.Write(wrap(22, 0, 9, bytes.Repeat([]byte{16}, 50))) // not now
	require.NoError(t, err)
	eventually(t, "over", func() bool { return l.Stats().HandshakesFailed == 1 && l.Stats().Pending == 0 })
}

// TestRecordNumbers: the first record of the server has the number of the hello
// (RFC 6347, section 4.2.1), else a client that has had several
// HelloVerifyRequests would take it for a repetition.
func TestRecordNumbers(t *testing.T) {
	noLeak(t)
	l := listen(t, dtlsx.ListenConfig{})
	c := raw(t, "127.0.0.1", l)
	for number := range uint64(4) {
		_, err := c.Write(hello(0, number, 1, nil))
		require.NoError(t, err)
		b := make([]byte, 2048)
		n, err := c.Read(b)
		require.NoError(t, err)
		require.Equal(t, byte(number), b[10])
		if number < 3 {
			continue
		}
		_, err = c.Write(hello(1, 4, 1, cookieOf(t, b[:n])))
		require.NoError(t, err)
		_, err = c.Read(b)
		require.NoError(t, err)
		assert.EqualValues(t, 2, b[13], "ServerHello")
		assert.EqualValues(t, 1, b[18], "message_seq")
		assert.EqualValues(t, 4, b[10])
	}
}

// TestALateHello has the cookie, but not the number that the library can take:
// the client is told.
func TestALateHello(t *testing.T) {
	noLeak(t)
	l := listen(t, dtlsx.ListenConfig{})
	c := raw(t, "127.0.0.1", l)
	cookie := challenge(t, c, 1)
	b := make([]byte, 100)
	_, err := c.Write(hello(1, 0, 1, cookie)) // number 0 was that of the first
	require.NoError(t, err)
	n, err := c.Read(b)
	require.NoError(t, err)
	assert.Equal(t, cookie, cookieOf(t, b[:n]))
	_, err = c.Write(hello(2, 2, 1, cookie))
	require.NoError(t, err)
	n, err = c.Read(b)
	require.NoError(t, err)
	assert.Equal(t, []byte{21, 0xfe, 0xff, 0, 0, 0, 0, 0, 0, 0, 2, 0, 2, 2, 80}, b[:n])
	assert.EqualValues(t, 1, l.Stats().HandshakesFailed)
	assert.Zero(t, l.Stats().Active)

	was := l.Stats().Received
	for range 3 { // a hello that is repeated begins one handshake only
		_, err = c.Write(hello(1, 1, 1, cookie))
		require.NoError(t, err)
	}
	handled(t, l, was+3)
	assert.EqualValues(t, 1, l.Stats().Active)
	cookie = challenge(t, c, 2) // the client begins again
	_, err = c.Write(hello(1, 1, 2, cookie))
	require.NoError(t, err)
	eventually(t, "the first is gone", func() bool { return l.Stats().HandshakesFailed == 2 })
	assert.EqualValues(t, 1, l.Stats().Active)
}
