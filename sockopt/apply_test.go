package sockopt_test

import (
	"encoding/binary"
	"errors"
	"net"
	"runtime"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/sockopt"
)

// get reads with a handle what must be readable.
func get[T sockopt.Value](t *testing.T, h sockopt.Handle[T], c syscall.Conn) T {
	t.Helper()
	v, err := h.Get(c)
	require.NoError(t, err)
	return v
}

func TestApply(t *testing.T) {
	for _, network := range []string{"tcp4", "tcp6"} {
		t.Run(network, func(t *testing.T) {
			c, _ := tcpPair(t, network)
			list := sockopt.Options{
				sockopt.TCPNoDelay.Value(false), sockopt.KeepAlive.Value(false), sockopt.Linger.Value(0),
				sockopt.IPTTL.Value(9), sockopt.RcvBuf.Value(65536), sockopt.IPTTL.Value(10),
				sockopt.Prefer(sockopt.UserCookie.Value(7)), // FreeBSD
			}
			require.Error(t, list.Verify(c))
			require.NoError(t, list.Apply(c))
			require.NoError(t, list.Verify(c))
			assert.False(t, get(t, sockopt.TCPNoDelay, c))
			assert.Equal(t, 10, get(t, sockopt.IPTTL, c), "the later counts")
			require.NoError(t, list.Apply(c), "as often as wanted")

			require.NoError(t, sockopt.TCPNoDelay.Set(c, true))
			err := list.Verify(c)
			requireRefusal(t, err, "verify", "TCP_NODELAY", "false", network, err)
			assert.ErrorContains(t, err, "the kernel says true")
			require.NoError(t, sockopt.Linger.Set(c, sockopt.LingerOff))
			assert.Len(t, list.Verify(c).(interface{ Unwrap() []error }).Unwrap(), 2)
		})
	}
}

// A list with anything wrong in it changes nothing, and says all that is wrong.
func TestApplyAllOrNothing(t *testing.T) {
	c := listenUDP(t, "udp4")
	ttl := get(t, sockopt.IPTTL, c)
	list := sockopt.Options{
		sockopt.IPTTL.Value(ttl + 1), sockopt.TCPNoDelay.Value(true), sockopt.Type.Value(1), sockopt.UserCookie.Value(7),
		sockopt.Prefer(sockopt.KeepAlive.Value(true)), sockopt.RcvTimeo.Value(time.Second),
	}
	raw, err := c.SyscallConn()
	require.NoError(t, err)
	for op, err := range map[string]error{
		"apply": list.Apply(c), "control": list.Control("udp4", "", raw), "stage": list.ApplyStage(sockopt.Established, "udp4", raw),
	} {
		var failed []string
		for _, e := range err.(interface{ Unwrap() []error }).Unwrap() {
			failed = append(failed, e.(*sockopt.Error).Option)
		}
		assert.Equal(t, []string{"TCP_NODELAY", "SO_TYPE", "SO_USER_COOKIE", "SO_RCVTIMEO"}, failed, op)
		require.ErrorIs(t, err, syscall.EINVAL)
		require.ErrorIs(t, err, errors.ErrUnsupported)
		assert.Equal(t, ttl, get(t, sockopt.IPTTL, c), op)
	}
}

// Which levels an option has is known only with the socket: 0 hops can be for IPv6, where the list has them, not for IPv4.
func TestApplyAllOrNothingAtEachLevel(t *testing.T) {
	c := listenUDP(t, "udp4")
	ttl, buffer := get(t, sockopt.IPTTL, c), get(t, sockopt.RcvBuf, c)
	list := sockopt.Options{sockopt.RcvBuf.Value(16384), sockopt.Prefer(sockopt.IPv6UnicastHops.Value(0))}
	raw, err := c.SyscallConn()
	require.NoError(t, err)
	for op, err := range map[string]error{"apply": list.Apply(c), "control": list.Control("udp4", "", raw)} {
		var e *sockopt.Error
		require.ErrorAs(t, err, &e, op)
		assert.Equal(t, "IPV6_UNICAST_HOPS=0 on udp4", e.Option+"="+e.Value+" on "+e.Network)
		require.ErrorIs(t, err, syscall.EINVAL)
		assert.Equal(t, ttl, get(t, sockopt.IPTTL, c), op)
		assert.Equal(t, buffer, get(t, sockopt.RcvBuf, c), op)
	}
}

// The levels are those that IPV6_V6ONLY of the same list leaves: package net opens this socket for both versions of IP.
func TestLevelsAfterV6Only(t *testing.T) {
	needIPv6(t, "tcp6")
	for _, only := range []bool{true, false} {
		hops := sockopt.IPv6UnicastHops.Value(0)
		lc := net.ListenConfig{Control: sockopt.Options{hops, sockopt.IPv6V6Only.Value(only)}.Control}
		lc.SetMultipathTCP(false)
		l, err := lc.Listen(t.Context(), "tcp", "[::]:0")
		if !only && (runtime.GOOS == "linux" || runtime.GOOS == "windows") {
			require.ErrorIs(t, err, syscall.EINVAL, "no TTL of 0")
			continue
		}
		require.NoError(t, err)
		assert.NoError(t, l.Close())
	}
}

// What is for the conns of a listener is left for them.
func TestApplyToListener(t *testing.T) {
	l := listenTCP(t, "tcp4")
	list := sockopt.Options{sockopt.IPTTL.Value(9), sockopt.TCPNoDelay.Value(false)}
	require.NoError(t, list.Apply(l))
	require.NoError(t, list.Verify(l))
	report := list.Report(l)
	assert.Equal(t, sockopt.Result{Option: list[0], Got: "9"}, report[0])
	assert.Equal(t, sockopt.Result{Option: list[1], Note: "at stage established"}, report[1])
}

func TestReport(t *testing.T) {
	c, _ := tcpPair(t, "tcp4")
	nodelay, linger, only6 := sockopt.TCPNoDelay.Value(true), sockopt.Linger.Value(0), sockopt.IPv6V6Only.Value(true)
	foreign, readOnly := sockopt.Prefer(sockopt.UserCookie.Value(7)), sockopt.Type.Value(1)
	ttl, hops := sockopt.IPTTL.Value(9), sockopt.IPv6UnicastHops.Value(9)
	require.NoError(t, sockopt.Options{ttl, linger}.Apply(c))
	report := sockopt.Options{linger, nodelay, sockopt.Linger.Value(5 * time.Second), only6, foreign, readOnly, ttl, hops}.Report(c)
	require.Len(t, report, 7, "the first SO_LINGER does not count")

	assert.Equal(t, sockopt.Result{Option: nodelay, Got: "true"}, report[0])
	assert.Equal(t, "0s", report[1].Got)
	requireRefusal(t, report[1].Err, "verify", "SO_LINGER", "5s", "tcp4", report[1].Err)
	assert.ErrorContains(t, report[1].Err, "the kernel says 0s")
	assert.Equal(t, sockopt.Result{Option: only6, Note: "only for " + only6.Info().Networks.String()}, report[2], "for the other leg of a dial")
	requireRefusal(t, report[3].Err, "verify", "SO_USER_COOKIE", "7", "tcp4", errors.ErrUnsupported)
	requireRefusal(t, report[4].Err, "verify", "SO_TYPE", "1", "tcp4", syscall.EINVAL)
	assert.Equal(t, sockopt.Result{Option: ttl, Got: "9"}, report[5])
	assert.Equal(t, sockopt.Result{Option: hops, Note: "IP_TTL of the same list counts"}, report[6])
}

// A preferred option that is lacking is in the report, and nowhere else. One that is there is applied like all.
func TestPreferred(t *testing.T) {
	c := listenUDP(t, "udp4")
	list := sockopt.Options{
		sockopt.Prefer(sockopt.UserCookie.Value(7)), sockopt.Prefer(sockopt.TCPNoDelay.Value(true)), sockopt.Prefer(sockopt.IPTTL.Value(9)),
	}
	require.NoError(t, list.Apply(c))
	require.NoError(t, list.Verify(c))
	assert.Equal(t, 9, get(t, sockopt.IPTTL, c))
	report := list.Report(c)
	require.ErrorIs(t, report[0].Err, errors.ErrUnsupported)
	require.ErrorIs(t, report[1].Err, errors.ErrUnsupported)
	require.NoError(t, report[2].Err)
	require.ErrorIs(t, sockopt.Options{sockopt.Prefer(sockopt.IPTTL.Value(256))}.Apply(c), syscall.EINVAL)
	require.NoError(t, sockopt.Options{}.Apply(c))
	require.NoError(t, sockopt.IPTTL.Set(c, 10))
	require.Error(t, list.Verify(c), "it is there and differs")

	required := sockopt.UserCookie.Value(7)
	require.NoError(t, sockopt.Options{required, sockopt.Prefer(required)}.Apply(c), "the later counts")
	require.ErrorIs(t, sockopt.Options{sockopt.Prefer(required), required}.Apply(c), errors.ErrUnsupported)
}

// Control is what package net calls before bind and connect, for both versions of IP with one list.
func TestControlOfDialAndListen(t *testing.T) {
	list := sockopt.Options{
		sockopt.IPTTL.Value(9), sockopt.RcvBuf.Value(65536), sockopt.IPv6V6Only.Value(true), sockopt.TCPNoDelay.Value(false),
	}
	for _, network := range []string{"tcp4", "tcp6"} {
		t.Run(network, func(t *testing.T) {
			needIPv6(t, network)
			lc := net.ListenConfig{Control: list.Control}
			lc.SetMultipathTCP(false)
			l, err := lc.Listen(t.Context(), "tcp", loopback[network])
			require.NoError(t, err)
			defer l.Close()
			d := net.Dialer{Control: list.Control}
			c, err := d.Dial("tcp", l.Addr().String())
			require.NoError(t, err)
			defer c.Close()
			for _, s := range []syscall.Conn{l.(*net.TCPListener), c.(*net.TCPConn)} {
				assert.Equal(t, 9, get(t, sockopt.IPTTL, s))
				require.NoError(t, list.At(sockopt.Bind).Verify(s))
			}
			assert.True(t, get(t, sockopt.TCPNoDelay, c.(*net.TCPConn)), "of a later stage, and package net sets it")
		})
	}
	lc := net.ListenConfig{Control: list.At(sockopt.Bind).Control}
	u, err := lc.ListenPacket(t.Context(), "udp", "127.0.0.1:0")
	require.NoError(t, err)
	defer u.Close()
	assert.Equal(t, 9, get(t, sockopt.IPTTL, u.(*net.UDPConn)))
}

func TestControlFails(t *testing.T) {
	list := sockopt.Options{sockopt.IPTTL.Value(9), sockopt.TCPNoDelay.Value(false)}
	lc := net.ListenConfig{Control: list.Control}
	_, err := lc.ListenPacket(t.Context(), "udp4", "127.0.0.1:0")
	var e *sockopt.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, &sockopt.Error{Op: "set", Option: "TCP_NODELAY", Value: "false", Network: "udp4", Stage: sockopt.Bind, Err: e.Err}, e)
	require.ErrorIs(t, err, errors.ErrUnsupported)
}

func TestRawOption(t *testing.T) {
	c, _ := tcpPair(t, "tcp4")
	ttl := sockopt.IPTTL.Info()
	list := sockopt.Options{sockopt.Raw(ttl.Level, ttl.Number, binary.NativeEndian.AppendUint32(nil, 9))}
	require.Error(t, list.Verify(c))
	require.NoError(t, list.Apply(c))
	require.NoError(t, list.Verify(c))
	assert.Equal(t, 9, get(t, sockopt.IPTTL, c))
	assert.Equal(t, list[0].ValueText(), list.Report(c)[0].Got)
}

func TestSnapshotOrder(t *testing.T) {
	client, _ := tcpPair(t, "tcp4")
	for name, c := range map[string]syscall.Conn{"conn": client, "listener": listenTCP(t, "tcp6"), "udp": listenUDP(t, "udp4")} {
		t.Run(name, func(t *testing.T) {
			list, err := sockopt.Snapshot(c)
			require.NoError(t, err)
			got := map[string]string{}
			i := 0
			for info := range sockopt.All() {
				if i < len(list) && list[i].Name() == info.Name {
					got[info.Name] = list[i].ValueText()
					i++
				}
			}
			require.Equal(t, len(list), i, "in table order, each once")
			assert.Equal(t, sockopt.RcvBuf.Value(get(t, sockopt.RcvBuf, c)).ValueText(), got["SO_RCVBUF"])
			assert.NotContains(t, got, "SO_ERROR", "reading clears it")
			_, hasTCP := got["TCP_NODELAY"]
			assert.Equal(t, name != "udp", hasTCP)
			_, has4 := got["IP_TTL"]
			_, has6 := got["IPV6_UNICAST_HOPS"]
			assert.Equal(t, name != "listener", has4)
			assert.Equal(t, name == "listener", has6)
		})
	}
}

// A dual-stack socket has both levels of an option with a twin. A list that names both sets each by its name, and
// a difference at one level is found whatever the other says.
func TestLevelsOfDualStack(t *testing.T) {
	if runtime.GOOS != "linux" && runtime.GOOS != "windows" {
		t.Skip("an IPv6 socket has no options of IPv4 here")
	}
	needIPv6(t, "udp6")
	p, err := net.ListenPacket("udp", "[::]:0") // bound to one address it would be for IPv6 only
	require.NoError(t, err)
	defer p.Close()
	c := p.(*net.UDPConn)
	require.False(t, get(t, sockopt.IPv6V6Only, c))

	ttl, hops := sockopt.Options{sockopt.IPTTL.Value(9)}, sockopt.Options{sockopt.IPv6UnicastHops.Value(10)}
	both := slices.Concat(ttl, hops)
	require.NoError(t, both.Apply(c))
	require.NoError(t, both.Verify(c))
	assert.Equal(t, 10, get(t, sockopt.IPTTL, c), "its traffic is IPv6")
	require.ErrorContains(t, ttl.Verify(c), "the kernel says 10 (rule for IPV6_UNICAST_HOPS")
	require.ErrorContains(t, hops.Verify(c), "the kernel says 9 (rule for IP_TTL")
	require.NoError(t, ttl.Apply(c))
	require.NoError(t, ttl.Verify(c))
	require.Error(t, both.Verify(c))
}

// One list serves many sockets at the same time.
func TestListIsShared(t *testing.T) {
	list := sockopt.Options{sockopt.TCPNoDelay.Value(false), sockopt.IPTTL.Value(9), sockopt.Linger.Value(0)}
	var group sync.WaitGroup
	for range 4 {
		client, server := tcpPair(t, "tcp4")
		for _, c := range []*net.TCPConn{client, server} {
			group.Go(func() {
				for range 50 {
					assert.NoError(t, list.Apply(c))
					assert.NoError(t, list.Verify(c))
					_, err := sockopt.Snapshot(c)
					assert.NoError(t, err)
				}
			})
		}
	}
	group.Wait()
}
