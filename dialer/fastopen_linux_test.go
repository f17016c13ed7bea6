package dialer_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/dialer"
	"github.com/strata-net/strata/sockopt"
)

const roundtrip = 40 * time.Millisecond

// listenFast opens a listener for Fast Open, or for none with a queue of 0.
func (s *space) listenFast(t *testing.T, queue int, mptcp bool) net.Listener {
	t.Helper()
	config := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error {
		var err error
		cerr := c.Control(func(fd uintptr) { err = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, 23, queue) })
		if cerr != nil {
			return cerr
		}
		return err
	}}
	config.SetMultipathTCP(mptcp)
	var l net.Listener
	var err error
	s.run(t, func() { l, err = config.Listen(t.Context(), "tcp", serverIP+":0") })
	require.NoError(t, err)
	t.Cleanup(func() { l.Close() })
	return l
}

// counters of the namespace's TCP, see nstat(8).
func (s *space) counters(t *testing.T) map[string]int {
	t.Helper()
	var text []byte
	var err error
	s.run(t, func() { text, err = os.ReadFile("/proc/thread-self/net/netstat") })
	require.NoError(t, err)
	lines := strings.Split(string(text), "\n")
	names, values := strings.Fields(lines[0]), strings.Fields(lines[1])
	counters := make(map[string]int)
	for i := 1; i < len(names); i++ {
		counters[names[i]], err = strconv.Atoi(values[i])
		require.NoError(t, err)
	}
	return counters
}

// fastDialer dials in the client's namespace.
func fastDialer(t *testing.T, client *space, options string) dialer.Dialer {
	t.Helper()
	return newDialer(t, &dialer.Config{Netns: client.path(), Options: parse(t, options), Timeout: eventually})
}

// learn gets a cookie of the server, which is for its address, whatever the port.
func learn(t *testing.T, client, server *space) {
	t.Helper()
	l := server.listenFast(t, 16, false)
	echo(t, l)
	c, err := dialer.DialData(t.Context(), fastDialer(t, client, ""), "tcp", l.Addr().String(), []byte("x"))
	require.NoError(t, err)
	c.Close()
}

// askFast dials with the data, reads it back from an echo server and returns the time that this took.
func askFast(t *testing.T, d dialer.Dialer, address string, data string) (c net.Conn, took time.Duration) {
	t.Helper()
	start := time.Now()
	c, err := dialer.DialData(t.Context(), d, "tcp", address, []byte(data))
	require.NoError(t, err)
	t.Cleanup(func() { c.Close() })
	expect(t, c, data)
	return c, time.Since(start)
}

func fastOpened(t *testing.T, c net.Conn) bool {
	t.Helper()
	fast, err := dialer.FastOpened(c)
	require.NoError(t, err)
	return fast
}

// TestFastOpenSavesOneRoundTrip compares the best of some tries, and of more of them where that is not clear: a busy
// machine only adds.
func TestFastOpenSavesOneRoundTrip(t *testing.T) {
	noLeak(t)
	client, server := newPair(t, roundtrip/2)
	l := server.listenFast(t, 16, false)
	echo(t, l)
	plain, fast := fastDialer(t, client, "TCP_FASTOPEN_CONNECT=false"), fastDialer(t, client, "")

	c, took := askFast(t, fast, l.Addr().String(), "cookie?")
	assert.False(t, fastOpened(t, c), "there is no cookie yet")
	assert.GreaterOrEqual(t, took, 2*roundtrip)
	bestPlain, bestFast := time.Hour, time.Hour
	tries := 0
	for ; tries < 8 || tries < 200 && (bestPlain-bestFast-roundtrip).Abs() > roundtrip/2; tries++ {
		c, took = askFast(t, plain, l.Addr().String(), "plain")
		assert.False(t, fastOpened(t, c))
		bestPlain = min(bestPlain, took)
		c, took = askFast(t, fast, l.Addr().String(), "fast")
		assert.True(t, fastOpened(t, c))
		bestFast = min(bestFast, took)
	}
	assert.GreaterOrEqual(t, bestPlain, 2*roundtrip)
	assert.GreaterOrEqual(t, bestFast, roundtrip, "one round trip has to be")
	assert.InDelta(t, roundtrip, bestPlain-bestFast, float64(roundtrip/2))
	t.Logf("connect, send and answer: %v, with Fast Open %v", bestPlain, bestFast)
	assert.Equal(t, tries, client.counters(t)["TCPFastOpenActive"], "acknowledged data of a SYN")
	assert.Equal(t, tries, server.counters(t)["TCPFastOpenPassive"])
}

// TestFastOpenFallsBack: with a cookie, but to those who do not take the data.
func TestFastOpenFallsBack(t *testing.T) {
	noLeak(t)
	client, server := newPair(t, 0)
	learn(t, client, server)
	without := server.listenFast(t, 0, false)
	echo(t, without)
	with := server.listenFast(t, 16, true)
	echo(t, with)
	ca := newAuthority(t)
	secure := server.listenFast(t, 16, false)
	echo(t, tls.NewListener(secure, ca.server(t, serverIP)))
	for _, test := range []struct {
		name    string
		config  dialer.Config
		address net.Addr
		fast    bool
	}{
		{"server without", dialer.Config{}, without.Addr(), false},
		{"server with", dialer.Config{}, with.Addr(), true},
		{"Multipath TCP", dialer.Config{Multipath: sockopt.MultipathPrefer}, with.Addr(), false},
		{"switched off", dialer.Config{Options: parse(t, "TCP_FASTOPEN_CONNECT=false")}, with.Addr(), false},
		{"TLS", dialer.Config{TLS: ca.client()}, secure.Addr(), false},
		{"with other options", dialer.Config{Options: parse(t, "SO_RCVBUF=65536,TCP_NODELAY=false")}, with.Addr(), true},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.config.Netns = client.path()
			d := newDialer(t, &test.config)
			c, _ := askFast(t, d, test.address.String(), "hello")
			defer c.Close()
			assert.Equal(t, test.fast, fastOpened(t, c))
			if s, ok := c.(*net.TCPConn); ok {
				assert.NoError(t, test.config.Options.Verify(s))
			}
			roundTrip(t, c)
		})
	}
	client.set(t, "ipv4/tcp_fastopen", "0")
	c, _ := askFast(t, fastDialer(t, client, ""), with.Addr().String(), "hello")
	assert.False(t, fastOpened(t, c), "the kernel refuses the option")
	_, err := fastDialer(t, client, "TCP_FASTOPEN_CONNECT=true").Dial("tcp", with.Addr().String())
	require.ErrorIs(t, err, syscall.EOPNOTSUPP, "who asks for it gets it or an error")
}

func TestFastOpenWithMoreThanASegment(t *testing.T) {
	noLeak(t)
	client, server := newPair(t, 0)
	learn(t, client, server)
	l := server.listenFast(t, 16, false)
	echo(t, l)
	data := make([]byte, 1<<20)
	for i := range data {
		data[i] = byte(i * 31 >> 3)
	}
	received := make(chan []byte)
	var group sync.WaitGroup
	sink := server.listenFast(t, 16, false)
	group.Go(func() {
		c, err := sink.Accept()
		if !assert.NoError(t, err) {
			return
		}
		defer c.Close()
		all, err := io.ReadAll(c)
		assert.NoError(t, err)
		received <- all
	})
	c, err := dialer.DialData(t.Context(), fastDialer(t, client, ""), "tcp", sink.Addr().String(), data)
	require.NoError(t, err)
	assert.True(t, fastOpened(t, c))
	require.NoError(t, c.Close())
	assert.True(t, bytes.Equal(data, <-received))
	group.Wait()
}

// deferringDialers are those of which a kernel with a cookie puts the connect off.
func deferringDialers(t *testing.T, client *space) map[string]dialer.Dialer {
	t.Helper()
	const option = "TCP_FASTOPEN_CONNECT=true,SO_RCVBUF=65536"
	return map[string]dialer.Dialer{
		"TCP": fastDialer(t, client, option),
		"raw": newDialer(t, &dialer.Config{Netns: client.path(), Options: sockopt.Options{sockopt.Raw(6, 30, []byte{1, 0, 0, 0})}}),
		"preferring Multipath TCP": newDialer(t, &dialer.Config{Netns: client.path(), Multipath: sockopt.MultipathPrefer,
			Options: parse(t, option)}),
	}
}

// TestFastOpenConnectOptionWithoutData: the pitfall is that Dial and Write succeed without a server, and that one which
// speaks first is never asked to.
func TestFastOpenConnectOptionWithoutData(t *testing.T) {
	noLeak(t)
	client, server := newPair(t, 0)
	first, echoing := server.listenFast(t, 16, true), server.listenFast(t, 16, true)
	greet(t, first, "220 ready")
	echo(t, echoing)
	closed := server.listenFast(t, 16, false)
	require.NoError(t, closed.Close())
	for name, d := range deferringDialers(t, client) {
		for _, cookie := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, cookie: %t", name, cookie), func(t *testing.T) {
				if cookie {
					learn(t, client, server)
				}
				c, err := d.Dial("tcp", closed.Addr().String())
				require.ErrorIs(t, err, syscall.ECONNREFUSED)
				assert.Nil(t, c)
				c, err = dialer.DialData(t.Context(), d, "tcp", closed.Addr().String(), []byte("data"))
				require.ErrorIs(t, err, syscall.ECONNREFUSED)
				assert.EqualError(t, err, "dialer: dial tcp "+closed.Addr().String()+": connect: connection refused")
				assert.Nil(t, c)

				c, err = d.Dial("tcp", first.Addr().String())
				require.NoError(t, err)
				defer c.Close()
				assert.Equal(t, first.Addr().String(), c.RemoteAddr().String())
				assert.Equal(t, clientIP, c.LocalAddr().(*net.TCPAddr).IP.String())
				assert.Equal(t, 1, getInt(t, c, syscall.IPPROTO_TCP, 30), "the option is in force")
				expect(t, c, "220 ready")

				c, err = d.Dial("tcp", echoing.Addr().String())
				require.NoError(t, err)
				defer c.Close()
				roundTrip(t, c)
				c, _ = askFast(t, d, echoing.Addr().String(), "data")
				roundTrip(t, c)
			})
			client.ip(t, "tcp_metrics", "flush")
		}
	}
}

// The kernel lets such conns hang, so there are none.
func TestFastOpenConnectOptionExcludesMultipath(t *testing.T) {
	options := parse(t, "TCP_FASTOPEN_CONNECT=true")
	on, reason := dialer.Multipath(newDialer(t, &dialer.Config{Multipath: sockopt.MultipathPrefer, Options: options}))
	assert.False(t, on)
	assert.EqualError(t, reason, "dialer: TCP_FASTOPEN_CONNECT makes Multipath TCP conns hang")
	_, err := dialer.New(&dialer.Config{Multipath: sockopt.MultipathRequire, Options: options})
	assert.Equal(t, "Multipath", failure(t, err).Field)
	on, _ = dialer.Multipath(newDialer(t, &dialer.Config{Multipath: sockopt.MultipathPrefer, Options: parse(t, "TCP_FASTOPEN_CONNECT=false")}))
	assert.True(t, on)
}

// The peer of a conn that was put off never answers.
func TestFastOpenEndsWithTheContext(t *testing.T) {
	noLeak(t)
	client, server := newPair(t, 0)
	learn(t, client, server)
	var port int
	server.run(t, func() { port = silent(t, serverIP, 0) })
	address := net.JoinHostPort(serverIP, strconv.Itoa(port))
	for name, d := range deferringDialers(t, client) {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			defer cancel()
			_, err := d.DialContext(ctx, "tcp", address)
			require.ErrorIs(t, err, context.DeadlineExceeded)
			assert.True(t, failure(t, err).Timeout())
			ctx, stop := context.WithCancel(t.Context())
			timer := time.AfterFunc(50*time.Millisecond, stop)
			defer timer.Stop()
			_, err = dialer.DialData(ctx, d, "tcp", address, []byte("data"))
			require.ErrorIs(t, err, context.Canceled)
			stop()
		})
	}
	short := newDialer(t, &dialer.Config{Netns: client.path(), AddressTimeout: 100 * time.Millisecond})
	_, err := dialer.DialData(t.Context(), short, "tcp", address, []byte("data"))
	require.Error(t, err)
	assert.True(t, failure(t, err).Timeout())
}

func TestFastOpenCancelledAtAnyMoment(t *testing.T) {
	noLeak(t)
	client, server := newPair(t, 0)
	learn(t, client, server)
	l := server.listenFast(t, 1024, false)
	echo(t, l)
	d := fastDialer(t, client, "")
	for range 1000 {
		ctx, cancel := context.WithCancel(t.Context())
		timer := time.AfterFunc(time.Duration(rand.IntN(400))*time.Microsecond, cancel)
		c, err := dialer.DialData(ctx, d, "tcp", l.Addr().String(), []byte("hello"))
		if err == nil {
			expect(t, c, "hello")
			c.Close()
		} else {
			require.ErrorIs(t, err, context.Canceled)
			assert.Nil(t, c)
		}
		timer.Stop()
		cancel()
	}
}

// Of a name, the data goes with the SYN of an address, and a refusal leads to the next one.
func TestFastOpenToAName(t *testing.T) {
	noLeak(t)
	client, server := newPair(t, 0)
	learn(t, client, server)
	l := server.listenFast(t, 16, false)
	echo(t, l)
	d := newDialer(t, &dialer.Config{Netns: client.path(), Lookup: names("127.0.0.1", "::1", serverIP)})
	c, _ := askFast(t, d, service(l.Addr().(*net.TCPAddr).Port), "hello")
	assert.True(t, fastOpened(t, c))
	roundTrip(t, c)
}

func TestTLSOverADeferredConnect(t *testing.T) {
	noLeak(t)
	client, server := newPair(t, 0)
	learn(t, client, server)
	ca := newAuthority(t)
	l := server.listenFast(t, 16, false)
	echo(t, tls.NewListener(l, ca.server(t, serverIP)))
	d := newDialer(t, &dialer.Config{Netns: client.path(), TLS: ca.client(), Options: parse(t, "TCP_FASTOPEN_CONNECT=true")})
	c, _ := askFast(t, d, l.Addr().String(), "hello")
	roundTrip(t, c)
}
