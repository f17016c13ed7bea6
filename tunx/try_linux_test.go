package tunx_test

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/strata-net/strata/tunx"
)

// toldReceiver is one that wants to know who is not reachable.
type toldReceiver struct {
	got  chan string
	told atomic.Int32
}

func (r *toldReceiver) WriteFrom(p []byte, _ net.Addr) (int, error) {
	r.got <- string(p)
	return len(p), nil
}

func (r *toldReceiver) Unreachable(netip.AddrPort) { r.told.Add(1) }
func (*toldReceiver) Close() error                 { return nil }

// A socket whose peer does not keep up is not waited for, and takes the next one when it
// has room. A pair of sockets of this kind is the one that can be filled at will.
func TestTrySocketFull(t *testing.T) {
	noLeak(t)
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	require.NoError(t, err)
	left, right := os.NewFile(uintptr(fds[0]), "left"), os.NewFile(uintptr(fds[1]), "right")
	defer right.Close()
	raw, err := left.SyscallConn()
	require.NoError(t, err)
	errno := unix.Errno(0)
	for n := 0; errno == 0; n++ {
		errno = tunx.TrySend(raw, []byte("x"))
		require.Less(t, n, 1<<20)
	}
	require.Equal(t, unix.EAGAIN, errno)
	_, err = right.Read(make([]byte, 1))
	require.NoError(t, err)
	assert.Zero(t, tunx.TrySend(raw, nil), "an empty one")
	require.NoError(t, left.Close())
	assert.Equal(t, unix.EBADF, tunx.TrySend(raw, nil))
}

// Each kind of socket sends without waiting what it can, and leaves the rest to WriteTo,
// which says why.
func TestTrySocket(t *testing.T) {
	echo4, echo6 := udpEcho(t, "127.0.0.1:0"), udpEcho(t, "[::1]:0")
	zone := netip.AddrPortFrom(echo6.Addr().WithZone("lo"), echo6.Port())
	for _, each := range []struct {
		name, network, address string
		to                     netip.AddrPort
		try, write             bool
	}{
		{"dual", "udp", ":0", echo4, true, true},
		{"dual 6", "udp", ":0", echo6, true, true},
		{"dual zone", "udp", ":0", zone, false, true},
		{"4", "udp4", ":0", echo4, true, true},
		{"4 to 6", "udp4", ":0", echo6, false, false},
		{"6", "udp6", "[::1]:0", echo6, true, true},
		{"6 to 4", "udp6", "[::1]:0", echo4, false, false},
		{"none", "udp", ":0", netip.AddrPort{}, false, false},
		{"connected", "", echo4.String(), echo4, true, true},
		{"connected 6", "", echo6.String(), echo6, true, true},
	} {
		t.Run(each.name, func(t *testing.T) {
			noLeak(t)
			listener := tunx.PacketListenerFrom(&net.ListenConfig{}, each.network, each.address)
			if each.network == "" {
				listener = tunx.PacketListenerFunc(func(context.Context) (net.PacketConn, error) {
					return net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(each.to))
				})
			}
			p, err := tunx.NewPacketProxyFromPacketListener(listener)
			require.NoError(t, err)
			a := make(chan string, 1)
			sender, err := p.NewSession(&toldReceiver{got: a})
			require.NoError(t, err)
			defer sender.Close()
			try := sender.(tunx.TryPacketRequestSender)
			require.Equal(t, each.try, try.TryWriteTo([]byte("x"), each.to))
			if each.try {
				assert.Equal(t, "x", <-a)
			}
			_, err = sender.WriteTo([]byte("y"), each.to)
			require.Equal(t, each.write, err == nil, "%v", err)
			if each.write {
				assert.Equal(t, "y", <-a)
			}
			require.NoError(t, sender.Close())
			assert.False(t, try.TryWriteTo([]byte("z"), each.to))
		})
	}
}

// Errors of earlier datagrams neither get lost nor keep the next one from being sent.
func TestTryAfterUnreachable(t *testing.T) {
	noLeak(t)
	a := make(chan string, 100)
	r := &toldReceiver{got: a}
	sender, err := direct(t).NewSession(r)
	require.NoError(t, err)
	defer sender.Close()
	try := sender.(tunx.TryPacketRequestSender)
	echo, nobody := udpEcho(t, "127.0.0.1:0"), closedPort(t, "127.0.0.1:0")
	for told := range 100 {
		for !try.TryWriteTo([]byte("x"), nobody) {
			_, err := sender.WriteTo(nil, echo) // the table would
			require.NoError(t, err)
			assert.Empty(t, <-a)
		}
		if !try.TryWriteTo([]byte("y"), echo) {
			_, err = sender.WriteTo([]byte("y"), echo)
			require.NoError(t, err)
		}
		assert.Equal(t, "y", <-a)
		eventually(t, "not told", func() bool { return int(r.told.Load()) > told })
	}
}

// No datagram costs an allocation on its way from the table to the socket.
func TestTryAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates, and makes sync.Pool forget")
	}
	sink, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	defer sink.Close()
	to := sink.LocalAddr().(*net.UDPAddr).AddrPort()
	s := newSessions(t, direct(t), nil, nil)
	p := make([]byte, 1200)
	require.NoError(t, s.WriteTo(p, local(1), to))
	awaitSent(t, s, 1) // what comes before the session is open goes through the queue
	var failed error
	assert.Zero(t, testing.AllocsPerRun(2000, func() {
		// A goroutine that still has the first one may be late.
		if err := s.WriteTo(p, local(1), to); err != nil && !errors.Is(err, tunx.ErrQueueFull) {
			failed = err
		}
	}))
	assert.NoError(t, failed)
}
