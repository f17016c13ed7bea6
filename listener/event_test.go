package listener_test

import (
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/listener"
)

// told keeps what a hook hears.
type told struct {
	mu     sync.Mutex
	events []listener.Event
}

func (l *told) hear(e listener.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.events = append(l.events, e)
}

func (l *told) all() []listener.Event {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.events)
}

// kinds waits until so many events were told, and returns their kinds.
func (l *told) kinds(t *testing.T, n int) (kinds []listener.EventKind) {
	t.Helper()
	eventually(t, "the hook is told", func() bool { return len(l.all()) >= n })
	for _, e := range l.all() {
		kinds = append(kinds, e.Kind)
	}
	return kinds
}

func TestAcceptedAndClosedAreTold(t *testing.T) {
	noLeak(t)
	ca := newAuthority(t)
	for _, test := range []struct {
		name   string
		config listener.Config
	}{
		{"plain", listener.Config{Track: true}},
		{"guarded", listener.Config{IdleTimeout: time.Minute}},
		{"TLS", listener.Config{Track: true, TLS: ca.server(t, "127.0.0.1")}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var heard told
			test.config.Address, test.config.OnEvent = "tcp4://127.0.0.1:0", heard.hear
			l := open(t, &test.config)
			var client net.Conn
			if test.config.TLS == nil {
				client = dial(t, l)
			} else {
				client = dialTLS(t, l, ca.client())
			}
			server := accept(t, l)
			_, err := client.Write([]byte("hello"))
			require.NoError(t, err)
			n, err := server.Read(make([]byte, 16))
			require.NoError(t, err)
			_, err = server.Write([]byte("hi"))
			require.NoError(t, err)
			require.Equal(t, 5, n)
			local, remote := server.LocalAddr(), server.RemoteAddr()
			require.NoError(t, server.Close())
			server.Close() // told once
			require.Equal(t, []listener.EventKind{listener.Accepted, listener.Closed}, heard.kinds(t, 2))
			for _, e := range heard.all() {
				assert.Equal(t, local, e.Local)
				assert.Equal(t, remote, e.Remote)
				assert.NoError(t, e.Err)
			}
			accepted, closed := heard.all()[0], heard.all()[1]
			assert.GreaterOrEqual(t, closed.Duration, accepted.Duration)
			counted(t, closed, test.config.TLS != nil)
		})
	}
}

// Without Track there is no wrapper that could see the end.
func TestAcceptedOfBareConns(t *testing.T) {
	noLeak(t)
	var heard told
	l := open(t, &listener.Config{Address: "127.0.0.1:0", OnEvent: heard.hear})
	dial(t, l)
	server := accept(t, l)
	require.IsType(t, &net.TCPConn{}, server)
	require.NoError(t, server.Close())
	require.Equal(t, []listener.EventKind{listener.Accepted}, heard.kinds(t, 1))
	assert.Zero(t, heard.all()[0].Duration)
	assert.Equal(t, int64(1), stats(l).Accepted)
}

// Of a conn whose handshake fails nothing but that is told.
func TestAFailedHandshakeIsNotClosed(t *testing.T) {
	noLeak(t)
	ca := newAuthority(t)
	var heard told
	l := open(t, &listener.Config{Address: "127.0.0.1:0", Track: true, TLS: ca.server(t, "127.0.0.1"), OnEvent: heard.hear})
	client := dial(t, l)
	_, err := client.Write([]byte("GET / HTTP/1.1\r\n\r\n"))
	require.NoError(t, err)
	require.Equal(t, []listener.EventKind{listener.HandshakeFailed}, heard.kinds(t, 1))
	require.Error(t, heard.all()[0].Err)
	eventually(t, "the conn is gone", func() bool { return stats(l).Active == 0 })
	assert.Len(t, heard.all(), 1)
}

// The end of a conn that was cut is told after the cut.
func TestACutConnIsClosed(t *testing.T) {
	noLeak(t)
	var heard told
	l := open(t, &listener.Config{Address: "127.0.0.1:0", IdleTimeout: 20 * time.Millisecond, OnEvent: heard.hear})
	dial(t, l)
	server := accept(t, l)
	want := []listener.EventKind{listener.Accepted, listener.CutIdle, listener.Closed}
	got := heard.kinds(t, len(want))
	if got[0] != listener.Accepted { // it was cut on its way to Accept: then the end waits for that
		want = []listener.EventKind{listener.CutIdle, listener.Accepted, listener.Closed}
	}
	require.Equal(t, want, got)
	server.Close()
	assert.Len(t, heard.all(), len(want))
	assert.GreaterOrEqual(t, heard.all()[2].Duration, 20*time.Millisecond)
}

// Each conn of many has one Accepted and one Closed, in this order, while they are
// closed by both sides and by Shutdown.
func TestEventsOfManyConns(t *testing.T) {
	noLeak(t)
	var heard told
	l := open(t, &listener.Config{Address: "127.0.0.1:0", Track: true, IdleTimeout: 5 * time.Millisecond, OnEvent: heard.hear})
	echo(t, l)
	const conns = 100
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for range conns / 4 {
				c, err := net.Dial("tcp", l.Addr().String())
				if !assert.NoError(t, err) {
					return
				}
				c.Write([]byte("hello"))
				c.Close()
			}
		})
	}
	group.Wait()
	eventually(t, "all are accepted and closed", func() bool {
		n := map[listener.EventKind]int{}
		for _, e := range heard.all() {
			n[e.Kind]++
		}
		return n[listener.Accepted] == conns && n[listener.Closed] == conns
	})
	state := map[string]listener.EventKind{}
	for _, e := range heard.all() {
		who := e.Remote.String()
		if e.Kind == listener.Closed {
			assert.Equal(t, listener.Accepted, state[who], "%s is closed before it is accepted", who)
		}
		if e.Kind != listener.CutIdle {
			state[who] = e.Kind
		}
	}
}
