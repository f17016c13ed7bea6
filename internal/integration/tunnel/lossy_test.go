package tunnel_test

import (
	"context"
	"crypto/sha256"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/netstack"
	"github.com/strata-net/strata/netstack/forward"
	"github.com/strata-net/strata/tunx"
)

// lossy is a device that drops some of the packets that are written to it, and lets others be overtaken. The same seed
// does it to the same ones of a sequence.
type lossy struct {
	tunx.IPDevice
	lose, late int // of a thousand

	mu            sync.Mutex
	random        *rand.Rand
	packets       int
	held          [][]byte
	lost, delayed int
}

func newLossy(d tunx.IPDevice, seed uint64, lose, late int) *lossy {
	return &lossy{IPDevice: single{d}, lose: lose, late: late, random: rand.New(rand.NewPCG(seed, seed))}
}

func (l *lossy) Write(p []byte) (int, error) {
	for _, q := range l.due(p) {
		if _, err := l.IPDevice.Write(q); err != nil {
			return 0, err
		}
	}
	return len(p), nil
}

// due returns what leaves now: the packet, unless it is lost or late, and those that were overtaken.
func (l *lossy) due(p []byte) [][]byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := l.random.IntN(1000)
	switch l.packets++; l.packets { // two are sure, so that each run has them
	case 20:
		n = 0
	case 30:
		n = l.lose
	}
	switch {
	case n < l.lose:
		l.lost++
		return nil
	case n < l.lose+l.late:
		l.delayed++
		l.held = append(l.held, slices.Clone(p))
		return nil
	case len(l.held) > 0 && l.random.IntN(8) == 0:
		all := append([][]byte{p}, l.held...)
		l.held = nil
		return all
	}
	return [][]byte{p}
}

// newClient is a stack whose device has a forwarder behind it.
func newClient(t *testing.T, wrap func(d tunx.IPDevice, seed uint64) tunx.IPDevice, cfg forward.Config) *netstack.Stack {
	t.Helper()
	near, far := tunx.Pipe(1500)
	if wrap != nil {
		near, far = wrap(near, 1), wrap(far, 2)
	}
	f, err := forward.New(near, &cfg)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, f.Close()) })
	s, err := netstack.New(nil)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, s.Close()) })
	require.NoError(t, s.CreateNIC(1, far))
	for _, a := range []string{"10.1.2.3/24", "fd00::3/64"} {
		require.NoError(t, s.AddAddress(1, netip.MustParsePrefix(a)))
	}
	require.NoError(t, s.SetRouteTable([]netstack.Route{
		{Destination: netip.MustParsePrefix("0.0.0.0/0"), NIC: 1}, {Destination: netip.MustParsePrefix("::/0"), NIC: 1},
	}))
	return s
}

// toLoopback dials a listener on loopback, whatever address is asked for.
func toLoopback(l net.Listener) tunx.StreamDialer {
	return streamDialerFunc(func(ctx context.Context, _ string) (tunx.StreamConn, error) {
		c, err := (&net.Dialer{}).DialContext(ctx, "tcp4", l.Addr().String())
		if err != nil {
			return nil, err
		}
		return c.(*net.TCPConn), nil
	})
}

// echoStreams sends back what comes on each conn. The first byte of a conn that is 's' stalls it: nothing is read.
func echoStreams(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	require.NoError(t, err)
	stalled := make(chan struct{})
	var group sync.WaitGroup
	group.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			group.Go(func() {
				defer c.Close()
				first := make([]byte, 1)
				if _, err := io.ReadFull(c, first); err != nil {
					return
				}
				if first[0] == 's' {
					<-stalled
					return
				}
				_, _ = io.Copy(c, c)
				_ = c.(*net.TCPConn).CloseWrite()
			})
		}
	})
	t.Cleanup(func() {
		assert.NoError(t, l.Close())
		close(stalled)
		group.Wait()
	})
	return l
}

// exchange sends size bytes and checks that they come back, then both ends.
func exchange(t *testing.T, s *netstack.Stack, address string, size int, seed uint64) {
	t.Helper()
	c, err := s.DialContext(t.Context(), "tcp", address)
	if !assert.NoError(t, err) {
		return
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(4 * patience))
	data := make([]byte, size)
	source := rand.NewChaCha8([32]byte{byte(seed)})
	_, _ = source.Read(data)
	var group sync.WaitGroup
	defer group.Wait()
	group.Go(func() {
		_, err := c.Write(append([]byte{'e'}, data...))
		assert.NoError(t, err)
		assert.NoError(t, c.(*netstack.TCPConn).CloseWrite())
	})
	h := sha256.New()
	n, err := io.Copy(h, c)
	assert.NoError(t, err)
	assert.EqualValues(t, size, n)
	assert.Equal(t, sha256.Sum256(data), [sha256.Size]byte(h.Sum(nil)))
}

// What crosses a device that loses and reorders packets arrives whole, both ways.
func TestLossAndDisorder(t *testing.T) {
	for name, c := range map[string]struct{ lose, late int }{"loss": {10, 0}, "disorder": {0, 20}, "both": {5, 10}} {
		t.Run(name, func(t *testing.T) {
			noLeak(t)
			var ends []*lossy
			s := newClient(t, func(d tunx.IPDevice, seed uint64) tunx.IPDevice {
				l := newLossy(d, seed, c.lose, c.late)
				ends = append(ends, l)
				return l
			}, forward.Config{Streams: toLoopback(echoStreams(t))})
			var group sync.WaitGroup
			for i, address := range []string{"192.0.2.1:80", "[2001:db8::1]:80"} {
				group.Go(func() { exchange(t, s, address, 512<<10, uint64(i)) })
			}
			group.Wait()
			for _, l := range ends {
				l.mu.Lock()
				assert.Equal(t, c.lose > 0, l.lost > 0, "%d packets", l.packets)
				assert.Equal(t, c.late > 0, l.delayed > 0, "%d packets", l.packets)
				l.mu.Unlock()
			}
		})
	}
}
