package tunnel_test

import (
	"context"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/netstack"
	"github.com/strata-net/strata/netstack/forward"
	"github.com/strata-net/strata/tunx"
)

// Flows whose server does not read stop, and only they: all others go on, and so do datagrams.
func TestStalledFlows(t *testing.T) {
	noLeak(t)
	packets, err := tunx.NewPacketProxyFromPacketListener(moved{echoes(t)})
	require.NoError(t, err)
	s := newClient(t, nil, forward.Config{Streams: toLoopback(echoStreams(t)), Packets: packets})
	for range 3 {
		c, err := s.DialContext(t.Context(), "tcp", "192.0.2.1:80")
		require.NoError(t, err)
		t.Cleanup(func() { c.Close() })
		sent := fill(t, c)
		assert.Less(t, sent, 64<<20, "what waits is bounded")
	}
	var group sync.WaitGroup
	for i := range 4 {
		group.Go(func() { exchange(t, s, "192.0.2.1:81", 8<<20, uint64(i)) })
	}
	group.Go(func() { askUDP(t, s) })
	group.Wait()
}

// fill writes to a flow whose server does not read until it takes no more, and returns how much it has taken.
func fill(t *testing.T, c net.Conn) (sent int) {
	t.Helper()
	n, err := c.Write([]byte("s"))
	require.NoError(t, err)
	for sent = n; ; sent += n {
		c.SetWriteDeadline(time.Now().Add(500 * time.Millisecond))
		if n, err = c.Write(make([]byte, 256<<10)); err != nil {
			require.ErrorIs(t, err, os.ErrDeadlineExceeded)
			return sent + n
		}
	}
}

// askUDP exchanges datagrams, each of which is sent again until it comes back: those of a queue that is full are lost.
func askUDP(t *testing.T, s *netstack.Stack) {
	t.Helper()
	c, err := s.DialContext(t.Context(), "udp", "192.0.2.1:53")
	require.NoError(t, err)
	defer c.Close()
	for i := range 50 {
		sent, got := []byte{byte(i)}, make([]byte, 10)
		for end := time.Now().Add(patience); ; {
			require.True(t, time.Now().Before(end), "no answer to datagram %d", i)
			_, err := c.Write(sent)
			require.NoError(t, err)
			c.SetReadDeadline(time.Now().Add(time.Second))
			if n, err := c.Read(got); err == nil && n == 1 && got[0] == sent[0] {
				break
			}
		}
	}
}

// hanging is a proxy whose sessions do not begin for one client, until the test is over.
type hanging struct {
	tunx.PacketProxy
	hangs chan<- struct{}
	until <-chan struct{}
	first sync.Once
}

func (h *hanging) NewSession(r tunx.PacketResponseReceiver) (s tunx.PacketRequestSender, err error) {
	hang := false
	h.first.Do(func() { hang = true })
	if hang {
		close(h.hangs)
		<-h.until
	}
	return h.PacketProxy.NewSession(r)
}

// A session that does not begin keeps back no other one, and no flow.
func TestHangingSession(t *testing.T) {
	noLeak(t)
	packets, err := tunx.NewPacketProxyFromPacketListener(moved{echoes(t)})
	require.NoError(t, err)
	hangs, until := make(chan struct{}), make(chan struct{})
	s := newClient(t, nil, forward.Config{
		Streams: toLoopback(echoStreams(t)), Packets: &hanging{PacketProxy: packets, hangs: hangs, until: until},
	})
	t.Cleanup(func() { close(until) }) // before the forwarder is closed
	c, err := s.DialContext(t.Context(), "udp", "192.0.2.1:53")
	require.NoError(t, err)
	defer c.Close()
	_, err = c.Write([]byte("hang"))
	require.NoError(t, err)
	select {
	case <-hangs:
	case <-time.After(patience):
		require.FailNow(t, "no session begins")
	}
	askUDP(t, s)
	exchange(t, s, "192.0.2.1:80", 1<<20, 1)
}

// Close in the middle of flows, sessions and dials leaves nothing behind.
func TestCloseInTheMiddle(t *testing.T) {
	noLeak(t)
	l := echoStreams(t)
	packets, err := tunx.NewPacketProxyFromPacketListener(moved{echoes(t)})
	require.NoError(t, err)
	s := newClient(t, nil, forward.Config{
		Streams: streamDialerFunc(func(ctx context.Context, address string) (tunx.StreamConn, error) {
			if strings.HasSuffix(address, ":99") {
				<-ctx.Done()
				return nil, ctx.Err()
			}
			return toLoopback(l).DialStream(ctx, address)
		}),
		Packets: packets,
	})
	var group sync.WaitGroup
	for _, address := range []string{"192.0.2.1:80", "192.0.2.1:99", "[2001:db8::1]:80", "[2001:db8::1]:99"} {
		for range 10 {
			group.Go(func() {
				c, err := s.DialContext(context.Background(), "tcp", address)
				if err != nil {
					return
				}
				defer c.Close()
				for err == nil {
					_, err = c.Write(pattern(10000)) // echoed, and not read: it stalls
				}
			})
		}
	}
	askUDP(t, s)
	assert.NoError(t, s.Close())
	group.Wait()
}
