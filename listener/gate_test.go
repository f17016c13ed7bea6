package listener_test

import (
	"context"
	"errors"
	"math"
	"net"
	"net/netip"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/listener"
)

func TestNewReportsEveryBadRuleAndLimit(t *testing.T) {
	_, err := listener.New(t.Context(), &listener.Config{
		Address:           "127.0.0.1:0",
		Allow:             []netip.Prefix{{}},
		Deny:              []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("::ffff:0:0/90")},
		MaxConns:          -1,
		MaxConnsPerSource: -2,
		SourceBits4:       33,
		SourceBits6:       -1,
		AcceptRate:        math.NaN(),
		AcceptBurst:       -3,
		OverLimit:         7,
	})
	require.Error(t, err)
	for _, want := range []string{
		"Allow[0]=invalid Prefix: is not a valid prefix",
		"Deny[1]=::ffff:0.0.0.0/90: ::ffff:0.0.0.0/90 holds more than IPv4-mapped addresses",
		"MaxConns=-1: must not be negative",
		"MaxConnsPerSource=-2: must not be negative",
		"SourceBits4=33: is not from 1 to 32",
		"SourceBits6=-1: is not from 1 to 128",
		"AcceptRate=NaN: is not a number of conns a second",
		"AcceptBurst=-3: must not be negative",
		"OverLimit=unknown: 7 is not a policy",
	} {
		assert.Contains(t, err.Error(), "listener: config: "+want)
	}
	_, err = listener.New(t.Context(), &listener.Config{Address: "127.0.0.1:0", AcceptBurst: 1})
	assert.EqualError(t, err, "listener: config: AcceptBurst=1: needs AcceptRate")
}

func TestRulesWithUnixAddressesOnlyAreAnError(t *testing.T) {
	for _, network := range []string{"unix", "unixpacket"} {
		_, err := listener.New(t.Context(), &listener.Config{
			Address: network + "://" + t.TempDir() + "/s", MaxConnsPerSource: 1,
			Allow: prefixes(t, "10.0.0.0/8"), Deny: prefixes(t, "::1"),
		})
		require.Error(t, err)
		for _, want := range []string{"Allow=10.0.0.0/8", "Deny=::1/128", "MaxConnsPerSource=1"} {
			assert.Contains(t, err.Error(), "listener: config: "+want+": does not concern the peers of unix sockets")
		}
	}
}

func TestARefusedPeerIsResetAndCostsNothing(t *testing.T) {
	noLeak(t)
	for _, test := range []struct {
		name   string
		config listener.Config
		count  func(listener.Stats) int64
		kind   listener.EventKind
	}{
		{"rule", listener.Config{Deny: prefixes(t, "127.0.0.0/8"), MaxConns: 1},
			func(s listener.Stats) int64 { return s.RefusedByRule }, listener.RefusedByRule},
		{"not allowed", listener.Config{Allow: prefixes(t, "10.0.0.0/8")},
			func(s listener.Stats) int64 { return s.RefusedByRule }, listener.RefusedByRule},
	} {
		t.Run(test.name, func(t *testing.T) {
			noLeak(t)
			var mu sync.Mutex
			var events []listener.Event
			test.config.Address = "127.0.0.1:0"
			test.config.OnEvent = func(e listener.Event) {
				mu.Lock()
				defer mu.Unlock()
				events = append(events, e)
			}
			l := open(t, &test.config)
			accepting(t, l)
			for range 3 {
				refused(t, l, "")
			}
			eventually(t, "three are counted", func() bool { return test.count(stats(l)) == 3 })
			assert.Zero(t, stats(l).Accepted)
			told := func() []listener.Event {
				mu.Lock()
				defer mu.Unlock()
				return slices.Clone(events)
			}
			eventually(t, "the hook is told", func() bool { return len(told()) == 3 })
			seen := told()
			assert.Equal(t, test.kind, seen[0].Kind)
			assert.NoError(t, seen[0].Err)
			assert.Equal(t, l.Addr().String(), seen[0].Local.String())
			assert.NotNil(t, seen[0].Remote)
		})
	}
}

// accepting calls Accept until l is closed and gives the conns to the channel.
func accepting(t *testing.T, l net.Listener) <-chan net.Conn {
	t.Helper()
	conns := make(chan net.Conn, 100)
	var group sync.WaitGroup
	group.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				assert.ErrorIs(t, err, net.ErrClosed)
				return
			}
			conns <- c
		}
	})
	t.Cleanup(func() {
		l.Close()
		group.Wait()
		close(conns)
		for c := range conns {
			c.Close()
		}
	})
	return conns
}

// none asserts that no conn comes for a while.
func none(t *testing.T, conns <-chan net.Conn) {
	t.Helper()
	select {
	case c := <-conns:
		t.Errorf("%v was accepted", c.RemoteAddr())
	case <-time.After(50 * time.Millisecond):
	}
}

func TestFiltersAndRateLeaveConnsBare(t *testing.T) {
	noLeak(t)
	l := open(t, &listener.Config{Address: "127.0.0.1:0", Allow: prefixes(t, "127.0.0.1"), AcceptRate: 1e6})
	dial(t, l)
	assert.IsType(t, &net.TCPConn{}, accept(t, l))
	assert.Equal(t, listener.Stats{Sockets: 1, Accepted: 1}, stats(l))
}

func TestMaxConnsWaits(t *testing.T) {
	ca := newAuthority(t)
	for name, secure := range map[string]bool{"plain": false, "tls": true} {
		t.Run(name, func(t *testing.T) {
			noLeak(t)
			config := &listener.Config{Address: "127.0.0.1:0", MaxConns: 2}
			if secure {
				config.TLS = ca.server(t, "127.0.0.1")
			}
			l := open(t, config)
			conns := accepting(t, l)
			var clients sync.WaitGroup
			defer clients.Wait()
			for range 4 {
				if secure {
					clients.Go(func() {
						c, err := tlsDial(l, ca)
						assert.NoError(t, err)
						c.Close()
					})
				} else {
					dial(t, l)
				}
			}
			first, second := <-conns, <-conns
			none(t, conns)
			assert.Equal(t, int64(2), stats(l).Active)
			require.NoError(t, first.Close())
			first.Close() // gives nothing back a second time
			third := <-conns
			none(t, conns)
			require.NoError(t, second.Close())
			fourth := <-conns
			require.NoError(t, third.Close())
			require.NoError(t, fourth.Close())
			assert.Zero(t, stats(l).Active)
			assert.Equal(t, int64(4), stats(l).Accepted)
		})
	}
}

func TestMaxConnsRefuses(t *testing.T) {
	noLeak(t)
	l := open(t, &listener.Config{Address: "127.0.0.1:0", MaxConns: 1, OverLimit: listener.Refuse})
	conns := accepting(t, l)
	dial(t, l)
	first := <-conns
	refused(t, l, "")
	eventually(t, "the second is counted", func() bool { return stats(l).RefusedByLimit == 1 })
	require.NoError(t, first.Close())
	dial(t, l)
	require.NoError(t, (<-conns).Close())
}

func TestCloseWakesAcceptAtTheLimit(t *testing.T) {
	for name, config := range map[string]listener.Config{
		"conns": {MaxConns: 1},
		"rate":  {AcceptRate: 0.001, AcceptBurst: 1},
	} {
		t.Run(name, func(t *testing.T) {
			noLeak(t)
			config.Address = "127.0.0.1:0"
			l := open(t, &config)
			dial(t, l)
			accept(t, l)
			dial(t, l)
			failed := make(chan error, 1)
			go func() {
				_, err := l.Accept()
				failed <- err
			}()
			time.Sleep(20 * time.Millisecond) // most likely it waits by now; if not it must fail all the same
			require.NoError(t, l.Close())
			require.ErrorIs(t, <-failed, net.ErrClosed)
			assert.Equal(t, int64(1), stats(l).Accepted)
			assert.Zero(t, stats(l).RefusedByLimit+stats(l).RefusedByRate)
		})
	}
}

func TestAcceptRate(t *testing.T) {
	noLeak(t)
	l := open(t, &listener.Config{Address: "127.0.0.1:0", AcceptRate: 0.001, AcceptBurst: 2, OverLimit: listener.Refuse})
	conns := accepting(t, l)
	dial(t, l)
	dial(t, l)
	<-conns
	<-conns
	for range 3 {
		refused(t, l, "")
	}
	eventually(t, "three are refused", func() bool { return stats(l).RefusedByRate == 3 })
	none(t, conns)

	start := time.Now()
	slow := open(t, &listener.Config{Address: "127.0.0.1:0", AcceptRate: 20, AcceptBurst: 1})
	conns = accepting(t, slow)
	for range 4 {
		dial(t, slow)
	}
	for range 4 {
		<-conns
	}
	assert.GreaterOrEqual(t, time.Since(start), 140*time.Millisecond, "three pauses of 50 ms")
}

func TestAcceptBurstDefault(t *testing.T) {
	for rate, want := range map[float64]int{0.5: 1, 1: 1, 7.9: 7, 1e300: math.MaxInt32} {
		assert.Equal(t, want, listener.Burst(&listener.Config{AcceptRate: rate}), rate)
	}
}

func TestShutdownWaitsForConns(t *testing.T) {
	noLeak(t)
	l := open(t, &listener.Config{Address: "127.0.0.1:0", Track: true}).(listener.Listener)
	dial(t, l)
	server := accept(t, l)
	ended := make(chan error, 2)
	for range 2 {
		go func() { ended <- l.Shutdown(t.Context()) }()
	}
	_, err := l.Accept()
	require.ErrorIs(t, err, net.ErrClosed)
	select {
	case <-ended:
		t.Fatal("it did not wait")
	case <-time.After(20 * time.Millisecond):
	}
	require.NoError(t, server.Close())
	require.NoError(t, <-ended)
	require.NoError(t, <-ended)
	require.ErrorIs(t, l.Close(), net.ErrClosed)
	require.NoError(t, l.Shutdown(t.Context()), "nothing is left to wait for")
}

// A client that was taken from the socket and waits for AcceptRate is still served.
func TestShutdownDeliversWhoWaitsForTheRate(t *testing.T) {
	noLeak(t)
	const tries = 4
	for try, rate := 1, 1.0; !deliversAtRate(t, rate); try, rate = try+1, rate/3 {
		require.Less(t, try, tries, "it was accepted each time before that was seen")
	}
}

// deliversAtRate reports whether the client still waited when Shutdown was called.
func deliversAtRate(t *testing.T, rate float64) bool {
	t.Helper()
	l := open(t, &listener.Config{Address: "127.0.0.1:0", AcceptRate: rate, Track: true}).(listener.Listener)
	dial(t, l)
	accept(t, l).Close()
	dial(t, l)
	got := make(chan error, 1)
	go func() {
		c, err := l.Accept()
		if err == nil {
			err = c.Close()
		}
		got <- err
	}()
	for listener.Tokens(l) >= 0 {
		select {
		case err := <-got:
			require.NoError(t, err)
			return false
		case <-time.After(time.Millisecond):
		}
	}
	require.NoError(t, l.Shutdown(t.Context()))
	require.NoError(t, <-got)
	_, err := l.Accept()
	require.ErrorIs(t, err, net.ErrClosed)
	return true
}

func TestShutdownClosesWhatIsLeft(t *testing.T) {
	noLeak(t)
	ca := newAuthority(t)
	l := open(t, &listener.Config{Address: "127.0.0.1:0", MaxConns: 5, TLS: ca.server(t, "127.0.0.1")}).(listener.Listener)
	accepted := dialTLS(t, l, ca.client())
	accept(t, l)
	finished := dialTLS(t, l, ca.client())
	silent := dial(t, l)
	eventually(t, "all have come", func() bool { return stats(l).Active == 3 })
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	err := l.Shutdown(ctx)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	assert.EqualError(t, err, "listener: shutdown tcp 127.0.0.1:0: closed 1 open conns: context deadline exceeded")
	assert.True(t, failure(t, err).Timeout())
	for _, c := range []net.Conn{accepted, finished, silent} {
		ended(t, c)
	}
	assert.Zero(t, stats(l).Active+stats(l).Pending)
}

func TestShutdownWithoutTrack(t *testing.T) {
	noLeak(t)
	l := open(t, &listener.Config{Address: "127.0.0.1:0"}).(listener.Listener)
	var none context.Context
	require.EqualError(t, l.Shutdown(none), "listener: shutdown tcp 127.0.0.1:0: the context is nil")
	err := l.Shutdown(t.Context())
	require.ErrorIs(t, err, errors.ErrUnsupported)
	assert.Equal(t, "Track", failure(t, err).Field)
	_, err = l.Accept()
	require.ErrorIs(t, err, net.ErrClosed)
}

func TestAddrsAndFiles(t *testing.T) {
	noLeak(t)
	l := open(t, &listener.Config{Address: "127.0.0.1:0"}).(listener.Listener)
	assert.Equal(t, []net.Addr{l.Addr()}, l.Addrs())
	files, err := l.Files()
	if runtime.GOOS == "windows" && err != nil {
		assert.Equal(t, "duplicate", failure(t, err).Op)
		t.Skipf("wine cannot duplicate a socket: %v", err)
	}
	require.NoError(t, err)
	require.Len(t, files, 1)
	defer files[0].Close()
	require.NoError(t, l.Close())
	again, err := net.FileListener(files[0])
	require.NoError(t, err)
	defer again.Close()
	dial(t, again)
	accept(t, again)
	_, err = l.Files()
	require.ErrorIs(t, err, net.ErrClosed)
	assert.Equal(t, "duplicate", failure(t, err).Op)
}

func TestNamesOfKindsAndPolicies(t *testing.T) {
	assert.Equal(t, "wait", listener.Wait.String())
	assert.Equal(t, "refuse", listener.Refuse.String())
	assert.Equal(t, "unknown", listener.EventKind(0).String())
	assert.Equal(t, "unknown", listener.EventKind(255).String())
	var names []string
	for k := listener.EventKind(1); k.String() != "unknown"; k++ {
		assert.NotEmpty(t, k.String())
		names = append(names, k.String())
	}
	assert.Contains(t, names, "refused by rule")
	slices.Sort(names)
	assert.Len(t, slices.Compact(names), len(names))
}

func TestLimitsHoldForAllSocketsTogether(t *testing.T) {
	for _, test := range []struct {
		name   string
		policy listener.OverLimit
	}{{"wait", listener.Wait}, {"refuse", listener.Refuse}} {
		t.Run(test.name, func(t *testing.T) {
			noLeak(t)
			l := open(t, &listener.Config{
				Addresses: []string{"127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"}, MaxConns: 1, OverLimit: test.policy,
			})
			conns := accepting(t, l)
			addrs := l.(listener.Listener).Addrs()
			require.Len(t, addrs, 3)
			assert.Equal(t, addrs[0], l.Addr())
			// A socket where nobody calls must not hold the only slot.
			for i := range 3 {
				client, err := net.Dial("tcp", addrs[2-i].String())
				require.NoError(t, err)
				defer client.Close()
				server := <-conns
				assert.Equal(t, client.RemoteAddr().String(), server.LocalAddr().String())
				second, err := net.Dial("tcp", addrs[i].String())
				if err == nil {
					defer second.Close()
				}
				if test.policy == listener.Refuse {
					eventually(t, "the second is refused", func() bool { return stats(l).RefusedByLimit == int64(i+1) })
					require.NoError(t, server.Close())
					continue
				}
				none(t, conns)
				require.NoError(t, server.Close())
				require.NoError(t, (<-conns).Close())
			}
			assert.Zero(t, stats(l).Active)
		})
	}
}
