package dtlsx_test

import (
	"bytes"
	"net"
	"net/netip"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/pion/dtls/v3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/dtlsx"
)

// roamer is a client's socket that can be exchanged for another one.
type roamer struct {
	mu   sync.Mutex
	now  *net.UDPConn
	last []byte // that was sent
	in   chan []byte
	from net.Addr
	done chan struct{}
	once sync.Once
}

func roam(t testing.TB) *roamer {
	r := &roamer{in: make(chan []byte, 100), done: make(chan struct{})}
	r.move(t, "127.0.0.1")
	return r
}

// move goes on from a new socket; the old one stays open, as others may use its
// address.
func (r *roamer) move(t testing.TB, ip string) *net.UDPConn {
	t.Helper()
	return r.moveTo(t, net.JoinHostPort(ip, "0"))
}

// moveTo is move to a port.
func (r *roamer) moveTo(t testing.TB, address string) *net.UDPConn {
	t.Helper()
	socket, err := net.ListenPacket("udp4", address)
	require.NoError(t, err)
	c := socket.(*net.UDPConn)
	var group sync.WaitGroup
	group.Go(func() {
		for {
			b := make([]byte, 2048)
			n, _, err := c.ReadFrom(b)
			if err != nil {
				return
			}
			r.mu.Lock()
			current := r.now == c
			r.mu.Unlock()
			if current {
				r.in <- b[:n]
			}
		}
	})
	t.Cleanup(func() { c.Close(); group.Wait() })
	r.mu.Lock()
	defer r.mu.Unlock()
	old := r.now
	r.now = c
	return old
}

func (r *roamer) ReadFrom(b []byte) (int, net.Addr, error) {
	select {
	case d := <-r.in:
		return copy(b, d), r.from, nil
	case <-r.done:
		return 0, nil, net.ErrClosed
	}
}

func (r *roamer) WriteTo(b []byte, to net.Addr) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.last = bytes.Clone(b)
	return r.now.WriteTo(b, to)
}

func (r *roamer) Close() error                     { r.once.Do(func() { close(r.done) }); return nil }
func (r *roamer) LocalAddr() net.Addr              { return r.now.LocalAddr() }
func (r *roamer) SetDeadline(time.Time) error      { return nil }
func (r *roamer) SetReadDeadline(time.Time) error  { return nil }
func (r *roamer) SetWriteDeadline(time.Time) error { return nil }

func withIDs() dtls.ClientOption { return dtls.WithConnectionIDGenerator(dtls.OnlySendCIDGenerator()) }

// connectRoaming returns a client that has a connection ID, and its conn.
func connectRoaming(t testing.TB, l net.Listener) (*roamer, *dtls.Conn, *dtlsx.Conn) {
	t.Helper()
	r := roam(t)
	r.from = l.Addr()
	c := peerOn(t, r, l, withIDs())
	require.NoError(t, c.HandshakeContext(t.Context()))
	return r, c, accept(t, l)
}

func TestAConnMoves(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("wine sends from 127.0.0.1 only")
	}
	noLeak(t)
	l := listen(t, dtlsx.ListenConfig{
		Config: dtlsx.Config{ConnectionID: 8},
		Deny:   []netip.Prefix{netip.MustParsePrefix("127.0.0.66/32")},
	})
	r, c, s := connectRoaming(t, l)
	assert.Len(t, s.ConnectionState().LocalConnectionID, 8)
	talk(t, c, s, "at home")
	home := s.RemoteAddr().String()
	for range 3 {
		r.move(t, "127.0.0.1")
		talk(t, c, s, "elsewhere")
		assert.NotEqual(t, home, s.RemoteAddr().String())
		assert.Equal(t, r.LocalAddr().String(), s.RemoteAddr().String())
	}
	at := s.RemoteAddr().String()

	// A copy of what was sent, and what is not authentic, from another address.
	attacker := raw(t, "127.0.0.1", l)
	for _, b := range [][]byte{bytes.Clone(r.last), append(bytes.Clone(r.last[:len(r.last)-1]), 1)} {
		was := l.Stats().Received
		_, err := attacker.Write(b)
		require.NoError(t, err)
		eventually(t, "received", func() bool { return l.Stats().Received > was })
	}
	unknown := bytes.Clone(r.last)
	unknown[11]++ // in the ID
	_, err := attacker.Write(unknown)
	require.NoError(t, err)
	eventually(t, "stray", func() bool { return l.Stats().Stray == 1 })
	say(t, s, "where are you")
	assert.Equal(t, "where are you", hear(t, c))
	assert.Equal(t, at, s.RemoteAddr().String())

	r.move(t, "127.0.0.66")
	say(t, c, "from a bad place")
	eventually(t, "refused", func() bool { return l.Stats().RefusedByRule == 1 })
	r.move(t, "127.0.0.1")
	talk(t, c, s, "back")
}

// TestTheAddressOfAConnThatHasMoved: somebody else has it now, for instance
// behind the same NAT.
func TestTheAddressOfAConnThatHasMoved(t *testing.T) {
	noLeak(t)
	l := listen(t, dtlsx.ListenConfig{Config: dtlsx.Config{ConnectionID: 4}})
	r, c, s := connectRoaming(t, l)
	r.move(t, "127.0.0.1")
	talk(t, c, s, "moved")

	r2 := roam(t)
	r2.from = l.Addr()
	r2.moveTo(t, quietAddr(t)) // for others to have after it
	first := r2.LocalAddr().(*net.UDPAddr)
	c1 := peerOn(t, r2, l, withIDs())
	require.NoError(t, c1.HandshakeContext(t.Context()))
	s1 := accept(t, l)
	home := r2.move(t, "127.0.0.1")
	talk(t, c1, s1, "moved")
	require.NoError(t, home.Close())

	socket, err := net.ListenUDP("udp4", first)
	require.NoError(t, err)
	for _, more := range [][]dtls.ClientOption{{withIDs()}, nil, nil} {
		c2 := peerOn(t, silence{switchboard{socket}}, l, more...)
		require.NoError(t, c2.HandshakeContext(t.Context()))
		s2 := accept(t, l)
		talk(t, c2, s2, "the new one")
		talk(t, c1, s1, "the old one")
		require.NoError(t, c2.Close()) // its goodbye is lost
	}
	eventually(t, "only that without an ID was replaced", func() bool { return l.Stats().Replaced == 1 })
	talk(t, c, s, "the other one")
	socket.Close()
}

func TestShortIDs(t *testing.T) {
	noLeak(t)
	l := listen(t, dtlsx.ListenConfig{Config: dtlsx.Config{ConnectionID: 1}})
	ids := map[string]bool{}
	for range 20 {
		_, c, s := connectRoaming(t, l)
		talk(t, c, s, "hello")
		ids[string(s.ConnectionState().LocalConnectionID)] = true
	}
	assert.Len(t, ids, 20)
}
