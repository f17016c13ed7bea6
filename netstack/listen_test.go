package netstack_test

import (
	"io"
	"net"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/netstack"
)

func TestListenAddresses(t *testing.T) {
	_, right := newPair(t)
	for _, c := range []struct{ network, address, addr string }{
		{"tcp", ":0", "[::]:"}, {"tcp4", ":0", "0.0.0.0:"}, {"tcp6", ":0", "[::]:"},
		{"tcp", "0.0.0.0:0", "0.0.0.0:"}, {"tcp", right4 + ":8080", right4 + ":8080"},
		{"tcp", "[::ffff:" + right4 + "]:8081", right4 + ":8081"}, {"tcp", right6Port("http"), right6Port("80")},
		{"udp", ":0", "[::]:"}, {"udp4", "", "0.0.0.0:"}, {"udp", right4 + ":53", right4 + ":53"},
		{"ip4:icmp", "", "0.0.0.0"}, {"ip6:ipv6-icmp", right6, right6}, {"ping", right4, right4},
	} {
		t.Run(c.network+" "+c.address, func(t *testing.T) {
			var addr net.Addr
			if c.network[0] == 't' {
				l, err := right.Listen(c.network, c.address)
				require.NoError(t, err)
				addr = l.Addr()
				require.NoError(t, l.Close())
				assert.Equal(t, addr, l.Addr())
			} else {
				address := c.address
				if address == "" && c.network == "udp4" {
					address = ":0"
				}
				p, err := right.ListenPacket(c.network, address)
				require.NoError(t, err)
				addr = p.LocalAddr()
				require.NoError(t, p.Close())
			}
			assert.Contains(t, addr.String(), c.addr)
		})
	}
}

func right6Port(port string) string { return net.JoinHostPort(right6, port) }

func TestListenRefuses(t *testing.T) {
	left, _ := newPair(t)
	for name, c := range map[string]struct {
		config           netstack.ListenConfig
		network, address string
		text             string
	}{
		"no stack":         {netstack.ListenConfig{}, "tcp", ":0", "ListenConfig.Stack is nil"},
		"backlog":          {netstack.ListenConfig{Stack: left, Backlog: -1}, "tcp", ":0", "ListenConfig.Backlog must be 0 to 65535"},
		"great backlog":    {netstack.ListenConfig{Stack: left, Backlog: 65536}, "tcp", ":0", "ListenConfig.Backlog must be 0 to 65535"},
		"name":             {netstack.ListenConfig{Stack: left}, "tcp", "localhost:0", "not a literal address"},
		"no port":          {netstack.ListenConfig{Stack: left}, "tcp", left4, "missing port"},
		"zone":             {netstack.ListenConfig{Stack: left}, "tcp", "[fe80::1%nonsense]:0", "no NIC of this name"},
		"error of Control": {netstack.ListenConfig{Stack: left, Control: func(netstack.Endpoint) error { return os.ErrPermission }}, "tcp", ":0", "permission"},
	} {
		t.Run(name, func(t *testing.T) {
			l, err := c.config.Listen(t.Context(), c.network, c.address)
			assert.Nil(t, l)
			assert.ErrorContains(t, err, c.text)
			op := new(net.OpError)
			require.ErrorAs(t, err, &op)
			assert.Equal(t, "listen", op.Op)
		})
	}
	_, err := left.ListenPacket("tcp", ":0")
	assert.ErrorContains(t, err, "unexpected address type")
}

// TestListenBothFamilies accepts IPv4 and IPv6 conns on one listener, but not where only
// one family is listened on.
func TestListenBothFamilies(t *testing.T) {
	left, right := newPair(t)
	l, err := right.Listen("tcp", ":8000")
	require.NoError(t, err)
	defer l.Close()
	for _, host := range []string{right4, right6} {
		c, err := left.Dial("tcp", net.JoinHostPort(host, "8000"))
		require.NoError(t, err)
		a, err := l.Accept()
		require.NoError(t, err)
		assert.Equal(t, c.LocalAddr().String(), a.RemoteAddr().String())
		assert.Equal(t, c.RemoteAddr().String(), a.LocalAddr().String())
		roundTrip(t, c, a)
		assert.NoError(t, c.Close())
		assert.NoError(t, a.Close())
	}
	six, err := right.Listen("tcp6", ":8001")
	require.NoError(t, err)
	defer six.Close()
	_, err = left.Dial("tcp", right4+":8001")
	assert.ErrorIs(t, err, netstack.ErrConnectionRefused)
}

// TestListenClose resets what nobody accepted, keeps what was accepted, and frees the port.
func TestListenClose(t *testing.T) {
	left, right := newPair(t)
	l, err := right.Listen("tcp", right4+":8000")
	require.NoError(t, err)
	accepted, err := left.Dial("tcp", l.Addr().String())
	require.NoError(t, err)
	a, err := l.Accept()
	require.NoError(t, err)
	waits, err := left.Dial("tcp", l.Addr().String())
	require.NoError(t, err)
	require.NoError(t, l.Close())
	require.NoError(t, waits.SetReadDeadline(time.Now().Add(patience)))
	_, err = waits.Read(make([]byte, 1))
	assert.ErrorIs(t, err, netstack.ErrConnectionReset)
	assert.Equal(t, l.Addr().String(), waits.RemoteAddr().String())
	roundTrip(t, accepted, a)
	_, err = left.Dial("tcp", l.Addr().String())
	assert.ErrorIs(t, err, netstack.ErrConnectionRefused)
	again, err := right.Listen("tcp", right4+":8000")
	require.NoError(t, err)
	assert.NoError(t, again.Close())
	assert.NoError(t, accepted.Close())
	assert.NoError(t, a.Close())
	assert.NoError(t, waits.Close())
}

// TestListenCloseWakes wakes several that accept.
func TestListenCloseWakes(t *testing.T) {
	_, right := newPair(t)
	for _, end := range []func(l net.Listener) error{
		net.Listener.Close,
		func(net.Listener) error { return right.Close() }, // the last
	} {
		l, err := right.Listen("tcp", ":0")
		require.NoError(t, err)
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				_, err := l.Accept()
				assert.ErrorIs(t, err, net.ErrClosed)
			})
		}
		time.AfterFunc(10*time.Millisecond, func() { assert.NoError(t, end(l)) })
		wg.Wait()
	}
}

// TestListenBacklogBounds fills a backlog: what is beyond it is not answered, until there is room.
func TestListenBacklogBounds(t *testing.T) {
	left, right := newPair(t)
	l, err := (&netstack.ListenConfig{Stack: right, Backlog: 3}).Listen(t.Context(), "tcp", right4+":0")
	require.NoError(t, err)
	defer l.Close()
	d := left.Dialer()
	var conns []net.Conn
	for len(conns) < 20 {
		if len(conns) >= 3 { // so many have room, however long they take
			d.Timeout = 300 * time.Millisecond
		}
		c, err := d.Dial("tcp", l.Addr().String())
		if err != nil {
			break
		}
		defer c.Close()
		conns = append(conns, c)
		// The listener's end is established later than the client's, and queued after that.
		queued := uint64(min(len(conns), 4))
		require.Eventually(t, func() bool { return right.Stats().TCP.CurrentEstablished >= queued }, patience, time.Millisecond)
		time.Sleep(20 * time.Millisecond)
	}
	require.GreaterOrEqual(t, len(conns), 3)
	assert.LessOrEqual(t, len(conns), 5)
	for range conns {
		a, err := l.Accept()
		require.NoError(t, err)
		require.NoError(t, a.Close())
	}
	for _, c := range conns {
		_, err := c.Read(make([]byte, 1))
		assert.ErrorIs(t, err, io.EOF)
	}
}
