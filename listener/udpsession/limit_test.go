package udpsession_test

import (
	"fmt"
	"net"
	"net/netip"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/listener/udpsession"
)

func TestQueuesAreBounded(t *testing.T) {
	const size = 128 + 32 // of a datagram of 100 bytes
	for name, test := range map[string]struct {
		config udpsession.Config
		want   udpsession.DroppedStats
	}{
		"Queue":      {udpsession.Config{Queue: 3}, udpsession.DroppedStats{Queue: 7}},
		"QueueBytes": {udpsession.Config{QueueBytes: 4*size - 1}, udpsession.DroppedStats{QueueBytes: 7}},
		"MaxBytes":   {udpsession.Config{MaxBytes: 3 * size}, udpsession.DroppedStats{MaxBytes: 7}},
	} {
		t.Run(name, func(t *testing.T) {
			l := open(t, test.config)
			client, session := pair(t, l)
			text := func(i int) string { return fmt.Sprintf("%0100d", i) }
			for round := range uint64(2) {
				for i := range 10 {
					send(t, client, text(i))
				}
				await(t, "all came", func() bool { return l.Stats().Received == 1+10*(round+1) })
				assert.EqualValues(t, 3*size, l.Stats().QueuedBytes)
				for i := range 3 { // the newest are dropped
					assert.Equal(t, text(i), receive(t, session))
				}
				nothing(t, session)
				assert.Zero(t, l.Stats().QueuedBytes)
			}
			twice := func(n uint64) uint64 { return 2 * n }
			want := udpsession.DroppedStats{Queue: twice(test.want.Queue), QueueBytes: twice(test.want.QueueBytes), MaxBytes: twice(test.want.MaxBytes)}
			assert.Equal(t, want, l.Stats().Dropped)
		})
	}
}

// One session that nobody reads leaves the others what MaxBytes leaves them.
func TestASlowSessionDelaysNobody(t *testing.T) {
	l := open(t, udpsession.Config{Queue: 1000, QueueBytes: 10 << 10, MaxBytes: 20 << 10})
	slow, _ := pair(t, l)
	fast, session := pair(t, l)
	for range 100 {
		send(t, slow, strings.Repeat("x", 1000))
		send(t, fast, "hello")
		assert.Equal(t, "hello", receive(t, session))
	}
	s := l.Stats()
	assert.EqualValues(t, 91, s.Dropped.QueueBytes)
	assert.LessOrEqual(t, s.QueuedBytes, int64(10<<10))
}

func TestNoRoomForAFirstDatagram(t *testing.T) {
	l := open(t, udpsession.Config{QueueBytes: 200, MaxBytes: 600})
	long := dial(t, l)
	send(t, long, strings.Repeat("x", 129)) // more than a queue holds
	await(t, "refused", func() bool { return l.Stats().Refused.MemoryFull == 1 })
	send(t, dial(t, l), strings.Repeat("a", 128))
	accept(t, l)
	send(t, dial(t, l), strings.Repeat("b", 128)) // more than is left
	await(t, "refused", func() bool { return l.Stats().Refused.MemoryFull == 2 })
	last := dial(t, l)
	send(t, last, "c")
	session := accept(t, l)
	assert.Equal(t, 2, l.Stats().Active)
	assert.Equal(t, "c", receive(t, session))
	send(t, last, strings.Repeat("d", 128)) // the other half is for those that were accepted
	assert.Len(t, receive(t, session), 128)
}

func TestFullRefuses(t *testing.T) {
	events := new(recorder)
	l := open(t, udpsession.Config{MaxSessions: 2, OnEvent: events.add})
	a, as := pair(t, l)
	_, bs := pair(t, l)
	c := dial(t, l)
	begun := time.Now()
	for i := range uint64(5) {
		send(t, c, "let me in")
		await(t, "refused", func() bool { return l.Stats().Refused.Full == i+1 })
	}
	send(t, a, "still here")
	assert.Equal(t, "still here", receive(t, as))
	require.NoError(t, bs.Close())
	send(t, c, "now")
	cs := accept(t, l)
	assert.Equal(t, "now", receive(t, cs))
	assert.Equal(t, 2, l.Stats().Active)

	var refused []udpsession.Event
	for _, e := range events.all() {
		if e.Kind == udpsession.EventRefused {
			refused = append(refused, e)
		}
	}
	require.NotEmpty(t, refused) // one a second at most, whatever comes
	assert.Equal(t, udpsession.Event{
		Kind: udpsession.EventRefused, Reason: udpsession.Full, Peer: addrPort(c), Count: 1,
	}, refused[0])
	assert.LessOrEqual(t, len(refused), 1+int(time.Since(begun)/time.Second))
}

// addrPort is the address of a client.
func addrPort(c net.Conn) netip.AddrPort { return c.LocalAddr().(*net.UDPAddr).AddrPort() }

func TestFullEvictsTheOneIdleForLongest(t *testing.T) {
	events := new(recorder)
	l := open(t, udpsession.Config{MaxSessions: 3, OnFull: udpsession.EvictIdle, OnEvent: events.add})
	var clients []net.Conn
	var sessions []*udpsession.Conn
	add := func() {
		client, session := pair(t, l)
		clients, sessions = append(clients, client), append(sessions, session)
	}
	for range 3 {
		add()
	}
	send(t, clients[0], "traffic")
	assert.Equal(t, "traffic", receive(t, sessions[0]))
	time.Sleep(2 * time.Millisecond) // what is sent moves it once a millisecond
	send(t, sessions[1], "traffic")
	// Idle for longest is 2, then 0, then 1.
	for i, gone := range []int{2, 0, 1} {
		add()
		_, err := sessions[gone].Read(make([]byte, 9))
		assert.ErrorIs(t, err, udpsession.ErrEvicted)
		assert.ErrorIs(t, err, net.ErrClosed)
		_, err = sessions[gone].Write([]byte("late"))
		assert.ErrorIs(t, err, udpsession.ErrEvicted)
		s := l.Stats()
		assert.EqualValues(t, i+1, s.Ended.Evicted)
		assert.Equal(t, 3, s.Active)
	}
	var got []string
	for _, e := range events.all() {
		for i, c := range clients {
			if e.Peer == addrPort(c) {
				got = append(got, fmt.Sprint(i, " ", e.Kind, " ", e.Reason))
			}
		}
	}
	assert.Equal(t, []string{
		"0 created Reason(0)", "1 created Reason(0)", "2 created Reason(0)",
		"2 ended evicted", "3 created Reason(0)", "0 ended evicted", "4 created Reason(0)", "1 ended evicted", "5 created Reason(0)",
	}, got)
}

// Those that Accept has not returned give way like the others.
func TestEvictionBeforeAccept(t *testing.T) {
	l := open(t, udpsession.Config{MaxSessions: 2, OnFull: udpsession.EvictIdle})
	for i := range 5 {
		send(t, dial(t, l), fmt.Sprint(i))
	}
	await(t, "all came", func() bool { return l.Stats().Created == 5 })
	assert.Equal(t, 2, l.Stats().Pending)
	assert.Equal(t, "3", receive(t, accept(t, l)))
	assert.Equal(t, "4", receive(t, accept(t, l)))
	assert.Zero(t, l.Stats().Pending)
}

func TestBacklogIsBounded(t *testing.T) {
	l := open(t, udpsession.Config{Backlog: 2})
	for i := range 5 {
		send(t, dial(t, l), fmt.Sprint(i))
	}
	await(t, "all came", func() bool { return l.Stats().Received == 5 })
	s := l.Stats()
	assert.EqualValues(t, 3, s.Refused.BacklogFull)
	assert.Equal(t, 2, s.Pending)
	assert.Equal(t, "0", receive(t, accept(t, l)))
	client := dial(t, l)
	send(t, client, "5")
	assert.Equal(t, "1", receive(t, accept(t, l)))
	assert.Equal(t, "5", receive(t, accept(t, l)))
}

func TestSessionsOfASourceAreBounded(t *testing.T) {
	dialFrom := func(t *testing.T, l net.Listener, ip string) net.Conn {
		t.Helper()
		d := net.Dialer{LocalAddr: &net.UDPAddr{IP: net.ParseIP(ip)}}
		c, err := d.Dial("udp", l.Addr().String())
		if err != nil {
			t.Skipf("%s is not a local address here: %v", ip, err)
		}
		t.Cleanup(func() { c.Close() })
		return c
	}
	l := open(t, udpsession.Config{MaxSessionsPerSource: 2, SourceBits4: 24, OnFull: udpsession.EvictIdle})
	var sessions []*udpsession.Conn
	for _, ip := range []string{"127.0.0.1", "127.0.0.2"} {
		send(t, dialFrom(t, l, ip), ip)
		sessions = append(sessions, accept(t, l))
	}
	if from := sessions[1].RemoteAddr().String(); runtime.GOOS == "windows" && !strings.HasPrefix(from, "127.0.0.2:") {
		t.Skipf("wine sends from %s instead of 127.0.0.2", from)
	}
	third := dialFrom(t, l, "127.0.0.3")
	send(t, third, "refused")
	await(t, "refused", func() bool { return l.Stats().Refused.SourceFull == 1 })
	send(t, dialFrom(t, l, "127.0.1.1"), "another source")
	assert.Equal(t, "another source", receive(t, accept(t, l)))
	require.NoError(t, sessions[0].Close())
	send(t, third, "now")
	assert.Equal(t, "now", receive(t, accept(t, l)))
	assert.Equal(t, 2, udpsession.Sources(l))

	six := open(t, udpsession.Config{Address: "[::1]:0", MaxSessionsPerSource: 1})
	_, session := pair(t, six)
	send(t, dial(t, six), "refused")
	await(t, "refused", func() bool { return six.Stats().Refused.SourceFull == 1 })
	require.NoError(t, session.Close())
	assert.Zero(t, udpsession.Sources(six))
}

func TestRules(t *testing.T) {
	loopback, host := netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("127.0.0.1/32")
	for _, test := range []struct {
		name        string
		allow, deny []netip.Prefix
		admitted    bool
	}{
		{"none", nil, nil, true},
		{"denied", nil, []netip.Prefix{loopback}, false},
		{"allowed", []netip.Prefix{loopback}, nil, true},
		{"another allowed", []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}, nil, false},
		{"longest allows", []netip.Prefix{host}, []netip.Prefix{loopback}, true},
		{"longest denies", []netip.Prefix{loopback}, []netip.Prefix{host}, false},
		{"a tie", []netip.Prefix{host}, []netip.Prefix{host}, false},
		{"mapped", []netip.Prefix{netip.MustParsePrefix("::ffff:127.0.0.0/104")}, nil, true},
		{"all", nil, []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0")}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			l := open(t, udpsession.Config{Allow: test.allow, Deny: test.deny})
			send(t, dial(t, l), "hello")
			await(t, "came", func() bool { return l.Stats().Received == 1 })
			s := l.Stats()
			assert.Equal(t, test.admitted, s.Active == 1)
			assert.Equal(t, test.admitted, s.Refused.Denied == 0)
		})
	}
}
